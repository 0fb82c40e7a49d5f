"""How columns of any type are read as text and as numbers: what the scalar kinds share."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.errors import DataError

_TEXT = (pl.String, pl.Categorical, pl.Enum)


def is_text(column: pl.Series) -> bool:
    """Say whether a column holds text, be it stored as strings or as categories."""
    return column.dtype in _TEXT


def clean(column: pl.Series) -> pl.Series:
    """Return text without blanks around it, null where nothing is left; columns of other types as they are."""
    if not is_text(column):
        return column
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text == "", None)


def as_text(column: pl.Series) -> pl.Series:
    """Return values as people write them, ``3`` for the number 3.0; null where missing. Raises DataError for nested
    types.
    """
    if column.dtype.is_float():
        exact = column.is_finite() & (column == column.round()) & (column.abs() < 2**53)
        whole = column.set(~exact, None).cast(pl.Int64).cast(pl.String)
        other = column.fill_nan(None).cast(pl.String)
        return whole.zip_with(exact.fill_null(False), other)
    return clean(_cast(column, pl.String, "text"))


def as_numbers(column: pl.Series) -> pl.Series:
    """Return values as float64: NaN where missing, null where a value is not a number. Raises DataError for nested
    types.
    """
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).fill_null(math.nan)
    values = clean(column)
    return _cast(values, pl.Float64, "numbers").set(values.is_null(), math.nan)


def natural_order(values: Iterable[str]) -> list[str]:
    """Return texts sorted by the numbers they stand for when all do, else as text."""
    texts = sorted(values)
    numbers = pl.Series(texts, dtype=pl.String).cast(pl.Float64, strict=False)
    if not numbers.is_finite().fill_null(False).all():
        return texts
    return [texts[i] for i in np.argsort(numbers.to_numpy(), kind="stable")]


def _cast(column: pl.Series, dtype: type[pl.DataType], words: str) -> pl.Series:
    try:
        return column.cast(dtype, strict=False)
    except pl.exceptions.PolarsError:
        raise DataError(say("columns.dtype-unreadable", column=column.name, dtype=column.dtype, wanted=words)) from None
