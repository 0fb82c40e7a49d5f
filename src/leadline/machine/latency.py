"""How long a call takes: the median over repeats, with an interval that assumes no distribution."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import binom

Interval = tuple[float, float]


class Latency(NamedTuple):
    """Milliseconds a call: the median over `n` repeats, and an interval for each level (None where `n` is too
    small).
    """

    median_ms: float
    intervals: tuple[Interval | None, ...]
    n: int


def measure(
    call: Callable[[], object],
    *,
    repeats: int = 200,
    warmup: int = 10,
    seconds: float = 2.0,
    levels: Sequence[float] = (0.95,),
    device: torch.device | None = None,
) -> Latency:
    """Time `call` up to `repeats` times, or until `seconds` have passed and every level has its interval.

    Warm-up calls do not count and take a quarter of `seconds` at most. On a CUDA `device` a call lasts until its work
    is done.
    """
    enough = min(repeats, max(fewest_repeats(level) for level in levels))
    deadline = time.perf_counter() + seconds / 4
    for _ in range(warmup):
        _timed(call, device)
        if time.perf_counter() > deadline:
            break
    taken: list[float] = []
    deadline = time.perf_counter() + seconds
    while len(taken) < repeats and (len(taken) < enough or time.perf_counter() < deadline):
        taken.append(_timed(call, device))
    taken_N = np.sort(np.array(taken))
    return Latency(float(np.median(taken_N)), tuple(median_interval(taken_N, level) for level in levels), len(taken_N))


def median_interval(sorted_N: np.ndarray, level: float = 0.95) -> Interval | None:
    """Return the order statistics that hold the median with at least probability `level`; None where there are too few.

    Distribution-free for independent values (David & Nagaraja 2003, section 7.1): the number of values below the median
    is binomial with probability one half.
    """
    n = len(sorted_N)
    below = int(binom.ppf((1 - level) / 2, n, 0.5))
    if binom.cdf(below, n, 0.5) > (1 - level) / 2:
        below -= 1
    return None if below < 0 else (float(sorted_N[below]), float(sorted_N[n - 1 - below]))


def fewest_repeats(level: float) -> int:
    """Return the smallest number of repeats whose extremes hold the median with probability `level`."""
    return int(np.ceil(1 - np.log2(1 - level) - 1e-9))


def _timed(call: Callable[[], object], device: torch.device | None) -> float:
    asynchronous = device is not None and device.type == "cuda"
    if asynchronous:
        torch.cuda.synchronize(device)
    start = time.perf_counter_ns()
    call()
    if asynchronous:
        torch.cuda.synchronize(device)
    return (time.perf_counter_ns() - start) / 1e6


@contextmanager
def cpu_threads(count: int) -> Iterator[None]:
    """Compute with that many threads within the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
