from __future__ import annotations

import numpy as np
import pytest

from leadline.metrics.statistics.paired import accuracy_difference, mean_difference


def test_the_sign_is_that_of_the_first() -> None:
    right_n, other_n = np.arange(100) < 95, np.arange(100) < 80
    m = accuracy_difference(right_n, other_n)
    assert m.value == pytest.approx(0.15)
    assert 0 < m.intervals[0][0] < 0.15 < m.intervals[0][1]
    assert accuracy_difference(other_n, right_n).intervals[0] == pytest.approx((-m.intervals[0][1], -m.intervals[0][0]))


def test_bonett_price_by_hand() -> None:
    # 15 rows where only the first is right, 5 where only the other is, of 100: (16 - 6) / 102 and its standard error.
    first_n = np.arange(100) < 55
    other_n = np.concatenate([np.arange(40) < 0, np.full(60, False)])
    other_n[:40] = True
    other_n[55:60] = True
    m = accuracy_difference(first_n, other_n)
    size = np.sqrt((22 / 102 - (10 / 102) ** 2) / 102)
    assert m.intervals[0] == pytest.approx((10 / 102 - 1.959964 * size, 10 / 102 + 1.959964 * size), abs=1e-6)


def test_pairs_that_never_differ_keep_their_doubt() -> None:
    m = accuracy_difference(np.ones(50, dtype=bool), np.ones(50, dtype=bool))
    assert m.value == 0.0
    assert m.intervals[0][0] < -0.01 and m.intervals[0][1] > 0.01


def test_pairing_is_sharper_than_two_samples() -> None:
    rng = np.random.default_rng(0)
    hard_n = rng.exponential(size=300)
    ((low, high),) = mean_difference(hard_n + 0.01 * rng.normal(size=300), hard_n).intervals
    assert high - low < 0.01


def test_groups_widen_and_one_group_says_nothing() -> None:
    rng = np.random.default_rng(1)
    right_n, other_n = rng.random(40) < 0.9, rng.random(40) < 0.7
    ((low, high),) = accuracy_difference(np.repeat(right_n, 10), np.repeat(other_n, 10)).intervals
    group_n = np.repeat(np.arange(40), 10)
    ((wide_low, wide_high),) = accuracy_difference(
        np.repeat(right_n, 10), np.repeat(other_n, 10), group_n=group_n
    ).intervals
    assert wide_high - wide_low > 2.5 * (high - low)
    assert accuracy_difference(right_n, other_n, group_n=np.zeros(40, dtype=int)).intervals == ((-1.0, 1.0),)


def test_no_rows_are_absent() -> None:
    none = np.zeros(0, dtype=bool)
    assert accuracy_difference(none, none).value is None
    assert mean_difference(none.astype(float), none.astype(float)).value is None
