"""Parts that keep blocks of rows whole: groups, or the rows of one time.

Shapes: N rows, G blocks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.series_spec import Step
from leadline.errors import DataError, UsageError

PARTS = ("train", "validation", "test")  # a row's part is its position here, int8
UNUSED = -1
_TRIES = 200  # orders of the groups among which the nearest sizes are looked for
_NEAR = 0.01  # of the wanted rows: near enough to stop looking
_FAR = 0.2  # of the wanted rows: far enough to tell the user


def rows_by_split(count: int, fractions: Mapping[int, float]) -> dict[int, int]:
    """Return how many rows each part gets; raises DataError where a part would have none."""
    rows = {p: int(count * fraction + 0.5) for p, fraction in fractions.items()}
    if min(rows.values()) < 1 or sum(rows.values()) >= count:
        need = max(len(fractions) + 1, *(math.ceil(0.5 / fraction) for fraction in fractions.values()))
        shares = " and ".join(
            say("splits.share", percent=100 * fraction, subset=PARTS[p]) for p, fraction in sorted(fractions.items())
        )
        raise DataError(say("splits.too-few-rows", rows=count, shares=shares, needed=need))
    return rows


def by_blocks(
    number_N: np.ndarray,
    fractions: Mapping[int, float],
    rng: np.random.Generator | None,
    class_N: np.ndarray | None = None,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return a part for each row (N,) int8 that keeps blocks whole, and notes on sizes; without `rng` the last blocks
    go first. With `class_N` classes keep their shares as far as blocks let them, and train has all of them if it can.
    """
    _, number_N, size_G = np.unique(number_N, return_inverse=True, return_counts=True)
    rows = rows_by_split(len(number_N), fractions)
    if len(size_G) <= len(rows):
        raise DataError(say("splits.too-few-groups", groups=len(size_G), needed=len(rows) + 1))
    orders: Iterable[np.ndarray] = (
        [np.arange(len(size_G))[::-1]] if rng is None else (rng.permutation(len(size_G)) for _ in range(_TRIES))
    )
    best, best_error = np.empty(0, dtype=np.int8), math.inf
    for order_G in orders:
        part_G, error = _prefixes(size_G, order_G, rows)
        error += 0 if class_N is None else _uneven(part_G[number_N], class_N)
        if error < best_error:
            best, best_error = part_G, error
        if best_error <= _NEAR * sum(rows.values()):
            break
    part_N = best[number_N]
    notes = tuple(
        say("splits.size-differs", subset=PARTS[p], rows=int((part_N == p).sum()), wanted=count)
        for p, count in rows.items()
        if abs(int((part_N == p).sum()) - count) > _FAR * count
    )
    return part_N, notes


def _prefixes(size_G: np.ndarray, order_G: np.ndarray, rows: Mapping[int, int]) -> tuple[np.ndarray, int]:
    """Give each part the next blocks in an order, as many as come nearest to its rows; returns (G,) int8 and the rows
    amiss.
    """
    part_G = np.zeros(len(size_G), dtype=np.int8)
    start, error = 0, 0
    for later, (part, count) in zip(range(len(rows) - 1, -1, -1), rows.items(), strict=True):
        amiss = np.abs(np.cumsum(size_G[order_G[start:]]) - count)[: len(size_G) - start - later - 1]
        stop = start + int(amiss.argmin()) + 1
        part_G[order_G[start:stop]] = part
        error += int(amiss.min())
        start = stop
    return part_G, error


def _uneven(part_N: np.ndarray, class_N: np.ndarray) -> int:
    """Return how many rows are amiss for classes to have the same share of every part; all where train lacks one."""
    pair_N = np.unique(class_N, return_inverse=True)[1] * len(PARTS) + part_N
    count_KP = np.bincount(pair_N, minlength=(pair_N.max() // len(PARTS) + 1) * len(PARTS)).reshape(-1, len(PARTS))
    even_KP = count_KP.sum(1, keepdims=True) * count_KP.sum(0, keepdims=True) / len(part_N)
    lacking = not count_KP[:, 0].all()
    return int(np.abs(count_KP - even_KP).sum() / 2) + lacking * len(part_N)


def by_spans(times: pl.Series, spans: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return a part for each row (N,) int8 by how long each lasts from the first time on, and a note on rows that are
    later.

    `times` are dates, or numbers where spans are numbers of different times. Raises UsageError where spans are not of
    the kind of the times, DataError where no row is in a part.
    """
    steps = [Step.parse(span) for span in spans]
    part_N = np.full(len(times), UNUSED, dtype=np.int8)
    if steps[0].unit == "1":
        number_N = times.rank("dense").cast(pl.Int64).to_numpy() - 1
        ends = np.cumsum([step.number for step in steps]).tolist()
        before = [number_N < end for end in ends]
    elif not times.dtype.is_temporal():
        raise UsageError(say("splits.spans-of-numbers", column=times.name))
    else:
        moments = times.cast(pl.Datetime("us"))
        first, before = pl.Series([moments.min()], dtype=pl.Datetime("us")), []
        # each from the first time on, as a month added to a short one's end is shorter
        for last in range(1, len(steps) + 1):
            lasts = {unit: sum(step.number for step in steps[:last] if step.unit == unit) for unit in ("mo", "us")}
            end = first.dt.offset_by("".join(f"{number}{unit}" for unit, number in lasts.items()))
            before.append((moments < end[0]).to_numpy())
    for part in reversed(range(len(PARTS))):
        part_N[before[part]] = part
    for part, name in enumerate(PARTS):
        if not (part_N == part).any():
            raise DataError(
                say(
                    "splits.spans-leave-empty-subset",
                    spans="/".join(spans),
                    subset=name,
                    first=times.min(),
                    last=times.max(),
                )
            )
    later = int((part_N == UNUSED).sum())
    return part_N, ((say("splits.later-than-spans", rows=later, spans="/".join(spans)),) if later else ())
