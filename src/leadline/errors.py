"""The one tree of errors a user may meet; every message says what was wrong, where, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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


def plain(words: str) -> str:
    """Return pydantic's words for a value that is wrong, without what it puts before those of a validator."""
    return words.removeprefix("Value error, ")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence that offers the nearest known names, or lists them all when none is near."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        return "Did you mean " + " or ".join(repr(n) for n in near) + "?"
    return "Known: " + ", ".join(names) + "." if names else "There are none."
