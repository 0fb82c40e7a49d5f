"""How the rows of a table are shared among train, validation and test.

Shapes: N rows, K classes, G blocks (groups, or rows of one time).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.experiment import SplitSpec
from leadline.core.wording import enumerated
from leadline.data.columns.scalars import time_stamps
from leadline.data.sources.split_names import PART_OF, to_split_names
from leadline.data.splits import folds
from leadline.data.splits.by_blocks import PARTS, UNUSED, by_blocks, by_spans, rows_by_split
from leadline.data.splits.near_duplicate_groups import in_one_fold, keep_together
from leadline.data.splits.time_blocks import time_blocks
from leadline.data.splits.together import NOTHING, Together, on_files
from leadline.data.table import Table
from leadline.errors import DataError, UsageError, did_you_mean
from leadline.nn.rng import seed_for

_TRAIN = 0
_SHOWN = 3


@dataclass(frozen=True)
class Split:
    """Which rows are in which part.

    `rows` are sorted int64 positions by part; a part without rows is not there. `by` says in words how they were
    chosen. `group` is the number of each row's group or, where rows were split by time, of its block of time, (N,)
    int64. `drawn` are the parts whose rows were drawn at random from those that would train.
    """

    rows: Mapping[str, np.ndarray]
    by: str
    notes: tuple[str, ...] = ()
    group: np.ndarray | None = None
    drawn: frozenset[str] = frozenset()


def split(
    table: Table,
    spec: SplitSpec,
    target: str | None,
    stratify: bool,
    seed: int,
    together: Together = NOTHING,
) -> Split:
    """Share out the rows of a table.

    A split that the source gives is kept (except by ``random``), and what it lacks is carved from its train rows. With
    `stratify` the classes of `target` keep their shares in every part drawn at random; rows that are nearly the same,
    or of one source of files, are drawn `together`. `seed` is that of the run, for a split without its own. Raises
    DataError for too few rows, a target of one value, rows that name no part and groups that a given split tears apart;
    UsageError for a missing column.
    """
    _check_target(table, target)
    seed = seed if spec.seed is None else spec.seed
    stratify = stratify and target is not None
    stratum = target if stratify else None
    if spec.spans is not None and spec.fold is None:
        part_N, notes = by_spans(_ordered(table, spec), spec.spans)
        by = say("splits.by-time-spans", column=spec.column, spans="/".join(spec.spans))
        return _parts(part_N, _numbered(table, spec), spec, by, notes)
    part_N, by = _given(table, spec) if spec.fold is None else _fold(table, spec, stratum, seed, together)
    lacking = {p: f for p, f in ((2, spec.test), (1, spec.validation)) if f > 0 and not (part_N == p).any()}
    files = together.files
    number_N = _numbered(table, spec) if files is None else files.number_N
    if spec.by == "group":
        _refuse_torn(table, spec, part_N, number_N)
    notes = ()
    free_M = np.flatnonzero(part_N == _TRAIN)
    if lacking:
        rng = np.random.default_rng(seed_for(seed, "split"))
        if spec.by in ("group", "time"):
            how = say("splits.by-group" if spec.by == "group" else "splits.by-time", column=spec.column)
            part_N[free_M], notes = by_blocks(number_N[free_M], lacking, rng if spec.by == "group" else None)
        elif files is not None and len(np.unique(number_N[free_M])) > len(lacking):
            how = say("splits.by-file-groups", column=files.column)
            class_N = _classes(table, stratum)
            part_N[free_M], notes = by_blocks(number_N[free_M], lacking, rng, class_N[free_M])
        else:
            how = say("splits.stratified", column=target) if stratify else say("splits.random")
            class_N = _classes(table, target if stratify else None)
            part_N[free_M] = _stratified(class_N[free_M], lacking, rng)
            notes = _single_rows(table, target, class_N, free_M) if stratify else ()
            if together.near is not None:
                part_N[free_M], more = keep_together(part_N[free_M], together.near[free_M], class_N[free_M], rng)
                notes += more
        carved = " and ".join(PARTS[p] for p in sorted(lacking))
        by = say("splits.taken-from-train", given=by, subsets=carved, how=how) if by else how
    elif table.split and spec.by == "random":
        by = say("splits.random-all-train")
    drawn = {*lacking, *([PARTS.index("test")] if spec.fold is not None else [])}
    whole = spec.by in ("group", "time") or files is not None
    random = frozenset[str]() if whole else frozenset(PARTS[p] for p in drawn)
    shared = _parts(part_N, number_N, spec, by or say("splits.all-train"), notes)
    if files is not None:
        shared = replace(shared, group=number_N, notes=(*notes, *on_files(files, part_N, bool(drawn))))
    return replace(shared, drawn=random)


def _parts(part_N: np.ndarray, number_N: np.ndarray, spec: SplitSpec, by: str, notes: tuple[str, ...]) -> Split:
    rows = {name: np.flatnonzero(part_N == p) for p, name in enumerate(PARTS) if (part_N == p).any()}
    group = time_blocks(number_N, rows.values()) if spec.by == "time" else number_N if spec.by == "group" else None
    return Split(rows, by, notes, group)


def dependence(table: Table, spec: SplitSpec, splits: Iterable[np.ndarray]) -> np.ndarray | None:
    """Return numbers (N,) that are equal for rows which depend on each other, of rows that are not split here: groups,
    or blocks of time; None where rows were split by neither, or the column for it is not there.

    Raises DataError where rows have no time. Rows without a group are one group.
    """
    if spec.column not in table.frame.columns:
        return None
    if spec.by == "group":
        return table.frame[spec.column].rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    return time_blocks(_numbered(table, spec), splits) if spec.by == "time" else None


def _check_target(table: Table, target: str | None) -> None:
    if target is not None and (values := table.frame[target].drop_nulls()).n_unique() < 2:
        what = say("splits.has-one-value", value=values[0]) if len(values) else say("splits.has-no-values")
        raise DataError(say("splits.constant-target", target=target, table=table.name, reason=what))


def _column(table: Table, name: str) -> pl.Series:
    if name not in table.frame.columns:
        raise UsageError(say("splits.no-split-column", column=name, suggestion=did_you_mean(name, table.frame.columns)))
    return table.frame[name]


def _given(table: Table, spec: SplitSpec) -> tuple[np.ndarray, str]:
    """Return the part of each row as given (N,) int8, train where none is, and in words by what."""
    name = spec.column if spec.by == "column" else None if spec.by == "random" else table.split
    if name is None:
        return np.zeros(len(table.frame), dtype=np.int8), ""
    values = _column(table, name)
    splits = to_split_names(values)
    unknown = np.flatnonzero(splits.is_null().to_numpy())
    if len(unknown):
        different = values.gather(unknown).unique(maintain_order=True).to_list()
        shown = enumerated((say("splits.no-value") if v is None else repr(v) for v in different), _SHOWN)
        raise DataError(
            say(
                "splits.unknown-subset",
                where=_where(table, unknown[0]),
                column=name,
                values=shown,
                rows=len(unknown),
                accepted=", ".join(PART_OF),
            )
        )
    part_N = splits.replace_strict({p: i for i, p in enumerate(PARTS)}, return_dtype=pl.Int8).to_numpy().copy()
    if not (part_N == _TRAIN).any():
        raise DataError(say("splits.no-train-rows", column=name, table=table.name))
    return part_N, say("splits.by-column", column=name) if spec.by == "column" else say("splits.as-given")


def _fold(table: Table, spec: SplitSpec, stratify: str | None, seed: int, together: Together) -> tuple[np.ndarray, str]:
    """Return the test rows of one fold (N,) int8, all others train, and in words how the folds were made."""
    class_N, files = _classes(table, stratify) if stratify else None, together.files
    if files is not None:
        grouped = spec.model_copy(update={"by": "group", "column": files.column})
        fold_N, _ = folds.assign(table.frame.height, grouped, files.number_N, class_N, seed)
        by = say("splits.by-file-groups", column=files.column)
    else:
        fold_N, by = folds.assign(table.frame.height, spec, _numbered(table, spec), class_N, seed)
        if together.near is not None and spec.by not in ("group", "time"):
            fold_N = in_one_fold(fold_N, together.near)
    part_N = np.zeros(table.frame.height, dtype=np.int8)
    part_N[fold_N == spec.fold] = PARTS.index("test")
    if spec.by == "time":
        part_N[fold_N > (spec.fold or 0)] = UNUSED  # what comes later must not be learned from
    return part_N, say("splits.fold", fold=spec.fold, folds=spec.folds, how=by)


def _where(table: Table, row: int) -> str:
    file, number = table.where(int(row))
    return say("data.place", file=file, row=number)


def _ordered(table: Table, spec: SplitSpec) -> pl.Series:
    """Return each row's group or time (N,), text as moments; empty where rows are split by neither. Raises DataError
    for rows without one.
    """
    if spec.by not in ("group", "time") or spec.column is None:
        return pl.Series(dtype=pl.Int64)
    values = _column(table, spec.column)
    if spec.by == "time" and values.dtype == pl.String:
        values = time_stamps.parse(values, time_stamps.format_of(values))
    missing = np.flatnonzero((values.fill_nan(None) if values.dtype.is_float() else values).is_null().to_numpy())
    if len(missing):
        lacks = say("splits.no-time") if spec.by == "time" else say("splits.no-group")
        raise DataError(
            say(
                "splits.missing-group-or-time",
                where=_where(table, missing[0]),
                column=spec.column,
                missing=lacks,
                rows=len(missing),
            )
        )
    return values


def _numbered(table: Table, spec: SplitSpec) -> np.ndarray:
    """Return the number of each row's group or time, (N,) int64 in their order; nothing where rows are split by
    neither.
    """
    return _ordered(table, spec).rank("dense").cast(pl.Int64).to_numpy() - 1


def _refuse_torn(table: Table, spec: SplitSpec, part_N: np.ndarray, group_N: np.ndarray) -> None:
    frame = pl.DataFrame({"group": group_N, "part": part_N}).with_row_index("row")
    torn = (
        frame.group_by("group")
        .agg(pl.col("row").min(), pl.col("part").unique().sort())
        .filter(pl.col("part").list.len() > 1)
    )
    if len(torn):
        row, splits = torn.sort("row").select("row", "part").row(0)
        name, both = table.frame[spec.column or ""][row], " and ".join(PARTS[p] for p in splits)
        raise DataError(
            say("splits.group-across-subsets", group=name, column=spec.column, subsets=both, groups=len(torn))
        )


def _classes(table: Table, target: str | None) -> np.ndarray:
    """Return class numbers (N,) int64; rows without a target are a class of their own, and all are one without
    `target`.
    """
    if target is None:
        return np.zeros(len(table.frame), dtype=np.int64)
    return table.frame[target].rank("dense").cast(pl.Int64).fill_null(0).to_numpy()


def _single_rows(table: Table, target: str | None, class_N: np.ndarray, rows_M: np.ndarray) -> tuple[str, ...]:
    _, first_K, count_K = np.unique(class_N[rows_M], return_index=True, return_counts=True)
    names = [repr(table.frame[target or ""][int(row)]) for row in rows_M[first_K[count_K == 1]]]
    if not names:
        return ()
    return (say("splits.single-row-classes", count=len(names), classes=enumerated(names, _SHOWN)),)


def _stratified(class_N: np.ndarray, fractions: Mapping[int, float], rng: np.random.Generator) -> np.ndarray:
    """Return a random part for each row (N,) int8 that keeps the shares of the classes."""
    count_K = np.bincount(class_N)
    rows = rows_by_split(len(class_N), fractions)
    shuffled_N = rng.permutation(len(class_N))
    shuffled_N = shuffled_N[np.argsort(class_N[shuffled_N], kind="stable")]
    start_K = np.cumsum(count_K) - count_K
    rank_N = np.arange(len(class_N)) - np.repeat(start_K, count_K)  # a row's place among the shuffled rows of its class
    part_N = np.zeros(len(class_N), dtype=np.int8)
    taken_K = np.zeros_like(count_K)
    for later, (part, fraction) in zip(range(len(fractions) - 1, -1, -1), fractions.items(), strict=True):
        room_K = np.maximum(count_K - 1, 0) - taken_K  # train keeps a row of every class
        spared_K = np.maximum(room_K - later, 0)  # and the parts that follow one each, where that is possible
        room_K = spared_K if spared_K.sum() >= rows[part] else room_K
        everyone = count_K >= len(PARTS)
        least_K = np.minimum(everyone, room_K) * (everyone.sum() <= rows[part])
        share_K = _apportion(count_K * fraction, least_K, room_K, rows[part], rng)
        if not share_K.any():
            raise DataError(say("splits.classes-too-small", subset=PARTS[part]))
        chosen = (rank_N >= np.repeat(taken_K, count_K)) & (rank_N < np.repeat(taken_K + share_K, count_K))
        part_N[shuffled_N[chosen]] = part
        taken_K = taken_K + share_K
    return part_N


def _apportion(
    quota_K: np.ndarray, low_K: np.ndarray, high_K: np.ndarray, total: int, rng: np.random.Generator
) -> np.ndarray:
    """Return whole shares (K,) within bounds that are nearest to the quotas and add up to `total` (largest remainder,
    Hamilton).
    """
    share_K: np.ndarray = np.clip(np.floor(quota_K).astype(np.int64), low_K, high_K)
    tie_K = rng.random(len(quota_K))
    while missing := total - int(share_K.sum()):
        step = 1 if missing > 0 else -1
        first_K = np.lexsort((tie_K, -step * (quota_K - share_K)))
        movable = first_K[(share_K < high_K if step > 0 else share_K > low_K)[first_K]]
        if not len(movable):
            break
        share_K[movable[: abs(missing)]] += step
    return share_K
