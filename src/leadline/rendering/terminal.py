"""The few lines printed after a training: the answer, the measures, the verdicts, and where the report is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from leadline.core import wording
from leadline.core.finding import Finding
from leadline.core.report import Report
from leadline.core.requirement import Verdict
from leadline.core.safe_text import for_terminal
from leadline.rendering import summary_text
from leadline.rendering.outline import judged_split, outline

LOOKS = {"pass": ("✓", "green"), "fail": ("✗", "red"), "undecided": ("?", "yellow")}
MOST_MEASURES = 5
# What is shown first, in this order; of measures that say nearly the same, one.
HEADLINES = (
    *("accuracy", "subset_accuracy", "agreement", "f1_micro", "kl", "expected_cost"),
    *("sensitivity", "specificity", "balanced_accuracy", "roc_auc", "average_precision"),
    *("frechet_distance", "asked_class", "sample_told_apart", "sample_precision", "sample_recall"),
    *("mae", "coverage", "interval_width", "deviance_explained", "r2", "rmse"),
)
REDUNDANT = ("recall_macro", "precision_macro", "f1_macro", "mse")
MOST_VERDICTS = 5
WIDEST = 36  # characters a requirement always gets before its reason


def summary(report: Report, page: Path) -> RenderableType:
    """Return what to print of a report, at most twenty lines on a wide terminal; `page` is where the whole of it
    lies.
    """
    lead, *told = summary_text.summary_text(report)
    lines: list[RenderableType] = [Text(_whole(str(lead)), style="bold")]
    lines += [Text(_whole(str(sentence))) for sentence in told[:1]]
    measures = _measures(report)
    if measures:
        lines += [Text(""), _table(measures, report.wording)]
    if report.requirements:
        lines += [Text(""), Text(summary_text.judged(report)), *verdicts(report.requirements, MOST_VERDICTS)]
    lines += [Text(""), Text.assemble("Report  ", (str(page), "bold"))]
    return Group(*lines)


def headlines(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the measures of the whole, those first that say most, without those that others say too."""
    tasks: dict[str, list[Finding]] = {}
    for f in findings:
        measure, task = wording.parted(f.name)
        if f.group is None and measure not in REDUNDANT:
            tasks.setdefault(task, []).append(f)
    places = {name: place for place, name in enumerate(HEADLINES)}
    ordered = [
        sorted(found, key=lambda f: places.get(wording.parted(f.name)[0], len(places))) for found in tasks.values()
    ]
    return tuple(f for alike in zip_longest(*ordered) for f in alike if f is not None)  # of several tasks each in turn


def _measures(report: Report) -> Sequence[Finding]:
    split = judged_split(report)
    parts = outline(report)
    found = [one.finding for ones in (*parts.measures.values(), *parts.made.values()) for one in ones]
    return headlines(f for f in found if f.split == split and f.value is not None)[:MOST_MEASURES]


def _table(measures: Sequence[Finding], words: wording.Wording) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right", style="bold")
    table.add_column(style="dim")
    table.add_column(style="dim", overflow="ellipsis", no_wrap=True)
    for f in measures:
        basis = f"n = {f.n:,}" if f.n is not None else ""
        mark = "" if f.provenance == "measured" else f" ({f.provenance})"
        basis = ", ".join(part for part in (f.split or "", basis) if part)
        table.add_row(
            Text(words.metric(f.name).title),
            Text(_whole(words.amount(f)) + mark),
            Text(_whole(words.span(f))),
            Text(basis),
        )
    return table


def _whole(text: str) -> str:
    """Terminals break lines at narrow spaces, so that none stands before a per cent sign here."""
    return for_terminal(text).replace(f"{wording.SPACE}%", "%")


def verdicts(judged: Sequence[Verdict], most: int | None = None) -> list[RenderableType]:
    """Return verdicts with their reasons, `most` of them or all."""
    # Those that do not pass come first: they are what a reader must see.
    ordered = sorted(judged, key=lambda v: ("fail", "undecided", "pass").index(v.verdict))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=max(len(v.verdict) for v in ordered) + 2)
    table.add_column(no_wrap=True, min_width=min(WIDEST, max(len(v.text) for v in ordered)))
    table.add_column(style="dim")  # a reason breaks over lines rather than lose its numbers
    for verdict in ordered[:most]:
        sign, colour = LOOKS[verdict.verdict]
        table.add_row(Text(f"{sign} {verdict.verdict}", style=colour), Text(verdict.text), Text(verdict.why))
    hidden = 0 if most is None else len(ordered) - most
    return [table, Text(f"… and {hidden} more in the report", style="dim")] if hidden > 0 else [table]
