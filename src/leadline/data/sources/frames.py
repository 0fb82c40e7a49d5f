"""Frames of polars and pandas."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import polars as pl

from leadline.core.catalogue import say
from leadline.core.wording import quoted
from leadline.data.columns.scalars.parsing import as_text
from leadline.data.sources import fingerprints
from leadline.data.sources.split_names import split_column
from leadline.data.table import Table
from leadline.errors import DataError, MissingExtra

MOST_COLUMNS = 100_000  # each is inferred, fitted, listed and named on its own
CATEGORY = "category"  # the kind of a column that its source declares one of a set of values
WIDE = (pl.Decimal, pl.Int128, pl.UInt128)  # types of numbers that NumPy has not


def read(frame: Any, name: str = "frame") -> Table:
    """Return a polars (eager or lazy) or pandas frame, or a table of pyarrow, as a table; raises DataError for columns
    that hold mixed objects.
    """
    given = _to_polars(frame)
    values = tidy(given, name)
    if values.is_empty():
        raise DataError(say("sources.frame-without-rows", name=name))
    split, notes = split_column(values)
    kinds = dict.fromkeys(declared_categories(given), CATEGORY)
    return Table(values, name, fingerprints.of_frame(values), split=split, kinds=kinds, notes=notes)


def declared_categories(frame: pl.DataFrame) -> list[str]:
    """Return the columns that are stored as one of a set of values, whatever these look like."""
    return [name for name, dtype in frame.schema.items() if dtype in (pl.Categorical, pl.Enum)]


def dictionaries(schema: Any) -> set[str]:
    """Return the columns that a schema of Arrow's declares as one of a set of values; polars tells those alone that are
    text.
    """
    import pyarrow

    return {field.name for field in schema if pyarrow.types.is_dictionary(field.type)}


def as_categories(frame: pl.DataFrame, names: Collection[str]) -> pl.DataFrame:
    """Return a frame in which some columns are categories; numbers and days are then as people write them."""
    return frame.with_columns(_as_category(frame[name]) for name in frame.columns if name in names)


def _as_category(column: pl.Series) -> pl.Series:
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object, pl.Enum):
        return column
    if column.dtype == pl.Datetime and (column == column.dt.truncate("1d")).all():
        column = column.dt.date()
    return as_text(column).cast(pl.Categorical)


def check_width(columns: int, where: str) -> None:
    """Raise DataError where a table has more columns than make sense one by one."""
    if columns > MOST_COLUMNS:
        raise DataError(say("sources.too-many-columns", where=where, columns=columns, most_columns=MOST_COLUMNS))


def tidy(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    """Return the frame with categories as text, decimals and 128-bit numbers as floats; raises DataError for Python
    objects.
    """
    objects = [name for name, dtype in frame.schema.items() if dtype == pl.Object]
    if objects:
        raise DataError(say("sources.python-objects", column=objects[0], where=where))
    return frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String), pl.col(*WIDE).cast(pl.Float64))


def _to_polars(frame: Any) -> pl.DataFrame:
    if isinstance(frame, pl.LazyFrame):
        try:
            return frame.collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise DataError(say("sources.lazy-frame-fails", error=error)) from None
    if isinstance(frame, pl.DataFrame):
        return frame
    if hasattr(frame, "column_names") and hasattr(frame, "schema"):  # of pyarrow
        values = pl.from_arrow(frame)
        assert isinstance(values, pl.DataFrame)
        return as_categories(values, dictionaries(frame.schema))
    if not hasattr(frame, "set_axis") or not hasattr(frame, "columns"):
        raise DataError(say("sources.series-not-frame", type=type(frame).__name__))
    columns = [str(column) for column in frame.columns]
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        raise DataError(say("sources.frame-columns-of-one-name", columns=quoted(repeated)))
    named = frame.set_axis(columns, axis="columns")
    categories = [name for name in columns if str(named[name].dtype).startswith(("category", "dictionary"))]
    try:
        return as_categories(pl.from_pandas(named), categories)  # of categories that are numbers it makes numbers
    except ImportError as error:
        raise MissingExtra(say("sources.pandas-needs-pyarrow", error=error)) from None
    except (TypeError, ValueError, NotImplementedError) as error:
        raise DataError(say("sources.pandas-unreadable", error=error)) from None
