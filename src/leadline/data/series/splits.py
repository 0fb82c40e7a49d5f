"""How the windows of a series are shared among train, validation and test: by time, no horizon crossing from one to the
next.

Shapes: N rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec, SplitSpec
from leadline.core.series_spec import Window
from leadline.core.wording import enumerated
from leadline.data.checks.invalid_rows import located
from leadline.data.series import windows
from leadline.data.series.ordered_table import Ordered
from leadline.data.sources.split_names import to_split_names
from leadline.data.splits import time_blocks
from leadline.data.splits.assign import split
from leadline.data.splits.by_blocks import PARTS, UNUSED
from leadline.data.subset import RowOrigins
from leadline.errors import DataError, UsageError

ALL = "all"


class WindowSplits(NamedTuple):
    """The windows of each part by their first step ahead; the rows that fields are fitted on; in words how they were
    chosen.

    `group` (N,) numbers what hangs together, `units` is what that is called; `aside` lists the rows of items that are
    too short.
    """

    rows: Mapping[str, np.ndarray]
    train: np.ndarray
    by: str
    notes: tuple[str, ...]
    group: np.ndarray | None
    units: str
    aside: pl.DataFrame
    labelled: bool = True


def context_length_for(spec: DataSpec, found: Ordered) -> int:
    """Return how far is looked back: as asked, else three horizons or two seasons, at most a third of the longest
    stretch.

    Of a cross-validation that is the stretch that its first fold trains on.
    """
    assert spec.series is not None
    if spec.series.context_length is not None:
        return spec.series.context_length
    usual = max(3 * spec.series.horizon, 2 * found.step.season)
    room = windows.longest(found.segment_N) // ((spec.split.folds or 0) + 1)
    return max(min(usual, room // 3), 1)


def split_windows(found: Ordered, spec: DataSpec, window: Window, seed: int, *, split: bool) -> WindowSplits:
    """Return the windows of each part; without `split` all are one part, unless a column names the parts of rows.

    Raises UsageError for a split that a series cannot have, DataError, saying how long a series must be, where no
    window is wholly in the train or the test rows.
    """
    part_N, by, notes = _parts(found, spec, seed) if split else _named(found, spec)
    names = PARTS if split or by else (ALL,)
    past, horizon = window.past, window.spec.horizon
    rows = {name: windows.origins(found.segment_N, part_N, p, past, horizon) for p, name in enumerate(names)}
    _check(found, part_N, rows, window)
    lacking = [n for p, n in enumerate(names) if (part_N == p).any() and not len(rows[n])]
    rows = {name: at for name, at in rows.items() if len(at)}
    aside, more = _short(found, past + horizon)
    if lacking:
        more += (say("series.subset-too-short", subset=lacking[0], horizon=horizon),)
    by_item = spec.split.by == "group"
    time_N = pl.Series(found.time_N).rank("dense").cast(pl.Int64).to_numpy()
    group = found.item_N if by_item else time_blocks.time_blocks(time_N, rows.values(), least=horizon)
    units = "items" if by_item else say(time_blocks.NAME)
    by = by or say("splits.none")
    return WindowSplits(rows, np.flatnonzero(part_N == 0), by, (*notes, *more), group, units, aside)


def _parts(found: Ordered, spec: DataSpec, seed: int) -> tuple[np.ndarray, str, tuple[str, ...]]:
    """Return the part of each row (N,) int8, how they were chosen, and notes."""
    own = _by_time(found, spec.split)
    needed = [name for name in dict.fromkeys((own.column, found.table.split)) if name in found.table.frame.columns]
    table = replace(found.table, frame=found.table.frame.select(needed))
    shared = split(table, own, None, False, seed)
    part_N = np.full(len(found.item_N), UNUSED, dtype=np.int8)
    for p, name in enumerate(PARTS):
        part_N[shared.rows.get(name, np.empty(0, dtype=np.int64))] = p
    return part_N, shared.by, shared.notes


def _by_time(found: Ordered, spec: SplitSpec) -> SplitSpec:
    if spec.by == "auto":
        return spec.model_copy(update={"by": "time", "column": found.name})
    if spec.by == "random":
        raise UsageError(say("series.split-random", column=found.name))
    if spec.by == "time" and spec.column != found.name:
        raise UsageError(say("series.split-by-other-time", column=spec.column, time_column=found.name))
    if spec.by == "group" and spec.column != found.item:
        raise UsageError(say("series.split-by-group", column=spec.column))
    return spec


def _named(found: Ordered, spec: DataSpec) -> tuple[np.ndarray, str, tuple[str, ...]]:
    """Return the parts as a column names them, where training had such a column; else all rows are one, and
    nothing says how.
    """
    column = spec.split.column if spec.split.by == "column" else found.table.split
    if column is None or column not in found.table.frame.columns:
        return np.zeros(len(found.item_N), dtype=np.int8), "", ()
    names = to_split_names(found.table.frame[column])
    if names.null_count():
        raise DataError(say("series.split-column-missing-values", table=found.table.name, column=column))
    return (
        names.replace_strict({p: i for i, p in enumerate(PARTS)}, return_dtype=pl.Int8).to_numpy(),
        say("splits.by-column", column=column),
        (),
    )


def _check(found: Ordered, part_N: np.ndarray, rows: Mapping[str, np.ndarray], window: Window) -> None:
    past, horizon = window.past, window.spec.horizon
    first = next(iter(rows))
    if not len(rows[first]) and (len(rows) == 1 or (part_N == 0).any()):
        there = windows.longest(found.segment_N, part_N == 0)
        subset = "" if first == ALL else say("series.subset-of", subset=first)
        raise DataError(
            say(
                "series.too-short",
                table=found.table.name,
                subset=subset,
                context=past,
                horizon=horizon,
                window=past + horizon,
                longest=there,
                step=found.step,
            )
        )
    test = PARTS.index("test")
    if "test" in rows and (part_N == test).any() and not len(rows["test"]):
        there = windows.longest(found.segment_N, part_N == test)
        raise DataError(
            say(
                "series.test-too-short",
                table=found.table.name,
                horizon=horizon,
                context=past,
                longest=there,
                share=min(0.5, _share(part_N, horizon, there)),
            )
        )


def _share(part_N: np.ndarray, horizon: int, there: int) -> float:
    """Return a share of the rows in which about two horizons fit."""
    return 0.01 + float((part_N == PARTS.index("test")).mean()) * 2 * horizon / max(there, 1)


def _short(found: Ordered, least: int) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the rows of the items without a stretch as long as a window, and which items those are."""
    frame = pl.DataFrame({"item": found.item_N, "segment": found.segment_N})
    lengths = frame.group_by("item", "segment").len().group_by("item").agg(pl.col("len").max()).sort("item")
    short = lengths.filter(pl.col("len") < least)
    if found.item is None or not short.height:
        return located(pl.DataFrame(schema=found.aside.schema), RowOrigins(found.table)), ()
    row = np.flatnonzero(np.isin(found.item_N, short["item"].to_numpy()))
    names = found.table.frame[found.item]
    firsts = np.searchsorted(found.item_N, short["item"].to_numpy())
    shown = [f"{names[int(at)]!r} ({length})" for at, length in zip(firsts, short["len"], strict=True)]
    of_item = dict(short.iter_rows())
    reasons = [
        say("series.shorter-than-window", series=names[int(r)], steps=of_item[int(found.item_N[r])], window=least)
        for r in row
    ]
    problems = pl.DataFrame(
        {"row": row, "column": [found.item] * len(row), "reason": reasons}, schema=found.aside.schema
    )
    note = say("series.series-too-short", count=short.height, window=least, items=enumerated(shown))
    return located(problems, RowOrigins(found.table)), (note,)
