"""A report's findings, sorted into the parts that readers look for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from leadline.core.finding import Finding
from leadline.core.report import Report
from leadline.core.sections import SECTIONS
from leadline.core.wording import Wording
from leadline.rendering.older_reports import section_of

# Sections with a form of their own; in all others measures stand as those of "metrics" and "per_class" do.
OWN_FORM = (
    *("summary", "requirements", "data", "training", "metrics", "per_class", "generated", "baselines", "inputs"),
    "cost",
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


class Others(NamedTuple):
    """Findings of a section that has no form of its own: measures by name, and those of parts of a split."""

    measures: Mapping[str, tuple[Noted, ...]]
    groups: tuple[Group, ...]


class Outline(NamedTuple):
    """Findings by part of the report: measures by name, then by split; groups; baselines, and inputs alone or missing,
    by name; rows that the network makes, by name; what was chosen at the end; and how they are worded.
    """

    data: tuple[Noted, ...]
    cost: tuple[Noted, ...]
    measures: Mapping[str, tuple[Noted, ...]]
    groups: tuple[Group, ...]
    baselines: Mapping[str, tuple[Noted, ...]]
    inputs: Mapping[str, tuple[Noted, ...]]
    made: Mapping[str, tuple[Noted, ...]]
    chosen: tuple[Noted, ...]
    others: Mapping[str, Others]
    absent: tuple[Noted, ...]
    words: Wording


def outline(report: Report) -> Outline:
    """Sort all findings of a report; each is in exactly one part, and absent ones are listed once more together."""
    noted = [Noted(i, f) for i, f in enumerate(report.findings)]
    places: dict[str, list[Noted]] = {section: [] for section in SECTIONS}
    for one in noted:
        places[section_of(one.finding)].append(one)
    return Outline(
        data=tuple(places["data"]),
        cost=tuple(places["cost"]),
        measures={name: tuple(sorted(found, key=_by_split)) for name, found in _by_name(places["metrics"]).items()},
        groups=_groups(places["per_class"]),
        baselines=_baselines(places["baselines"], report),
        inputs=_baselines([one for one in places["inputs"] if one.finding.group], report),
        made={name: tuple(found) for name, found in _by_name(places["generated"]).items()},
        chosen=tuple(places["training"]),
        others={section: _others(found) for section, found in places.items() if section not in OWN_FORM},
        absent=tuple(one for one in noted if one.finding.value is None),
        words=report.wording,
    )


def judged_split(report: Report) -> str | None:
    """Return the split a report speaks of first: test, else validation, else the first there is."""
    splits = {f.split for f in report.findings if f.value is not None and section_of(f) in ("metrics", "generated")}
    return next(
        (s for s in ("test", "validation", "all", "train") if s in splits), min((s for s in splits if s), default=None)
    )


def split_order(split: str | None) -> tuple[int, str]:
    """Return where a split stands when splits stand side by side: train, validation, test, others by name."""
    return (SPLITS.index(split) if split in SPLITS else len(SPLITS), split or "")


def _others(found: Sequence[Noted]) -> Others:
    measures = _by_name(one for one in found if not one.finding.group)
    by_name = {name: tuple(sorted(ones, key=_by_split)) for name, ones in measures.items()}
    return Others(by_name, _groups(one for one in found if one.finding.group))


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


def _beside(name: str, report: Report) -> bool:
    """Say whether a finding about a baseline stands in its table alone: what it costs, and how it compares."""
    costs = {finding.name for finding in report.findings if section_of(finding) == "cost"}
    return name in costs or name.endswith("_difference") or name == "smallest_not_worse"


def _baselines(found: Iterable[Noted], report: Report) -> dict[str, tuple[Noted, ...]]:
    """For each measure with a baseline (or an input alone): the network's own finding on the same split, then the
    baselines.
    """
    result: dict[str, tuple[Noted, ...]] = {}
    best = judged_split(report)
    for name, ones in _by_name(one for one in found if not _beside(one.finding.name, report)).items():
        here = [one for one in ones if one.finding.split in (best, None)] or ones
        split = here[0].finding.split
        own = [
            Noted(i, f)
            for i, f in enumerate(report.findings)
            if f.name == name and f.group is None and f.split == split and f.value is not None
        ]
        result[name] = (*own, *(one for one in here if one.finding.split == split))
    return result
