"""Whether findings that were measured again agree with those of a report, each within its own tolerance.

Predictions differ in their last digits from one number of threads to another, and from one processor to another; a
finding's `again.tolerance`, in its own unit, is how far that may move it. All that is text or a count must be equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Interval
from leadline.run.verification import Check

ROUNDING = 1e-9  # relative: what two sums of the same numbers in another order may differ by
EXHIBITS = 1e-4  # relative: of numbers in exhibits
# Not `why`: a reason for an absence is worded for the command line or for Python, whichever asked.
_TEXT = ("n", "unit", "method", "provenance", "better", "section", "level", "unusable")

# A number of a finding that differs by more than the first (relative), while no other differs by as much as the second
# of that: single precision moves them all, and by less.
ALONE, ALONE_BY = 1e-6, 1e-3

Key = tuple[str, str | None, str | None]
Named = tuple[str, Interval | None, Interval | None]  # of a finding, as stored and as found


def key_of(finding: Finding) -> Key:
    """Return what a finding is known by in its report."""
    return finding.name, finding.split, finding.group


def titled(finding: Finding) -> str:
    """Return a finding's name with its group and split: ``recall(cat), test``."""
    return finding.label if finding.split is None else f"{finding.label}, {finding.split}"


def agreement(
    stored: Sequence[Finding],
    found: Sequence[Finding],
    reasons: Mapping[Key, str],
    why: str,
    *,
    only_numbers: bool = False,
) -> Iterator[Check]:
    """Yield a check for each stored finding, and one for each that was found and is not in the report.

    `reasons` say why single findings were not measured again, `why` is said of all others that were not. Of reports
    that another version of Leadline wrote `only_numbers` are compared: methods may be worded in another way.
    """
    again = {key_of(one): one for one in found}
    for one in stored:
        key = key_of(one)
        if one.again is not None and one.again.repeat == "recorded":
            yield Check(subject="finding", name=titled(one), outcome="recorded")
        elif key in reasons or key not in again:
            yield Check(subject="finding", name=titled(one), outcome="unchecked", why=reasons.get(key, why))
        else:
            yield _compared(one, again[key], only_numbers=only_numbers)
    known = {key_of(one) for one in stored}
    for key, one in again.items():
        if key not in known and not (one.again is not None and one.again.repeat == "recorded"):
            yield Check(subject="finding", name=titled(one), outcome="differs", why=say("verify.not-in-report"))


def _compared(stored: Finding, found: Finding, *, only_numbers: bool) -> Check:
    timed = stored.again is not None and stored.again.repeat == "timed"
    why = difference(stored, found, timed=timed, only_numbers=only_numbers)
    if why is None:
        return Check(subject="finding", name=titled(stored), outcome="holds")
    # what takes time depends on the machine and on what else it does
    if timed:
        why = say("verify.timed-otherwise", why=why)
        return Check(subject="finding", name=titled(stored), outcome="unchecked", why=why)
    return Check(subject="finding", name=titled(stored), outcome="differs", why=why)


def difference(stored: Finding, found: Finding, *, timed: bool = False, only_numbers: bool = False) -> str | None:
    """Return in what two findings of the same name differ beyond the tolerance of the stored one; None where they do
    not. Of what is `timed` only the value is compared; with `only_numbers` value, interval and n are.
    """
    tolerance = stored.again.tolerance if stored.again is not None else 0.0
    if not _near(stored.value, found.value, tolerance):
        return say("verify.is-and-was", found=_number(found.value), stored=_number(stored.value))
    if timed:
        return None
    for name in ("n",) if only_numbers else _TEXT:
        if getattr(stored, name) != getattr(found, name):
            return say("verify.part-differs", part=name, found=getattr(found, name), stored=getattr(stored, name))
    intervals: list[Named] = [("interval", stored.interval, found.interval)]
    for name in () if only_numbers else ("stricter", "as_errors"):
        ours, theirs = getattr(stored, name), getattr(found, name)
        intervals += [(name, ours.get(level), theirs.get(level)) for level in sorted({*ours, *theirs})]
    for name, ours, theirs in intervals:
        if not _near_interval(ours, theirs, tolerance):
            return say("verify.part-differs", part=name, found=_span(theirs), stored=_span(ours))
    return _moved_alone(stored, found, intervals)


def _moved_alone(stored: Finding, found: Finding, intervals: Sequence[Named]) -> str | None:
    """Say which number of a finding differs, within its tolerance, where all others are as they were.

    What moves a measurement, such as a row that falls on the other side of a threshold, moves its value and the ends
    of its intervals together. Ends that lie at the bound of a share say nothing.
    """
    moved = []
    if stored.value is not None and found.value is not None:
        moved.append((abs(stored.value - found.value), "value", found.value, stored.value))
    for name, ours, theirs in intervals:
        for one, other in zip(ours or (), theirs or (), strict=True):
            if one != other or one not in (0.0, 1.0):
                moved.append((abs(one - other), name, other, one))
    if len(moved) < 2:
        return None
    moved.sort(key=itemgetter(0))
    (second, *_), (most, name, now, was) = moved[-2:]
    if most <= ALONE * max(1.0, abs(was)) or second > ALONE_BY * most:
        return None
    return say("verify.part-differs", part=name, found=_number(now), stored=_number(was))


def _near(stored: float | None, found: float | None, tolerance: float) -> bool:
    if stored is None or found is None:
        return stored is found
    return abs(stored - found) <= tolerance + ROUNDING * max(abs(stored), abs(found))


def _near_interval(stored: Interval | None, found: Interval | None, tolerance: float) -> bool:
    if stored is None or found is None:
        return stored is found
    return all(_near(one, other, tolerance) for one, other in zip(stored, found, strict=True))


def _number(value: float | None) -> str:
    return say("verify.absent") if value is None else f"{value:.6g}"


def _span(interval: Interval | None) -> str:
    return say("verify.absent") if interval is None else f"{interval[0]:.6g} to {interval[1]:.6g}"


def alike(stored: Any, found: Any, tolerance: float = EXHIBITS) -> bool:
    """Say whether the contents of two exhibits are the same, numbers within a relative tolerance."""
    if isinstance(stored, bool) or isinstance(found, bool):
        return stored is found
    if isinstance(stored, int | float) and isinstance(found, int | float):
        return abs(stored - found) <= tolerance * max(1.0, abs(stored), abs(found))
    if isinstance(stored, Mapping) and isinstance(found, Mapping):
        return stored.keys() == found.keys() and all(alike(stored[key], found[key], tolerance) for key in stored)
    if isinstance(stored, list | tuple) and isinstance(found, list | tuple):
        return len(stored) == len(found) and all(
            alike(one, other, tolerance) for one, other in zip(stored, found, strict=True)
        )
    return bool(stored == found)
