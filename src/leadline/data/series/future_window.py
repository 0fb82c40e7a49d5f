"""The window beyond the last row of each item: what there is to predict.

Shapes: N rows, I items.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from leadline.core.base import digest
from leadline.core.catalogue import say
from leadline.core.series_spec import Window
from leadline.data.checks.invalid_rows import located
from leadline.data.columns.scalars.parsing import as_numbers
from leadline.data.series.gaps import appended
from leadline.data.series.ordered_table import Ordered
from leadline.data.series.splits import ALL, WindowSplits
from leadline.data.subset import RowOrigins
from leadline.errors import DataError

_SHOWN = 3


def future_windows(found: Ordered, window: Window, *, covariates: bool = True) -> tuple[Ordered, WindowSplits]:
    """Return the rows with those that follow each item's last, and one window for each item, which begins there.

    Where columns are known ahead, rows at an item's end without a value of any variable are the ones to be forecast.
    Raises DataError where no item has enough rows, or where what is to be known ahead is not there and the network
    reads it (`covariates`).
    """
    past, horizon = window.past, window.spec.horizon
    end_I = np.flatnonzero(np.append(np.diff(found.item_N) != 0, True))  # the last row of each item
    last_I = _last_known(found, window, end_I) if window.spec.known_covariates else end_I
    lacking_I = np.maximum(last_I + horizon - end_I, 0)
    after_P = np.repeat(end_I, lacking_I)
    steps_P = np.arange(len(after_P)) - np.repeat(np.cumsum(lacking_I) - lacking_I, lacking_I) + 1
    order = np.argsort(np.concatenate([np.arange(len(found.item_N)), after_P + 0.5]), kind="stable")
    grown = appended(found, after_P, steps_P, order)
    ahead = {
        "table": grown.table.fingerprint,
        "ahead": horizon,
        "known": window.spec.known_covariates,
        "aims": window.aims,
    }
    grown = grown._replace(table=replace(grown.table, fingerprint=digest(ahead)))
    origin_I = last_I + 1 + np.concatenate([[0], np.cumsum(lacking_I)[:-1]])
    start_N = np.maximum.accumulate(
        np.where(np.append(True, np.diff(grown.segment_N) != 0), np.arange(len(grown.item_N)), 0)
    )
    there_I = origin_I - start_N[origin_I - 1]
    stays_I = grown.segment_N[origin_I - 1] == grown.segment_N[origin_I + horizon - 1]
    aside, notes = _too_short(found, window, last_I, there_I, (there_I >= past) & stays_I)
    rows = origin_I[(there_I >= past) & stays_I]
    if covariates:
        _check_known(grown, window, rows)
    shared = WindowSplits(
        {ALL: rows}, np.empty(0, dtype=np.int64), say("splits.none"), notes, None, "", aside, labelled=False
    )
    return grown, shared


def _last_known(found: Ordered, window: Window, end_I: np.ndarray) -> np.ndarray:
    """Return the last row of each item that has a value of some variable; its last row where none has."""
    known_N = np.any(
        [as_numbers(found.table.frame[name]).is_finite().fill_null(False).to_numpy() for name in window.aims], axis=0
    )
    last_N = np.maximum.accumulate(np.where(known_N, np.arange(len(known_N)), -1))[end_I]
    first_I = np.concatenate([[0], end_I[:-1] + 1])
    return np.asarray(np.where(last_N >= first_I, last_N, end_I))


def _too_short(
    found: Ordered, window: Window, last_I: np.ndarray, there_I: np.ndarray, enough_I: np.ndarray
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the items that cannot be continued, by their last row, and a note on them; raises DataError where none can
    be.
    """
    names = found.table.frame[found.item] if found.item else None
    reasons = [
        say(
            "series.ends-too-short",
            series=say("series.the-series") if names is None else repr(names[int(last)]),
            steps=int(there),
            context=window.past,
        )
        for last, there in zip(last_I[~enough_I], there_I[~enough_I], strict=True)
    ]
    rows = last_I[~enough_I]
    column = found.item or found.name
    frame = pl.DataFrame({"row": rows, "column": [column] * len(rows), "reason": reasons}, schema=found.aside.schema)
    aside = located(frame, RowOrigins(found.table))
    if not enough_I.any():
        raise DataError(
            say(
                "series.nothing-to-continue",
                table=found.table.name,
                reasons="; ".join(reasons[:_SHOWN]),
                step=found.step,
            )
        )
    return aside, tuple(say("series.not-continued", reason=reason) for reason in reasons[:_SHOWN])


def _check_known(grown: Ordered, window: Window, origins: np.ndarray) -> None:
    for name in window.spec.known_covariates:
        column = grown.table.frame[name]
        row_P = (origins[:, None] + np.arange(window.spec.horizon)).reshape(-1)
        missing = column[row_P].is_null().arg_true()
        if len(missing):
            row = int(row_P[int(missing[0])])
            item = say("series.of-series", series=grown.table.frame[grown.item][row]) if grown.item else ""
            raise DataError(
                say(
                    "series.known-covariate-missing",
                    table=grown.table.name,
                    column=name,
                    time=grown.words(row),
                    series=item,
                    horizon=window.spec.horizon,
                )
            )
