"""What an answer is made of."""

from __future__ import annotations

from typing import NamedTuple

from leadline.core import wording
from leadline.core.finding import Finding
from leadline.core.wording import Wording
from leadline.rendering.outline import Noted


class Sentence(NamedTuple):
    """A sentence and the findings its numbers are from; `aside` stands in brackets after `text`, `end` after both."""

    text: str
    sources: tuple[Noted, ...] = ()
    aside: str = ""
    end: str = "."

    def __str__(self) -> str:
        return self.text + (f" ({self.aside})" if self.aside else "") + self.end


def aside(words: Wording, finding: Finding, first: str = "") -> str:
    """Return what stands in brackets behind a number: its interval, the interval's method, where it is from if not
    measured.
    """
    method = (finding.method or "").rpartition("; ")[2] if finding.interval else ""
    inside = [
        first,
        f"{wording.level(finding)} interval {words.span(finding)}" if finding.interval else "",
        method,
        finding.provenance if finding.provenance != "measured" else "",
    ]
    return ", ".join(part for part in inside if part)


def upwards(finding: Finding) -> Finding:
    """Return a difference as it is where it is positive, else the other way round: it is then told as what is worse."""
    if finding.value is None or finding.value >= 0:
        return finding
    ends = None if finding.interval is None else (-finding.interval[1], -finding.interval[0])
    return finding.model_copy(update={"value": -finding.value, "interval": ends})
