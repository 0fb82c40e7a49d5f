"""What a sentence of the summary is made of, and how numbers stand in it."""

from __future__ import annotations

from typing import NamedTuple

from leadline.core.catalogue import say
from leadline.core.finding import Finding
from leadline.core.wording import Wording
from leadline.rendering.outline import Noted


class Sentence(NamedTuple):
    """A sentence and the findings its numbers are from; `aside` stands in brackets after `text`, `end` after both, and
    `command` last of all.
    """

    text: str
    sources: tuple[Noted, ...] = ()
    aside: str = ""
    end: str = ""
    command: str = ""

    def __str__(self) -> str:
        whole = self.text + (f" ({self.aside})" if self.aside else "") + self.end
        return f"{whole} {self.command}" if self.command else whole


def details(words: Wording, finding: Finding, first: str = "", *, with_n: bool = True) -> str:
    """Return what stands in brackets behind a number: its interval, n, and where it is from if not measured."""
    inside = [
        first,
        words.ci(finding),
        examples(finding) if with_n else "",
        finding.provenance if finding.provenance != "measured" else "",
    ]
    return ", ".join(part for part in inside if part)


def examples(finding: Finding) -> str:
    """Return how many examples a finding is from, ``n = 300``, or ``n = 290 of 300 test rows; 10 could not be used``;
    empty where that is not known.
    """
    if finding.n is None:
        return ""
    if not finding.unusable:
        return say("summary.n", n=f"{finding.n:,}")
    total = finding.n + finding.unusable
    return say("summary.n-of", n=finding.n, total=total, split=finding.split, unusable=finding.unusable)


def difference(words: Wording, one: Finding, measure: str, *, named: bool = False) -> str:
    """Return a difference with its interval, as it stands in brackets; of which measure where it is `named`."""
    value = words.amount(one)
    title = words.metric(measure).name_in_text
    first = say("summary.difference-of", title=title, value=value) if named else say("summary.difference", value=value)
    return details(words, one, first, with_n=False)


def backwards(finding: Finding) -> Finding:
    """Return a difference the other way round."""
    if finding.value is None:
        return finding
    ends = None if finding.interval is None else (-finding.interval[1], -finding.interval[0])
    return finding.model_copy(update={"value": 0.0 - finding.value, "interval": ends})


def alike(finding: Finding) -> bool:
    """Say whether a difference whose interval reaches across zero also lies near its middle: "about as well" is only
    said of such. Of one that lies far to a side the rows show no more than that they are too few.
    """
    if finding.value is None or finding.interval is None:
        return False
    low, high = finding.interval
    return abs(finding.value) <= (high - low) / 4


def upwards(finding: Finding) -> Finding:
    """Return a difference as it is where it is positive, else the other way round."""
    return finding if finding.value is None or finding.value >= 0 else backwards(finding)


def as_measured(finding: Finding, measure: str, words: Wording) -> Finding:
    """Return by how much a measure differs, of a finding that says how much better it is."""
    return backwards(finding) if words.metric(measure).better == "lower" else finding
