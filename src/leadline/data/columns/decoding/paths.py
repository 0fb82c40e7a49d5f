"""Where the files are that a column of paths names, and which of many are looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from leadline.data.columns.contract import ColumnContext
from leadline.errors import DataError


def source_of(value: Any, context: ColumnContext) -> Path | bytes:
    """Return where the bytes of a file are: themselves, or the path of a file."""
    if isinstance(value, bytes):
        return value
    return path_of(value, context)


def path_of(value: str, context: ColumnContext) -> Path:
    """Return the path that a column names, which may start at the source's folder."""
    return (context.base or Path()) / value


def named(value: Any, error: DataError) -> str:
    """Return what is wrong with a file, with its name where it has one."""
    return str(error) if isinstance(value, bytes) else f"{value}: {error}"


def spread(column: pl.Series, count: int) -> pl.Series:
    """Return up to `count` evenly spaced values of a column, the first and the last among them."""
    count = min(count, len(column))
    return column.gather(np.linspace(0, len(column) - 1, count).round().astype(np.int64)) if count else column
