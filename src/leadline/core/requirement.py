"""Bounds that a user declares on findings, and the verdicts the intervals allow."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import model_validator

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.entries import renamed
from leadline.core.finding import Finding, Interval
from leadline.core.metric import Metric
from leadline.errors import UsageError

Outcome = Literal["pass", "fail", "undecided"]
WHY: Mapping[Outcome, str] = {
    "pass": "core.requirement-pass",
    "fail": "core.requirement-fail",
    "undecided": "core.requirement-undecided",
}
_FORM = re.compile(
    r"^\s*(?P<name>[^\s<>=(]+(?:\(.*\))?)\s*(?P<op><=|>=|<|>)"
    r"\s*(?P<bound>[-+0-9.eE]+)\s*(?P<percent>%?)\s*(?P<estimates>\(estimates count\))?\s*$"
)


class Requirement(Fact):
    """A bound on a finding, ``accuracy >= 0.95``; `estimates` says whether an estimated value may decide it."""

    text: str
    name: str
    op: Literal[">=", "<=", ">", "<"]
    bound: float
    estimates: bool = False

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Read ``accuracy >= 0.95``, ``recall(cat) >= 90%`` or ``energy_wh <= 5 (estimates count)``.

        Raises UsageError where the text is not of that form.
        """
        text = renamed.requirement(text)
        match = _FORM.match(text)
        try:
            if match is None:
                raise ValueError
            bound = float(match["bound"]) / (100 if match["percent"] else 1)
            if not math.isfinite(bound):
                raise ValueError
        except ValueError:
            raise UsageError(say("core.requirement-unreadable", text=text)) from None
        op: Any = match["op"]
        return cls(
            text=text.strip(),
            name=match["name"].replace(" ", ""),
            op=op,
            bound=bound,
            estimates=bool(match["estimates"]),
        )

    def check_possible(self, metric: Metric) -> None:
        """Raise UsageError where the bound is above the largest value that a metric can have, with what is likely
        meant.
        """
        largest = metric.largest_value
        if largest is None or self.bound < largest or (self.bound == largest and self.op != ">"):
            return
        likely = not self.percent and self.bound / 100 <= largest and self.bound > largest
        meant = say("core.requirement-meant", name=self.name, op=self.op, meant=self.bound / 100, percent=self.bound)
        values = {"text": self.text, "metric": self.name, "meant": f" {meant}" if likely else ""}
        if metric.is_share:
            raise UsageError(say("core.requirement-share", **values))
        raise UsageError(say("core.requirement-largest", largest=f"{largest:g}", **values))

    @property
    def percent(self) -> bool:
        """Whether the bound is written in per cent."""
        return "%" in self.text

    @property
    def base(self) -> str:
        """The measure's name without its group: ``recall`` of ``recall(cat)``."""
        return self.name.partition("(")[0]

    def met_by(self, value: float) -> bool:
        """Say whether one number satisfies the bound."""
        return {">=": value >= self.bound, "<=": value <= self.bound, ">": value > self.bound, "<": value < self.bound}[
            self.op
        ]

    def outcome(self, interval: Interval) -> Outcome:
        """Judge a whole interval: pass when all of it clears the bound, fail when all of it misses."""
        met = [self.met_by(end) for end in interval]
        return "pass" if all(met) else "undecided" if any(met) else "fail"


class Verdict(Fact):
    """What became of one requirement: its outcome, the index of the finding it was judged on, and why."""

    text: str
    verdict: Outcome
    finding: int | None = None
    why: str
    level: float | None = None

    @model_validator(mode="after")
    def _decided_on_something(self) -> Self:
        if self.verdict != "undecided" and self.finding is None:
            raise ValueError(say("core.decided-verdict-names-finding", text=self.text))
        return self


def holm_levels(count: int, level: float = 0.95) -> tuple[float, ...]:
    """Return the confidence levels at which `count` requirements are judged together, strictest first (Holm 1979)."""
    return tuple(1 - (1 - level) / (count - k) for k in range(count))


def verdicts_on(requirements: Sequence[Requirement], findings: Sequence[Finding]) -> tuple[Verdict, ...]:
    """Return a verdict for each requirement, decided together by Holm's step-down over intervals.

    The most easily decided requirement is judged at the strictest level, the next at the next; the first that stays
    undecided leaves the rest undecided, unless they are judged without an interval (exact values).
    """
    verdicts: dict[int, Verdict] = {}
    open_ones: list[int] = []
    found = {i: find(r, findings) for i, r in enumerate(requirements)}
    for i, requirement in enumerate(requirements):
        at = found[i]
        verdict = _without_interval(requirement, at, findings)
        if verdict is None:
            open_ones.append(i)
        else:
            verdicts[i] = verdict
    levels = holm_levels(len(open_ones))
    for level in levels:
        decided = next((i for i in open_ones if _decides(requirements[i], findings, found[i], level)), None)
        if decided is None:
            break
        open_ones.remove(decided)
        verdicts[decided] = _on_interval(requirements[decided], findings, found[decided], level)
    for i in open_ones:
        verdicts[i] = _on_interval(
            requirements[i], findings, found[i], levels[len(levels) - len(open_ones)], undecided=True
        )
    return tuple(verdicts[i] for i in range(len(requirements)))


def find(requirement: Requirement, findings: Iterable[Finding]) -> int | None:
    """Return the index of the finding a requirement speaks of (the test split's, or one that has no split)."""
    for i, finding in enumerate(findings):
        names = (finding.name if finding.group is None else "", finding.label.replace(" ", ""))
        if finding.split in (None, "test") and requirement.name in names:
            return i
    return None


def _without_interval(requirement: Requirement, at: int | None, findings: Sequence[Finding]) -> Verdict | None:
    text = requirement.text
    if at is None:
        elsewhere = sorted({f.split for f in findings if f.name == requirement.base and f.split is not None})
        splits = " and ".join(elsewhere)
        why = say("core.requirement-no-test", splits=splits) if splits else say("core.requirement-not-measured")
        return Verdict(text=text, verdict="undecided", why=why)
    finding = findings[at]
    if finding.value is None:
        return Verdict(text=text, verdict="undecided", finding=at, why=say("core.requirement-absent", why=finding.why))
    if finding.provenance != "measured" and not requirement.estimates:
        return Verdict(
            text=text,
            verdict="undecided",
            finding=at,
            why=say("core.requirement-provenance", provenance=finding.provenance),
        )
    if finding.interval is None and finding.split is not None:
        why = say("core.requirement-no-interval", value=f"{finding.value:.6g}")
        return Verdict(text=text, verdict="undecided", finding=at, why=why)
    if finding.interval is None:
        outcome: Outcome = "pass" if requirement.met_by(finding.value) else "fail"
        return Verdict(
            text=text, verdict=outcome, finding=at, why=say("core.requirement-value", value=f"{finding.value:.6g}")
        )
    return None


def _interval(findings: Sequence[Finding], at: int | None, level: float) -> Interval | None:
    return None if at is None else findings[at].at_level(level)


def _outcome(requirement: Requirement, finding: Finding, interval: Interval, level: float) -> tuple[Outcome, Interval]:
    """Return the outcome and the interval that it was judged on: where rows could not be used, the one in which they
    are errors, and else nothing passes, as they could change it.
    """
    if not finding.unusable:
        return requirement.outcome(interval), interval
    counted = finding.with_errors_at(level)
    if counted is not None:
        return requirement.outcome(counted), counted
    outcome = requirement.outcome(interval)
    return ("undecided" if outcome == "pass" else outcome), interval


def _decides(requirement: Requirement, findings: Sequence[Finding], at: int | None, level: float) -> bool:
    interval = _interval(findings, at, level)
    if at is None or interval is None:
        return False
    return _outcome(requirement, findings[at], interval, level)[0] != "undecided"


def _on_interval(
    requirement: Requirement, findings: Sequence[Finding], at: int | None, level: float, *, undecided: bool = False
) -> Verdict:
    interval = _interval(findings, at, level)
    if at is None or interval is None:
        return Verdict(
            text=requirement.text,
            verdict="undecided",
            finding=at,
            why=say("core.requirement-no-level", level=_percent(level)),
        )
    outcome, interval = _outcome(requirement, findings[at], interval, level)
    outcome = "undecided" if undecided else outcome
    values = {"level": _percent(level), "low": f"{interval[0]:.4g}", "high": f"{interval[1]:.4g}"}
    # all of the interval may be on one side, and other rows could still change it
    why = say(WHY[requirement.outcome(interval)], bound=f"{requirement.bound:g}", **values)
    why += _about_unusable(findings[at])
    return Verdict(text=requirement.text, verdict=outcome, finding=at, why=why, level=level)


def _about_unusable(finding: Finding) -> str:
    if not finding.unusable:
        return ""
    key = "core.requirement-unusable-errors" if finding.as_errors else "core.requirement-unusable-unknown"
    return say(key, count=finding.unusable)


def _percent(level: float) -> str:
    return f"{100 * level:.4g} %"


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """Return 1 where a requirement fails, 3 where none fails and one is undecided, 0 otherwise."""
    outcomes = {v.verdict for v in verdicts}
    return 1 if "fail" in outcomes else 3 if "undecided" in outcomes else 0
