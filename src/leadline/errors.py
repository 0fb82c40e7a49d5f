"""The one tree of errors a user may meet; every message says what was wrong, where, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LISTED = 8  # known names that a message lists


class LeadlineError(Exception):
    """Something a user can understand and act on; `exit_code` is what the command line returns."""

    exit_code = 2

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows in the place of a traceback, whose lines are none of the user's."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(LeadlineError):
    """An option, name or value that Leadline does not accept."""


class UnknownKeyword(UsageError, TypeError):
    """A keyword that a function of Leadline does not have; the message says the right one."""


class UnknownMeasure(UsageError, KeyError):
    """A measure that a report does not have; the message says which is meant."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # a KeyError would put quotes around the sentence


class DataError(LeadlineError):
    """A dataset that cannot be used as it is; names file, row and column where they are known."""


class RunError(LeadlineError):
    """A run folder that is missing, incomplete, edited or written by something else."""


class MissingExtra(LeadlineError):
    """An optional library is needed; the message names the extra that brings it."""


class TrainingFailed(LeadlineError):
    """Training could not go on (diverged, disk full); what is left in the run folder stays usable."""

    exit_code = 5


class DiskFull(TrainingFailed):
    """A disk is full; the message says which, and what is left."""


class Interrupted(LeadlineError):
    """A signal stopped the work after a resumable checkpoint was written (exit 130 or 143)."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


def first_line(error: Exception) -> str:
    """Return the first line of what an error that is not ours says, without its full stop; its type where it says
    nothing.
    """
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def plain(words: str) -> str:
    """Return pydantic's words for a value that is wrong, without what it puts before those of a validator."""
    return words.removeprefix("Value error, ")


def did_you_mean(name: str, known: Iterable[str], command: str = "") -> str:
    """Return a sentence that offers the nearest known names, whatever their case, or lists the first of them where none
    is near; `command` is what lists all.
    """
    names = sorted(known)
    if not names:
        return "There are none."
    folded: dict[str, list[str]] = {}
    for one in names:
        folded.setdefault(one.casefold(), []).append(one)
    same = name.casefold()
    alike = [same] if same in folded else difflib.get_close_matches(same, folded, n=3, cutoff=0.6)
    near = [one for key in alike for one in folded[key]][:3]
    if near:
        return "Did you mean " + " or ".join(repr(n) for n in near) + "?"
    left = len(names) - LISTED
    if left <= 1:
        return "Available: " + ", ".join(names) + "."
    return f"Available: {', '.join(names[:LISTED])} and {left} more{f'; {command} lists all' if command else ''}."
