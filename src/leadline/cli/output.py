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
from rich.table import Table

from leadline.core.finding import Finding
from leadline.core.report import Report
from leadline.core.requirement import Verdict

MOST_PARTS = 12  # measures of single classes that are printed

if TYPE_CHECKING:
    from leadline.pipeline.several.crossval import Crossval
    from leadline.run.run import Run
    from leadline.verbs.compare import Compared
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

    Console(highlight=False).print(summary(report, folder / "report.html"))


def evaluated(evaluation: Evaluation, *, as_json: bool) -> None:
    """Print findings and verdicts."""
    if as_json:
        dumped: dict[str, Any] = {
            "findings": [f.model_dump(mode="json") for f in evaluation.findings],
            "requirements": [v.model_dump(mode="json") for v in evaluation.verdicts],
            "rows_dropped": evaluation.invalid_rows,
            "test_looks": evaluation.looks,
        }
        _json(dumped)
        return
    from leadline.rendering.terminal import headlines, verdicts

    console = Console(highlight=False)
    parts = [f for f in evaluation.findings if f.group is not None]
    table = Table("measure", "value", "95 % interval", "n", box=None)
    for finding in (*headlines(evaluation.findings), *(parts if len(parts) <= MOST_PARTS else ())):
        table.add_row(escape(finding.label), _value(finding), _interval(finding), str(finding.n or ""))
    console.print(table)
    if len(parts) > MOST_PARTS:
        console.print(f"{len(parts)} measures of single classes are in 'leadline evaluate --json'.")
    if evaluation.invalid_rows:
        console.print(f"{evaluation.invalid_rows} rows could not be used.")
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
    table = Table("measure", *map(escape, names), box=None)
    for label, row in result.findings.items():
        table.add_row(escape(label), *(f"{_value(f)}  {_interval(f)}" for f in row))
    console = Console(highlight=False)
    console.print(table)
    for name, difference in zip(names[1:], result.differences[1:], strict=True):
        if difference is None:
            why = "they share no test rows, or not one and the same target"
            console.print(f"{name} and {names[0]} are not paired: {why}.", markup=False)
            continue
        low, high = difference.interval or (-math.inf, math.inf)  # without an interval nothing is demonstrated
        undecided = low <= 0 <= high
        words = "not demonstrably better or worse" if undecided else "better" if difference.value > 0 else "worse"
        console.print(
            f"{name} against {names[0]}, on {difference.n:,} common test rows: {difference.measure} better by "
            f"{difference.value:+.4g} [{low:+.4g}, {high:+.4g}] ({difference.method}): {words}.",
            markup=False,
        )


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
        typer.echo("No runs here yet.")
        return
    from leadline.core.wording import moment
    from leadline.rendering.terminal import headlines

    table = Table("run", "started", "on test rows", "required", box=None)
    for column in table.columns:
        column.no_wrap, column.overflow = True, "ellipsis"
    table.columns[0].min_width = max(len(str(one.folder)) for one in found)  # a name that is cut cannot be copied
    for one in found:
        if one.report is None:
            table.add_row(escape(str(one.folder)), "", escape(one.state), "")
            continue
        started = moment(one.report.run.started).removesuffix(" UTC")
        measure = next((f"{f.name} {_value(f)}" for f in headlines(one.report.quality())), "")
        table.add_row(escape(str(one.folder)), started, measure, _counted(one.report.requirements))
    Console(highlight=False).print(table)


def _counted(verdicts: Sequence[Verdict]) -> str:
    from leadline.rendering.terminal import LOOKS

    outcomes = [verdict.verdict for verdict in verdicts]
    return "  ".join(f"{sign} {outcomes.count(outcome)}" for outcome, (sign, _) in LOOKS.items() if outcome in outcomes)


def _value(finding: Finding) -> str:
    return "absent" if finding.value is None else f"{finding.value:.4g}"


def _interval(finding: Finding) -> str:
    return f"[{finding.interval[0]:.4g}, {finding.interval[1]:.4g}]" if finding.interval else ""


def _json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False))
