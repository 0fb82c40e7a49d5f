"""From times to steps that are counted: how long a step is, which step each row is, and when the next ones are.

Times are int64: microseconds since 1970-01-01, or plain numbers where the step is one.

Shapes: N rows, in order of item and time.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.series_spec import Step
from leadline.errors import DataError

DAY = 86_400_000_000
_MONTH = 28 * DAY  # the shortest
_WEEKENDS = 0.1  # of the steps between business days are at least so often three days long


def find_step(time_N: np.ndarray, item_N: np.ndarray, *, dates: bool) -> Step:
    """Return the commonest step from one row of an item to the next, the shortest of those that are equally common.

    Dates may be a number of months apart, or be business days. Raises DataError where no item has rows of two times.
    """
    apart_M = _within(time_N, item_N)
    usual, share = _commonest(apart_M[apart_M > 0])
    if usual is None:
        raise DataError(say("series.no-frequency"))
    if not dates:
        return Step(usual, "1")
    if usual >= _MONTH:
        months_M = _within(_months(time_N), item_N)
        months, share_of_months = _commonest(months_M[apart_M > 0])
        if months and share_of_months > share:
            return Step(months, "mo")
    weekday_N = (time_N // DAY + 3) % 7  # 1970-01-01 was a Thursday
    if usual == DAY and weekday_N.max() < 5 and (apart_M == 3 * DAY).mean() >= _WEEKENDS:
        return Step(1, "b")
    return Step(usual, "us")


def ticks(time_N: np.ndarray, item_N: np.ndarray, step: Step) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of the step that is nearest to each row's time (N,) int64, and which times lie between steps
    (N,) bool.

    Where steps begin is what most times of an item say.
    """
    if step.unit == "b":
        day_N = time_N.astype("M8[us]").astype("M8[D]")
        number_N = np.busday_count(np.datetime64("1970-01-01"), day_N).astype(np.int64)
        return number_N // step.number, ~np.is_busday(day_N)
    value_N = _months(time_N) if step.unit == "mo" else time_N
    rest_N = value_N % step.number
    phase_N = _usual_by_item(rest_N, item_N)
    half = 0 if step.unit == "mo" else step.number // 2
    return (value_N - phase_N + half) // step.number, rest_N != phase_N


def after(time_N: np.ndarray, number_N: np.ndarray, step: Step, day_N: np.ndarray | None = None) -> np.ndarray:
    """Return the times (N,) that are so many steps after others; with steps of months on the days `day_N`, or the
    month's last.
    """
    if step.unit in ("us", "1"):
        return np.asarray(time_N + number_N * step.number)
    moment_N = time_N.astype("M8[us]")
    midnight_N = moment_N.astype("M8[D]")
    if step.unit == "b":
        new_N = np.busday_offset(midnight_N, number_N * step.number, roll="backward")
    else:
        month_N = moment_N.astype("M8[M]") + number_N * step.number
        last_N = (month_N + 1).astype("M8[D]") - 1
        first_N = month_N.astype("M8[D]")
        wanted_N = days_of_month(time_N) if day_N is None else day_N
        new_N = np.minimum(first_N + (wanted_N - 1), last_N)
    return np.asarray((new_N.astype("M8[us]") + (moment_N - midnight_N)).astype(np.int64))


def days_of_month(time_N: np.ndarray) -> np.ndarray:
    """Return the day of the month of each time (N,) int64, from 1."""
    moment_N = time_N.astype("M8[us]")
    return np.asarray((moment_N.astype("M8[D]") - moment_N.astype("M8[M]").astype("M8[D]")).astype(np.int64) + 1)


def _months(time_N: np.ndarray) -> np.ndarray:
    return np.asarray(time_N.astype("M8[us]").astype("M8[M]").astype(np.int64))


def _within(value_N: np.ndarray, item_N: np.ndarray) -> np.ndarray:
    """Return the differences from one row to the next of the same item."""
    return np.asarray(np.diff(value_N)[item_N[1:] == item_N[:-1]])


def _commonest(value_M: np.ndarray) -> tuple[int | None, float]:
    if not len(value_M):
        return None, 0.0
    different, counts = np.unique(value_M, return_counts=True)
    return int(different[counts.argmax()]), float(counts.max() / len(value_M))


def _usual_by_item(value_N: np.ndarray, item_N: np.ndarray) -> np.ndarray:
    """Return for each row the commonest value of its item (N,), the smallest of those that are equally common."""
    frame = pl.DataFrame({"item": item_N, "value": value_N})
    usual = frame.group_by("item").agg(pl.col("value").mode().min())
    return frame.select("item").join(usual, on="item", how="left", maintain_order="left")["value"].to_numpy()
