"""The few lines printed after a training: the answer, the measures, the verdicts, and where the report is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from leadline.facts.report import Report
from leadline.rendering import answer, words
from leadline.rendering.outline import Noted, judged_split, outline

LOOKS = {"pass": ("✓", "green"), "fail": ("✗", "red"), "undecided": ("?", "yellow")}
MOST_MEASURES = 5
MOST_VERDICTS = 5
WIDEST = 36  # characters a requirement always gets before its reason


def summary(report: Report, page: Path) -> RenderableType:
    """Return what to print of a report, at most twenty lines on a wide terminal; `page` is where the whole of it lies."""
    lead, *told = answer.answer(report)
    lines: list[RenderableType] = [Text(_whole(str(lead)), style="bold")]
    lines += [Text(_whole(str(sentence))) for sentence in told[:1]]
    measures = _measures(report)
    if measures:
        lines += [Text(""), _table(measures)]
    if report.requirements:
        lines += [Text(""), Text(answer.judged(report)), *_verdicts(report)]
    lines += [Text(""), Text.assemble("Report  ", (str(page), "bold"))]
    return Group(*lines)


def _measures(report: Report) -> Sequence[Noted]:
    split = judged_split(report)
    found = [one for ones in outline(report).measures.values() for one in ones]
    return [one for one in found if one.finding.split == split and one.finding.value is not None][:MOST_MEASURES]


def _table(measures: Sequence[Noted]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right", style="bold")
    table.add_column(style="dim")
    table.add_column(style="dim", overflow="ellipsis", no_wrap=True)
    for one in measures:
        f = one.finding
        basis = f"n = {f.n:,}" if f.n is not None else ""
        mark = "" if f.provenance == "measured" else f" ({f.provenance})"
        basis = ", ".join(part for part in (f.split or "", basis) if part)
        table.add_row(
            Text(words.term(f.name).title), Text(_whole(words.amount(f)) + mark), Text(_whole(words.span(f))), Text(basis)
        )
    return table


def _whole(text: str) -> str:
    """Terminals break lines at narrow spaces, so that none stands before a per cent sign here."""
    return text.replace(f"{words.SPACE}%", "%")


def _verdicts(report: Report) -> list[RenderableType]:
    # Those that do not pass come first: they are what a reader must see.
    ordered = sorted(report.requirements, key=lambda v: ("fail", "undecided", "pass").index(v.verdict))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=max(len(v.verdict) for v in ordered) + 2)
    table.add_column(no_wrap=True, min_width=min(WIDEST, max(len(v.text) for v in ordered)))
    table.add_column(style="dim", overflow="ellipsis", no_wrap=True)
    for verdict in ordered[:MOST_VERDICTS]:
        sign, colour = LOOKS[verdict.verdict]
        table.add_row(Text(f"{sign} {verdict.verdict}", style=colour), Text(verdict.text), Text(verdict.why))
    hidden = len(ordered) - MOST_VERDICTS
    return [table, Text(f"… and {hidden} more in the report", style="dim")] if hidden > 0 else [table]
