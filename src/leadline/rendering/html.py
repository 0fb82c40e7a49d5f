"""One self-contained page from a report: no network, no script, the same bytes for the same report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from leadline.core import wording
from leadline.core.catalogue import say
from leadline.core.experiment import Experiment
from leadline.core.report import Report
from leadline.core.safe_text import visible
from leadline.core.sections import SECTIONS
from leadline.errors import UsageError
from leadline.rendering import charts, summary_text
from leadline.rendering.axes import Axis
from leadline.rendering.exhibits import View, views
from leadline.rendering.outline import Group, Noted, Others, Outline, judged_split, outline
from leadline.rendering.templating import environment
from leadline.rendering.verification_text import verification_line
from leadline.run.verification import Verification


class Column(NamedTuple):
    """One measure in a table of parts: its title and meaning, and the axis its intervals are drawn on."""

    title: str
    gloss: str
    axis: Axis | None


class SplitsTable(NamedTuple):
    """Measures of the parts (classes, say) of a split, a row a part: label, n, and a finding with its strip by
    column.
    """

    key: str
    split: str | None
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, int | None, tuple[tuple[Noted | None, charts.Row | None], ...]], ...]


class PlainSection(NamedTuple):
    """What a section without a form of its own shows beside its exhibits."""

    strips: tuple[charts.Strip, ...]
    tables: tuple[SplitsTable, ...]


def render(report: Report, folder: Path, verification: Verification | None = None) -> str:
    """Return the HTML page of a report whose exhibits lie under `folder`, with its last verification if one is given.

    An exhibit whose file is missing or was changed is not shown; the page says so in its place.
    """
    parts = outline(report)
    words = parts.words
    placed = _place(views(report, folder))
    measures = charts.strips(parts.measures, _labels(parts.measures, lambda one: one.finding.split or ""), words)
    baselines = charts.strips(parts.baselines, _labels(parts.baselines, _who), words)
    # the tables have the numbers; a chart of one measure shows what they mean
    first = dict(list(parts.inputs.items())[:1])
    inputs = charts.strips(first, _labels(first, _who), words)
    made = charts.strips(parts.made, _labels(parts.made, _which), words)
    tables = [_parts_table(g, words) for g in parts.groups]
    others = {section: _plain_section(found, words) for section, found in parts.others.items()}
    present = {
        "summary": True,
        "requirements": report.requirements,
        **{section: found.strips or found.tables for section, found in others.items()},
        "data": parts.data or placed["data"],
        "training": parts.chosen,
        "metrics": measures,
        "per_class": tables,
        "generated": made,
        "baselines": baselines,
        "inputs": inputs,
        "cost": parts.cost,
        "absent": parts.absent,
        "declared": report.experiment.get("card"),
        "reproduce": True,
        "all_numbers": report.findings,
    }
    template = environment(words).get_template("report.html.j2")
    return template.render(
        report=report,
        name=_name(report),
        facts=tuple(_facts(report)),
        sentences=summary_text.summary_text(report),
        judged=summary_text.judged(report),
        declared=summary_text.declared(report),
        accesses=summary_text.accesses_text(report),
        verified=None if verification is None else verification_line(verification),
        sections=[
            (key, _section_title(key, title, tables))
            for key, title in SECTIONS.items()
            if present.get(key) or placed.get(key)
        ],
        parts=parts,
        splits=_splits(parts),
        main_split=judged_split(report),
        optimistic=bool(parts.chosen) and any(one.split == "validation" for one in report.findings),
        measures=measures,
        baselines=baselines,
        inputs=inputs,
        made=made,
        tables=tables,
        others=others,
        placed=placed,
        environment=tuple(flat(report.environment)),
        experiment=yaml.safe_dump(dict(report.experiment), sort_keys=False, allow_unicode=True),
        experiment_hash=_hash(report),
        report_hash=hashlib.sha256(report.to_json().encode()).hexdigest(),
    )


def flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested plain values as (path in words, text); what is None is unknown."""
    for key, value in values.items():
        path = f"{above} · {key}" if above else str(key).replace("_", " ")
        if isinstance(value, Mapping):
            yield from flat(value, path)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            if any(isinstance(one, Mapping) for one in value):
                yield from flat({str(i): one for i, one in enumerate(value)}, path)
            else:
                yield path, ", ".join(_plain(one) for one in value) or say("rendering.nothing")
        else:
            yield path, _plain(value)


def _place(shown: Sequence[View]) -> dict[str, tuple[tuple[View, ...], ...]]:
    """Group exhibits of one name (one a split), and put them into their sections."""
    by_name: dict[str, list[View]] = {}
    for view in shown:
        by_name.setdefault(view.name, []).append(view)
    placed: dict[str, list[tuple[View, ...]]] = {section: [] for section in SECTIONS}
    for found in by_name.values():
        placed[found[0].section].append(tuple(found))
    return {section: tuple(groups) for section, groups in placed.items()}


def _section_title(key: str, title: str, tables: Sequence[SplitsTable]) -> str:
    """Return the title of a section; that of results per class names what they are per, where it is no class."""
    keys = [table.key for table in tables]
    return say("page.per-other", key=keys[0]) if key == "per_class" and keys and "class" not in keys else say(title)


def _labels(measures: Mapping[str, Sequence[Noted]], of: Any) -> dict[int, str]:
    return {one.at: of(one) for found in measures.values() for one in found}


def _who(one: Noted) -> str:
    return (
        wording.group(one.finding.group).removeprefix("baseline ").removeprefix("input ")
        if one.finding.group
        else say("page.network-row")
    )


def _which(one: Noted) -> str:
    """Say whether a value is of generated samples or, as the reference, of real data."""
    if one.finding.group:
        return say("page.real-vs-real") if one.finding.group.startswith("floor=") else wording.group(one.finding.group)
    return (
        say("page.real-samples")
        if one.finding.name == "reference_classifier_accuracy"
        else say("page.generated-samples")
    )


def _splits(parts: Outline) -> tuple[tuple[Noted, float], ...]:
    """The rows of each split with their share of all rows, in per cent."""
    rows = [(one, one.finding.value) for one in parts.data if one.finding.name == "rows" and one.finding.split]
    counted = [(one, value) for one, value in rows if value is not None]
    total = sum(value for _, value in counted) or 1
    return tuple((one, round(100 * value / total, 2)) for one, value in counted)


def _plain_section(found: Others, words: wording.Wording) -> PlainSection:
    labels = _labels(found.measures, lambda one: one.finding.split or "")
    strips = charts.strips(found.measures, labels, words)
    return PlainSection(strips, tuple(_parts_table(group, words) for group in found.groups))


def _parts_table(group: Group, words: wording.Wording) -> SplitsTable:
    by_name = {name: [r[name] for r in group.rows.values() if name in r] for name in group.names}
    strips = {s.name: s for s in charts.strips(by_name, _labels(by_name, lambda one: ""), words)}
    drawn = {row.noted.at: row for strip in strips.values() for row in strip.rows}
    columns = tuple(
        Column(words.heading(by_name[n][0].finding), words.metric(n).gloss, strips[n].axis if n in strips else None)
        for n in group.names
    )
    rows = []
    for label, found in group.rows.items():
        cells = tuple((found.get(n), drawn.get(found[n].at) if n in found else None) for n in group.names)
        counted = found.get("recall") or next(iter(found.values()))
        rows.append((visible(label), counted.finding.n, cells))
    return SplitsTable(group.key, group.split, columns, tuple(rows))


def _name(report: Report) -> str:
    return str(report.experiment.get("name") or report.run.id)


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    """What stands under the title: who, on what, when."""
    data, networks = report.experiment.get("data") or {}, wording.networks(report.experiment)
    yield say("page.data"), str(data.get("source") or say("page.in-memory"))
    if report.targets:
        yield say("page.target"), ", ".join(report.targets)
    if data.get("positive"):
        yield say("page.positive"), str(data["positive"])
    if networks:
        yield say("page.network"), networks
    yield say("page.run"), report.run.id
    if report.run.parent:
        yield say("page.derived"), report.run.parent
    yield say("page.started"), wording.moment(report.run.started)
    yield say("page.duration"), wording.duration(report.run.seconds)


def _hash(report: Report) -> str | None:
    with suppress(UsageError):
        return Experiment.recorded(report.experiment).hash
    return None


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return say("rendering.yes") if value else say("rendering.no")
    return say("page.unknown") if value is None else str(value)
