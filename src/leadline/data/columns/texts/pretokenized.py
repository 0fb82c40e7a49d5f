"""Tokens and tags that come one by one: lists of them, or text with blanks between them.

A blank within an item of a list is written as a no-break one, so that items with blanks between them can be told apart
again.
"""

from __future__ import annotations

import polars as pl

from leadline.core.catalogue import say
from leadline.data.columns.scalars.parsing import is_text
from leadline.errors import DataError

KIND = "given"  # of tokens
WITHIN = "\u00a0"  # a blank within an item, and what an item of nothing but blanks is
_BETWEEN = r"[^\S\u{a0}]+"


def are_lists(column: pl.Series) -> bool:
    """Say whether a column holds lists."""
    return isinstance(column.dtype, pl.List | pl.Array)


def items(column: pl.Series) -> pl.Series:
    """Return each row's items as a list of texts, null where the row is missing or has none; null items stay null.

    Raises DataError for columns that are neither text nor lists of plain values.
    """
    if are_lists(column):
        lists = column.arr.to_list() if isinstance(column.dtype, pl.Array) else column
        inner = lists.dtype.inner  # type: ignore[attr-defined]
        if inner.is_nested() or inner in (pl.Binary, pl.Object):
            raise DataError(say("columns.not-token-lists", column=column.name, dtype=column.dtype))
        # `list.eval` computes a polars expression over the items; nothing in the data is run.
        text = pl.element().cast(pl.String).str.strip_chars().str.replace_all(r"\s+", WITHIN)
        found = lists.list.eval(pl.when(text == "").then(pl.lit(WITHIN)).otherwise(text))
    elif is_text(column):
        text_N = column.cast(pl.String).str.replace_all(_BETWEEN, " ").str.strip_chars(" ")
        found = text_N.set(text_N == "", None).str.split(" ")
    else:
        raise DataError(say("columns.not-tokens", column=column.name, dtype=column.dtype))
    return found.set(found.list.len() == 0, None)


def as_given(column: pl.Series) -> pl.Series:
    """Return each row's items as one text, a single blank between them; null where there are none. Raises as `items`
    does.
    """
    # `list.eval` as above: a polars expression, nothing in the data is run.
    return items(column).list.eval(pl.element().fill_null(WITHIN)).list.join(" ")


def counts(column: pl.Series) -> pl.Series:
    """Return how many items each row has (N,), 0 where it is missing. Raises as `items` does."""
    return items(column).list.len().fill_null(0).cast(pl.Int64)
