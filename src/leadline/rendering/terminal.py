"""The few lines printed after a training: the summary, the metrics, the verdicts, and where the report is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from leadline.core import wording
from leadline.core.catalogue import say
from leadline.core.finding import VARIOUS, Finding
from leadline.core.report import Report
from leadline.core.requirement import Verdict
from leadline.core.safe_text import for_terminal
from leadline.rendering import summary_text
from leadline.rendering.outline import judged_split, outline
from leadline.rendering.sentence import Sentence

LOOKS = {"pass": ("✓", "green"), "fail": ("✗", "red"), "undecided": ("?", "yellow")}
MOST_SENTENCES = 5
MOST_MEASURES = 5
# What is shown first, in this order; of measures that say nearly the same, one.
HEADLINES = (
    *("accuracy", "subset_accuracy", "agreement", "f1_micro", "kl", "expected_cost"),
    *("sensitivity", "specificity", "balanced_accuracy", "roc_auc", "average_precision"),
    *("frechet_distance", "conditional_accuracy", "discriminator_accuracy", "sample_precision", "sample_recall"),
    *("mae", "coverage", "interval_width", "deviance_explained", "r2", "rmse"),
)
REDUNDANT = ("recall_macro", "precision_macro", "f1_macro", "mse")
MOST_VERDICTS = 5
WIDEST = 36  # characters a requirement always gets before its reason
_UNBROKEN = "\ue000"  # stands for a narrow space while lines are broken, since rich would break there


class Unbroken(NamedTuple):
    """Text of which no line breaks between a number and its unit."""

    text: str
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        whole = Text(for_terminal(self.text).replace(wording.SPACE, _UNBROKEN))
        for line in whole.wrap(console, options.max_width):
            yield Text(line.plain.rstrip().replace(_UNBROKEN, " "), self.style, no_wrap=True)


def summary(report: Report, page: Path) -> RenderableType:
    """Return what to print of a report, about twenty lines on a wide terminal; `page` is where the whole of it lies."""
    lead, *others = summary_text.summary_text(report)
    lines = [*_sentence(lead, "bold")]
    for sentence in others[: MOST_SENTENCES - 1]:
        lines += _sentence(sentence)
    said = {one.at for sentence in (lead, *others[: MOST_SENTENCES - 1]) for one in sentence.sources}
    measures = _measures(report, said)
    if measures:
        lines += [Text(""), _table(measures, report.wording)]
    if report.requirements:
        lines += [
            Text(""),
            Unbroken(say("terminal.outcomes", outcomes=summary_text.judged(report))),
            *verdicts(report.requirements, MOST_VERDICTS),
        ]
    lines += [Text(""), _whole(f"{say('terminal.report')}  ", (for_terminal(str(page)), "bold"))]
    return Group(*lines)


def _sentence(sentence: Sentence, style: str = "") -> list[RenderableType]:
    """Return a sentence, and in a line of its own the command that it ends with."""
    text = str(sentence._replace(command=""))
    lines: list[RenderableType] = [Unbroken(text, style)]
    return [*lines, _whole(f"  {for_terminal(sentence.command)}")] if sentence.command else lines


def _whole(text: str, *more: tuple[str, str]) -> Text:
    """Return a line that is never broken, since a command or a path that is cannot be copied; print with crop=False."""
    return Text.assemble(text, *more, no_wrap=True, overflow="ignore")


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


def _measures(report: Report, said: set[int]) -> Sequence[Finding]:
    """Return what is measured beside that which the sentences have said; means over various units say too little."""
    split = judged_split(report)
    parts = outline(report)
    found = [one for ones in (*parts.measures.values(), *parts.made.values()) for one in ones if one.at not in said]
    kept = (one.finding for one in found if one.finding.split == split and one.finding.value is not None)
    return headlines(one for one in kept if one.unit != VARIOUS)[:MOST_MEASURES]


def _table(measures: Sequence[Finding], words: wording.Wording) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right", style="bold")
    table.add_column(style="dim")
    table.add_column(style="dim", overflow="ellipsis", no_wrap=True)
    for f in measures:
        mark = "" if f.provenance == "measured" else f" ({f.provenance})"
        title = summary_text.of_split(f.split, words.metric(f.name).name_in_text)
        table.add_row(plain(title), plain(words.amount(f) + mark), plain(words.ci(f)), plain(number_of(f)))
    return table


def number_of(finding: Finding) -> str:
    """Return how many examples a finding is from, ``n = 300``; empty where that is not known."""
    return "" if finding.n is None else say("summary.n", n=f"{finding.n:,}")


def plain(text: str, style: str = "") -> Text:
    """Return text for the cell of a table, as it is and safe to print."""
    return Text(for_terminal(text).replace(wording.SPACE, " "), style)


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
        table.add_row(Text(f"{sign} {verdict.verdict}", style=colour), Text(verdict.text), plain(verdict.why))
    hidden = 0 if most is None else len(ordered) - most
    return [table, Text(say("terminal.more-verdicts", count=hidden), style="dim")] if hidden > 0 else [table]
