"""Two sources in one table: rows to learn from, and rows to validate or test on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.wording import quoted
from leadline.data.sources import fingerprints
from leadline.data.sources.modalities import path_columns
from leadline.data.sources.split_names import SplitName, to_split_names
from leadline.data.table import Table
from leadline.errors import DataError

_SHOWN = 20  # columns in a message


def with_subset(first: Table, second: Table, subset: SplitName) -> Table:
    """Return the rows of both with a split column: those of `second` are a subset, the test rows say, those of `first`
    keep their own split.

    Rows that `first` itself counts to that subset are left out, so that nothing is learned from them; of a `second`
    with a split of its own only the rows of that subset are taken. Raises DataError where columns differ.
    """
    column = first.split or "split"
    train, notes = _without(first, subset)
    test, test_notes = _only(second, subset)
    if train.frame.is_empty():
        raise DataError(say("sources.only-rows-of-subset", first=first.name, second=second.name, subset=subset))
    _same_columns(train, test, subset)
    base, frame = train.base or test.base, test.frame
    if test.base is not None and test.base != base:
        frame = _absolute(frame, test.base)
    above, below = _same_types(train.frame, frame.select(train.frame.columns))
    split = _split_of(first, train, subset).append(pl.Series([subset] * len(below), dtype=pl.String))
    return replace(
        train,
        frame=_stack(above, below, say("sources.and", first=first.name, second=second.name)).with_columns(
            split.alias(column)
        ),
        fingerprint=fingerprints.combine(first.fingerprint, second.fingerprint),
        origin=_origin(train).append(_origin(test)),
        numbers=_numbers(train).append(_numbers(test)),
        base=base,
        split=column,
        target=train.target or test.target,
        kinds={**test.kinds, **train.kinds},
        unreadable=pl.concat(
            [train.unreadable, test.unreadable.with_columns(pl.col("row") + len(train.frame))],
        ),
        notes=(
            *train.notes,
            *test.notes,
            *notes,
            *test_notes,
            say("sources.subset-from", subset=subset.capitalize(), rows=len(below), source=second.name),
        ),
    )


def _without(table: Table, subset: SplitName) -> tuple[Table, tuple[str, ...]]:
    if table.split is None:
        return table, ()
    own = (to_split_names(table.frame[table.split]) == subset).fill_null(False)
    note = say("sources.own-subset-dropped", source=table.name, rows=int(own.sum()), subset=subset)
    return _filtered(table, ~own), (note,) if own.any() else ()


def _only(table: Table, subset: SplitName) -> tuple[Table, tuple[str, ...]]:
    if table.split is None:
        return table, ()
    own = (to_split_names(table.frame[table.split]) == subset).fill_null(False)
    if not own.any():
        return replace(table, frame=table.frame.drop(table.split), split=None), ()
    note = say("sources.own-other-rows-dropped", source=table.name, rows=int((~own).sum()), subset=subset)
    return _filtered(table, own), () if own.all() else (note,)


def _filtered(table: Table, keep: pl.Series) -> Table:
    """Return some rows of a table, without the column of its split."""
    frame = table.frame.drop(table.split or ())
    return replace(
        table,
        frame=frame.filter(keep),
        split=None,
        origin=table.origin if isinstance(table.origin, str) else table.origin.filter(keep),
        numbers=_numbers(table).filter(keep),
        unreadable=_moved(table.unreadable, keep),
    )


def _moved(unreadable: pl.DataFrame, keep: pl.Series) -> pl.DataFrame:
    """Return the cells of the rows that are kept, by their positions among these."""
    place = (keep.cum_sum() - 1).set(~keep, None).cast(pl.Int64)
    return unreadable.with_columns(place.gather(unreadable["row"]).alias("row")).drop_nulls("row")


def _same_columns(first: Table, second: Table, subset: SplitName) -> None:
    missing = [name for name in first.frame.columns if name not in second.frame.columns]
    extra = [name for name in second.frame.columns if name not in first.frame.columns]
    if missing or extra:
        lacking = [
            say("sources.lacks-columns", source=source.name, columns=quoted(names, _SHOWN))
            for source, names in ((second, missing), (first, extra))
            if names
        ]
        raise DataError(say("sources.subset-columns-differ", subset=subset, differences=" ".join(lacking)))


def _same_types(above: pl.DataFrame, below: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make text of the columns that are text in one frame and something else in the other."""
    pairs = {name: {dtype, below.schema[name]} for name, dtype in above.schema.items()}
    texts = pl.col(
        [name for name, types in pairs.items() if len(types) == 2 and pl.String in types and pl.Null not in types]
    )
    return above.with_columns(texts.cast(pl.String)), below.with_columns(texts.cast(pl.String))


def _stack(above: pl.DataFrame, below: pl.DataFrame, names: str) -> pl.DataFrame:
    differ = [name for name, dtype in below.schema.items() if dtype != above.schema[name]]
    try:
        if any(frame.schema[name].is_nested() for frame in (above, below) for name in differ):
            raise pl.exceptions.SchemaError("pictures of different sizes would be joined as lists")
        return pl.concat([above, below], how="vertical_relaxed")
    except pl.exceptions.PolarsError:
        types = ", ".join(f"{name!r} ({above.schema[name]} and {below.schema[name]})" for name in differ)
        raise DataError(say("sources.subset-types-differ", sources=names, columns=types)) from None


def _absolute(frame: pl.DataFrame, base: Path) -> pl.DataFrame:
    paths = [pl.col(name) for name in path_columns(frame, base)]
    is_absolute = r"^([/\\]|[A-Za-z]:)"
    prefix = pl.lit(f"{base.resolve().as_posix()}/")
    return frame.with_columns(
        pl.when(path.str.contains(is_absolute)).then(path).otherwise(prefix + path) for path in paths
    )


def _split_of(first: Table, train: Table, subset: SplitName) -> pl.Series:
    if first.split is None:
        return pl.Series(["train"] * len(train.frame))
    parts = to_split_names(first.frame[first.split])
    return first.frame[first.split].cast(pl.String).filter((parts != subset).fill_null(True))


def _origin(table: Table) -> pl.Series:
    if isinstance(table.origin, str):
        return pl.Series([table.origin]).gather(np.zeros(len(table.frame), dtype=np.int64))
    return table.origin


def _numbers(table: Table) -> pl.Series:
    return pl.Series(np.arange(1, len(table.frame) + 1)) if table.numbers is None else table.numbers
