"""A report's findings, sorted into the parts that readers look for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, get_args

from leadline.core.finding import Finding
from leadline.core.report import Report

Place = Literal["data", "cost", "baseline", "input", "chosen", "made", "group", "measure"]

DATA = ("rows", "rows_set_aside", "rows_without", "duplicates", "near_duplicates")
COST = (
    "params",
    "flops",
    "size_mb",
    "latency_ms",
    "peak_memory_mb",
    "train_seconds",
    "energy_wh",
    "co2_g",
    "rollbacks",
)
SPLITS = ("train", "validation", "test")


class Noted(NamedTuple):
    """A finding and its place in the report's list, by which the page links to it."""

    at: int
    finding: Finding


class Group(NamedTuple):
    """Measures of the parts of one split: `rows` maps a part (a class, say) to its findings by name."""

    key: str
    split: str | None
    names: tuple[str, ...]
    rows: Mapping[str, Mapping[str, Noted]]


class Outline(NamedTuple):
    """Findings by part of the report: measures by name, then by split; groups; baselines, and inputs alone or missing,
    by name; rows that the network makes, by name; what was chosen at the end."""

    data: tuple[Noted, ...]
    cost: tuple[Noted, ...]
    measures: Mapping[str, tuple[Noted, ...]]
    groups: tuple[Group, ...]
    baselines: Mapping[str, tuple[Noted, ...]]
    inputs: Mapping[str, tuple[Noted, ...]]
    made: Mapping[str, tuple[Noted, ...]]
    chosen: tuple[Noted, ...]
    absent: tuple[Noted, ...]


def outline(report: Report) -> Outline:
    """Sort all findings of a report; each is in exactly one part, and absent ones are listed once more together."""
    noted = [Noted(i, f) for i, f in enumerate(report.findings)]
    places: dict[Place, list[Noted]] = {p: [] for p in get_args(Place)}
    for one in noted:
        places[_place(one.finding)].append(one)
    return Outline(
        data=tuple(places["data"]),
        cost=tuple(places["cost"]),
        measures={name: tuple(sorted(found, key=_by_split)) for name, found in _by_name(places["measure"]).items()},
        groups=_groups(places["group"]),
        baselines=_baselines(places["baseline"], report),
        inputs=_baselines([one for one in places["input"] if one.finding.group], report),
        made={name: tuple(found) for name, found in _by_name(places["made"]).items()},
        chosen=tuple(places["chosen"]),
        absent=tuple(one for one in noted if one.finding.value is None),
    )


def judged_split(report: Report) -> str | None:
    """Return the split a report speaks of first: test, else validation, else the first there is."""
    splits = {f.split for f in report.findings if f.value is not None and _place(f) in ("measure", "made")}
    return next(
        (s for s in ("test", "validation", "all", "train") if s in splits), min((s for s in splits if s), default=None)
    )


def split_order(split: str | None) -> tuple[int, str]:
    """Return where a split stands when splits stand side by side: train, validation, test, others by name."""
    return (SPLITS.index(split) if split in SPLITS else len(SPLITS), split or "")


def _place(finding: Finding) -> Place:
    producer = finding.again.producer if finding.again else None
    if finding.group and finding.group.startswith("baseline="):
        return "baseline"
    if producer == "data" or finding.name in DATA:
        return "data"
    if producer == "inputs":
        return "input"
    if producer == "cost" or finding.name in COST:
        return "cost"
    if producer == "settled":
        return "chosen"
    if producer == "generated" and not (finding.group or "").startswith("class="):
        return "made"
    return "group" if finding.group else "measure"


def _by_split(one: Noted) -> tuple[int, str]:
    return split_order(one.finding.split)


def _by_name(found: Iterable[Noted]) -> dict[str, list[Noted]]:
    result: dict[str, list[Noted]] = {}
    for one in found:
        result.setdefault(one.finding.name, []).append(one)
    return result


def _groups(found: Iterable[Noted]) -> tuple[Group, ...]:
    """One group a key and split, the test split's first."""
    rows: dict[tuple[str, str | None], dict[str, dict[str, Noted]]] = {}
    for one in found:
        key, equals, part = (one.finding.group or "").partition("=")
        at = rows.setdefault((key if equals else "group", one.finding.split), {})
        at.setdefault(part if equals else key, {})[one.finding.name] = one
    groups = [
        Group(key, split, tuple(dict.fromkeys(n for r in parts.values() for n in r)), parts)
        for (key, split), parts in rows.items()
    ]
    return tuple(sorted(groups, key=lambda g: (g.key != "class", g.key, -split_order(g.split)[0])))


def _beside(name: str) -> bool:
    """Say whether a finding about a baseline stands in its table alone: what it costs, and how it compares."""
    return name in COST or name.endswith("_difference") or name == "cheapest_not_worse"


def _baselines(found: Iterable[Noted], report: Report) -> dict[str, tuple[Noted, ...]]:
    """For each measure with a baseline (or an input alone): the network's own finding on the same split, then the
    baselines.
    """
    result: dict[str, tuple[Noted, ...]] = {}
    best = judged_split(report)
    for name, ones in _by_name(one for one in found if not _beside(one.finding.name)).items():
        here = [one for one in ones if one.finding.split in (best, None)] or ones
        split = here[0].finding.split
        own = [
            Noted(i, f)
            for i, f in enumerate(report.findings)
            if f.name == name and f.group is None and f.split == split and f.value is not None
        ]
        result[name] = (*own, *(one for one in here if one.finding.split == split))
    return result
