import time

import numpy as np
import pytest
from scipy.stats import binom

from leadline.machine import latency


def test_median_of_a_known_wait():
    timed = latency.measure(lambda: time.sleep(0.002), repeats=20, warmup=1)
    assert timed.n == 20
    assert 1.9 < timed.median_ms < 20
    interval = timed.intervals[0]
    assert interval is not None
    assert interval[0] <= timed.median_ms <= interval[1]


def test_stops_when_time_is_up_but_not_before_every_level_has_its_interval():
    timed = latency.measure(lambda: time.sleep(0.01), repeats=1000, warmup=1000, seconds=0.02, levels=(0.95, 0.99))
    assert timed.n == latency.fewest_repeats(0.99)
    assert None not in timed.intervals


def test_too_few_repeats_give_no_interval():
    assert latency.measure(lambda: None, repeats=5).intervals == (None,)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.975, 0.99])
def test_fewest_is_the_smallest_number_with_an_interval(level):
    n = latency.fewest_repeats(level)
    assert latency.median_interval(np.arange(n), level) == (0, n - 1)
    assert latency.median_interval(np.arange(n - 1), level) is None


@pytest.mark.parametrize("n", [6, 10, 25, 100, 201])
def test_interval_is_the_narrowest_symmetric_one_that_covers(n):
    low, high = latency.median_interval(np.arange(n), 0.95) or (0, 0)
    low = int(low)
    assert high == n - 1 - low
    assert 1 - 2 * binom.cdf(low, n, 0.5) >= 0.95
    assert 1 - 2 * binom.cdf(low + 1, n, 0.5) < 0.95


def test_published_ranks():
    # Conover, Practical Nonparametric Statistics: n = 20 at 95 % takes the 6th and the 15th value.
    assert latency.median_interval(np.arange(1, 21), 0.95) == (6, 15)


def test_interval_covers_the_median_of_skewed_values():
    rng = np.random.default_rng(0)
    samples = np.sort(rng.lognormal(size=(2000, 40)), axis=1)
    inside = [low <= 1.0 <= high for low, high in (latency.median_interval(s, 0.95) or (2, 0) for s in samples)]
    assert 0.94 < np.mean(inside) < 0.98
