"""Classes or a quantity? What the values of a column of single values say."""

from __future__ import annotations

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.data.column_inference import missed
from leadline.data.targets.candidate import Candidate, is_scalar
from leadline.errors import DataError

FEW = 20  # different whole numbers that are taken for classes
MANY = 1_000  # classes, where they are numbered without a gap and about equally frequent
DOUBTFUL = 1_000  # different whole numbers up to which the user is told what they are taken for
SURE = 0.6  # how sure a scalar kind is; a type that knows its own values is surer
AT_LEAST = 0.1  # how sure classes are where nothing else will do: what is wrong with them is then said in words


def classes(candidate: Candidate) -> float:
    """Return how surely a column holds classes."""
    if candidate.column is None or not is_scalar(candidate.column):
        return 0.0
    return SURE if _are_classes(candidate) else AT_LEAST


def quantity(candidate: Candidate) -> float:
    """Return how surely a column holds a quantity."""
    if candidate.column is None or not is_scalar(candidate.column) or candidate.column.dtype == pl.Boolean:
        return 0.0
    if candidate.column.dtype.is_numeric() and candidate.numbers.is_empty():
        return SURE
    return SURE if len(candidate.numbers) and not _are_classes(candidate) else 0.0


def holds_numbers(candidate: Candidate) -> bool:
    """Say whether any value of a column can be a number."""
    return len(candidate.numbers) > 0 or candidate.values.dtype.is_numeric()


def _are_classes(candidate: Candidate) -> bool:
    """Say whether values are classes: text that repeats, few whole numbers, or whole numbers as classes are numbered.

    Whole numbers are classes where there are at most `FEW` different ones, each three times on average, or where they
    count from 0 or 1 without a gap and are about equally frequent, as counts of things are not.
    """
    column, numbers = candidate.column, candidate.numbers
    assert column is not None
    if column.dtype == pl.Boolean:
        return True
    if column.dtype.is_numeric():
        if numbers.is_empty():
            return False
    elif len(numbers) < candidate.present:
        return not (candidate.numeric and numbers.n_unique() > FEW)
    if numbers.is_empty() or not candidate.whole:
        return numbers.is_empty()
    whole = numbers.cast(pl.Int64).to_numpy()
    different, counts = np.unique(whole, return_counts=True)
    few = len(different) <= max(2, min(FEW, len(whole) // 3))
    numbered = different[0] in (0, 1) and different[-1] - different[0] + 1 == len(different)
    even = counts.min() >= 0.1 * counts.mean()
    return bool(few or (numbered and even and len(different) <= min(MANY, len(whole) // FEW)))


def note_on_whole_numbers(candidate: Candidate, sentence: str) -> str | None:
    """Return what the user should know where whole numbers might be classes or a quantity."""
    numbers = candidate.numbers
    if candidate.values.dtype == pl.Boolean or numbers.is_empty() or not candidate.whole:
        return None
    if len(numbers) < len(candidate.values) and not candidate.values.dtype.is_numeric():
        return None
    different = numbers.n_unique()
    note = say(sentence, column=candidate.name, different=different)
    return note if different <= DOUBTFUL else None


def check_finite(candidate: Candidate) -> None:
    """Raise DataError where a column of numbers has no finite one."""
    if candidate.values.dtype.is_numeric() and candidate.numbers.is_empty():
        raise DataError(say("targets.no-finite-values", table=candidate.table.name, column=candidate.name))


def check_repeats(candidate: Candidate) -> None:
    """Raise DataError where texts are too many for classes."""
    values = candidate.values
    if values.dtype == pl.Boolean or values.dtype.is_numeric() or len(candidate.numbers) == len(values):
        return
    different = values.n_unique()
    if different > max(FEW, len(values) // 2):
        told = say(
            "targets.too-many-classes",
            table=candidate.table.name,
            column=candidate.name,
            different=different,
            rows=len(values),
        )
        raise DataError(" ".join([told, *missed(values, "category")]))
