"""Results on stdout: short tables for people, JSON for machines."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from leadline.core.catalogue import say
from leadline.core.finding import Finding
from leadline.core.report import Report
from leadline.core.requirement import Verdict
from leadline.core.safe_text import printable
from leadline.core.wording import Wording, group

RUNS = ("terminal.run", "terminal.started", "terminal.test-result", "terminal.requirements")
MOST_PARTS = 12  # measures of single classes that are printed

if TYPE_CHECKING:
    from leadline.pipeline.several.crossval import Crossval
    from leadline.run.run import Run
    from leadline.run.verification import Verification
    from leadline.verbs.compare import Compared, Difference
    from leadline.verbs.evaluate import Evaluation
    from leadline.verbs.runs import Listed


def finished(run: Run | Crossval, *, as_json: bool) -> None:
    """Print what a finished run, or all folds of one, measured, and where the report is."""
    reported(run.folder, run.report, as_json=as_json)


def reported(folder: Path, report: Report, *, as_json: bool) -> None:
    """Print a report's summary, or all of it as JSON."""
    if as_json:
        typer.echo(report.to_json())
        return
    from leadline.rendering.terminal import summary

    Console(highlight=False).print(summary(report, folder / "report.html"), crop=False)


def verified(found: Verification, *, as_json: bool) -> None:
    """Print what no longer holds, or how much of a run does."""
    if as_json:
        typer.echo(found.to_json())
        return
    from leadline.rendering.verification_text import verification_text

    for line in verification_text(found):
        typer.echo(line)


def evaluated(evaluation: Evaluation, *, as_json: bool) -> None:
    """Print findings and verdicts."""
    if as_json:
        dumped: dict[str, Any] = {
            "findings": [f.model_dump(mode="json") for f in evaluation.findings],
            "requirements": [v.model_dump(mode="json") for v in evaluation.verdicts],
            "rows_dropped": evaluation.invalid_rows,
            "test_accesses": evaluation.test_accesses,
        }
        _json(dumped)
        return
    from leadline.rendering.terminal import headlines, number_of, plain, verdicts

    console, words = Console(highlight=False), evaluation.words
    parts = [f for f in evaluation.findings if f.group is not None]
    table = Table(say("terminal.metric"), Column(say("terminal.value"), justify="right"), box=None)
    table.add_column(say("terminal.interval"))
    table.add_column("n")
    for finding in (*headlines(evaluation.findings), *(parts if len(parts) <= MOST_PARTS else ())):
        cells = (words.title(finding), words.amount(finding), words.ci(finding), number_of(finding))
        table.add_row(*map(plain, cells))
    console.print(table)
    if len(parts) > MOST_PARTS:
        console.print(say("terminal.class-metrics", count=len(parts)), markup=False)
    if evaluation.invalid_rows:
        console.print(say("terminal.invalid-rows", count=evaluation.invalid_rows), markup=False)
    if evaluation.verdicts:
        console.print()
        for line in verdicts(evaluation.verdicts):
            console.print(line)


def compared(result: Compared, *, as_json: bool) -> None:
    """Print runs side by side."""
    names = [str(run.folder) for run in result.runs]
    if as_json:
        _json(
            {
                "runs": names,
                "findings": {label: [f.model_dump(mode="json") for f in row] for label, row in result.findings.items()},
                "differences": [d and d._asdict() for d in result.differences],
            }
        )
        return
    from leadline.rendering.terminal import plain

    words = result.runs[0].report.wording
    table = Table(say("terminal.metric"), *(escape(printable(name)) for name in names), box=None)
    for row in result.findings.values():
        percent = words.unit(row[0]) == "%"  # any other unit stands in the heading
        amounts = (words.amount(f, with_unit=percent) for f in row)
        cells = (
            f"{amount} ({words.span(f, with_unit=False)})" if f.interval else amount
            for f, amount in zip(row, amounts, strict=True)
        )
        table.add_row(plain(words.heading(row[0]) + _grouped(row[0])), *map(plain, cells))
    console = Console(highlight=False)
    console.print(table)
    for name, one in zip(names[1:], result.differences[1:], strict=True):
        if one is None:
            console.print(say("terminal.not-paired", name=name, first=names[0]), markup=False)
        else:
            console.print(plain(_difference(one, name, names[0], words)))


def _difference(one: Difference, name: str, first: str, words: Wording) -> str:
    """Return how a run differs from the first: better or worse where its interval says so."""
    from leadline.rendering.sentence import as_measured, upwards

    metric = words.metric(one.measure)
    common = {"name": name, "first": first, "title": metric.name_in_text, "n": f"{one.n:,}"}
    finding = Finding(name=f"{one.measure}_difference", value=one.value, interval=one.interval)
    low, high = one.interval or (-math.inf, math.inf)
    if low <= 0 <= high:
        shown = as_measured(finding, one.measure, words)
        if one.interval is None:
            return say("terminal.difference-plain", value=words.amount(shown), **common)
        span = words.span(shown, with_unit=False)
        if one.value == 0:
            return say("terminal.difference-none", span=words.span(shown), **common)
        return say("terminal.difference-of", value=words.amount(shown), span=span, **common)
    better = say("terminal.better") if one.value > 0 else say("terminal.worse")
    shown = upwards(finding)
    span = words.span(shown, with_unit=False)
    return say("terminal.difference", better=better, value=words.amount(shown), span=span, **common)


def listed(found: Sequence[Listed], *, as_json: bool) -> None:
    """Print runs, one a line."""
    if as_json:
        _json(
            [
                {"folder": str(r.folder), "state": r.state, "started": r.report.run.started if r.report else None}
                for r in found
            ]
        )
        return
    if not found:
        typer.echo(say("terminal.no-runs"))
        return
    from leadline.core.wording import moment
    from leadline.rendering.terminal import headlines, plain

    titles = (say(name) for name in RUNS)
    table = Table(*titles, box=None, pad_edge=False)
    for column in table.columns:
        column.no_wrap, column.overflow = True, "ellipsis"
    names = [printable(str(one.folder)) for one in found]
    table.columns[0].min_width = max(map(len, names))  # a name that is cut cannot be copied
    for name, one in zip(names, found, strict=True):
        if one.report is None:
            table.add_row(escape(name), "", escape(one.state), "")
            continue
        started = moment(one.report.run.started).removesuffix(" UTC")
        first = next(iter(headlines(one.report.quality())), None)
        table.add_row(escape(name), started, plain(_brief(first, one.report)), _counted(one.report.requirements))
    Console(highlight=False).print(table)


def _counted(verdicts: Sequence[Verdict]) -> str:
    from leadline.rendering.terminal import LOOKS

    outcomes = [verdict.verdict for verdict in verdicts]
    return "  ".join(f"{sign} {outcomes.count(outcome)}" for outcome, (sign, _) in LOOKS.items() if outcome in outcomes)


def _brief(finding: Finding | None, report: Report) -> str:
    words = report.wording
    return "" if finding is None else f"{words.metric(finding.name).name_in_text} {words.amount(finding)}"


def _grouped(finding: Finding) -> str:
    return f" · {group(finding.group)}" if finding.group else ""


def _json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False))
