"""Which rows of a dataset are copies of each other or nearly so, before it is split: rows that have to stay together.

What is compared are pictures, sounds and texts, each with its like, never the identifiers that stand beside them; and
the rows of a table where there is nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from leadline.core.base import digest
from leadline.core.schema import ColumnSchema
from leadline.data import cache
from leadline.data.checks import copies, near_duplicate_sounds, near_duplicate_texts, near_duplicates
from leadline.data.checks.near_duplicates import components
from leadline.data.columns.contract import ColumnContext, column_type, input_type
from leadline.data.columns.scalars.parsing import is_text
from leadline.data.encoding import EncodedColumns, encode, key_of
from leadline.data.inputs import Group
from leadline.data.table import Progress, Table

VERSION = 2  # of what the cache holds


def duplicate_groups(
    table: Table, groups: Sequence[Group], targets: Sequence[str], progress: Progress | None = None
) -> np.ndarray | None:
    """Return a number for each row (N,) int64, equal for rows that have a near-identical picture, sound or text or are
    copies in a table; None where nothing was compared, or a table has no copies.

    Pictures and sounds are encoded for it as training will most likely have them, so that nothing is decoded twice;
    what is found is kept in the cache.
    """
    rows = table.frame.height
    seen = [group for group in groups if any(column_type(kind).outline for kind in group.columns.values())]
    if seen:
        return components(rows, np.concatenate([_of_media(table, group, progress) for group in seen]))
    media = [group for group in groups if not all(column_type(kind).scalar for kind in group.columns.values())]
    if media:
        texts = [group for group in media if input_type(group.kind).tokens is not None]
        return components(rows, _of_texts(table, texts)) if texts else None
    used = [name for group in groups for name in group.columns]
    goal = table.frame.select(name for name in targets if name in table.frame.columns)
    return copies.of_table(table.frame.select(used), copies.target_numbers(goal) if goal.width else None)


def _of_media(table: Table, group: Group, progress: Progress | None) -> np.ndarray:
    """Return the pairs (P,2) of near-identical pictures or sounds in a column, from the cache where they are there."""
    (name, kind), *_ = group.columns.items()
    outline = column_type(kind).outline
    assert outline is not None
    field = ColumnSchema(
        name=name, kind=kind, state=outline(table.frame[name], ColumnContext(table.base, group.options))
    )
    columns = encode(table, (field,), group.name, progress)

    def write(folder: Path) -> None:
        np.save(folder / "pairs.npy", linked(columns, group.name, progress))

    folder = cache.entry(digest({"similar": VERSION, "of": key_of(table, (field,))}), write)
    try:
        pairs_P2: np.ndarray = np.load(folder / "pairs.npy")
    except (OSError, ValueError, EOFError):  # someone has cut into the cache
        cache.forget(folder)
        pairs_P2 = linked(columns, group.name, progress)
    return pairs_P2


def linked(columns: EncodedColumns, name: str = "", progress: Progress | None = None) -> np.ndarray:
    """Return pairs of rows (P,2) int64 with equal or near-identical pictures or sounds, enough of them to lead from
    each to all its like.

    Rows whose file cannot be read, or that have none, are in no pair.
    """
    good = np.ones(len(columns.hashes), dtype=bool)
    good[columns.missing] = False
    good[columns.problems["row"].to_numpy()] = False
    rows_N = np.flatnonzero(good)
    if not len(rows_N):
        return np.empty((0, 2), dtype=np.int64)
    same_P2: np.ndarray = rows_N[near_duplicates.equal(columns.hashes[rows_N])]
    _, first_N = np.unique(np.asarray(columns.hashes[rows_N]), axis=0, return_index=True)
    different = rows_N[np.sort(first_N)]
    if columns.ends is not None:
        return np.concatenate([same_P2, near_duplicate_sounds.pairs(columns, different, name, progress)])
    if min(columns.values.shape[1:3]) < near_duplicates.LEAST:
        return same_P2
    return np.concatenate([same_P2, near_duplicates.pairs(columns.values, different, name, progress)])


def _of_texts(table: Table, groups: Sequence[Group]) -> np.ndarray:
    """Return the pairs (P,2) of rows whose texts, all of them together, are nearly the same."""
    columns = [_plain(table.frame[name]) for group in groups for name in group.columns]
    known = [column for column in columns if column is not None]
    if not known:
        return np.empty((0, 2), dtype=np.int64)
    return near_duplicate_texts.pairs(pl.select(pl.concat_str(known, separator=" \n ", ignore_nulls=True)).to_series())


def _plain(column: pl.Series) -> pl.Series | None:
    """Return texts, or lists of words, as texts; None of what is neither."""
    if column.dtype == pl.List(pl.String):
        return column.list.join(" ")
    return column.cast(pl.String) if is_text(column) else None
