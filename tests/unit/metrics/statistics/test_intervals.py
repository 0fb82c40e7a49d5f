from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from leadline.metrics.statistics import intervals


def test_wilson_stays_informative_at_the_ends() -> None:
    ((low, high),) = intervals.wilson(50, 50, (0.95,))
    assert high == 1.0
    assert low == pytest.approx(50 / (50 + 1.959964**2), abs=1e-6)
    ((low, high),) = intervals.wilson(0, 1, (0.95,))
    assert low == 0.0
    assert 0.7 < high < 0.9


def test_wilson_of_no_rows_is_empty_and_of_one_group_says_nothing() -> None:
    assert intervals.wilson(0, 0, (0.95, 0.99)) == ()
    assert intervals.wilson(9, 10, (0.95, 0.99), units=1) == ((0.0, 1.0), (0.0, 1.0))


def test_stricter_levels_are_wider() -> None:
    values_n = np.random.default_rng(0).lognormal(size=50)
    for found in (
        intervals.wilson(30, 40, (0.9, 0.95, 0.99)),
        intervals.mean(values_n, (0.9, 0.95, 0.99)),
        intervals.median(values_n, (0.9, 0.95, 0.99)),
    ):
        widths = [high - low for low, high in found]
        assert widths == sorted(widths)
        assert widths[0] < widths[-1]


def test_groups_of_one_row_change_only_the_quantile() -> None:
    right_n = np.arange(60) % 5 != 0
    ((low, high),) = intervals.proportion(right_n, (0.95,), np.arange(60))
    ((lone_low, lone_high),) = intervals.proportion(right_n, (0.95,))
    assert low == pytest.approx(lone_low, abs=0.01)
    assert high == pytest.approx(lone_high, abs=0.01)
    assert high - low > lone_high - lone_low


def test_repeating_every_row_does_not_narrow_a_grouped_interval() -> None:
    right_n = np.arange(40) % 7 != 0
    ((once_low, once_high),) = intervals.proportion(right_n, (0.95,), np.arange(40))
    ((low, high),) = intervals.proportion(np.repeat(right_n, 10), (0.95,), np.repeat(np.arange(40), 10))
    assert (low, high) == pytest.approx((once_low, once_high), abs=2e-3)
    values_n = np.random.default_rng(1).exponential(size=40)
    repeated = intervals.mean(np.repeat(values_n, 10), (0.95,), np.repeat(np.arange(40), 10))
    assert repeated[0] == pytest.approx(intervals.mean(values_n, (0.95,))[0])


def test_all_right_in_groups_counts_the_groups() -> None:
    found = intervals.proportion(np.ones(100, dtype=bool), (0.95,), np.repeat(np.arange(20), 5))
    assert found == intervals.wilson(20, 20, (0.95,), units=20)


def test_order_and_names_of_groups_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    right_n, group_n = rng.random(90) < 0.8, rng.integers(15, size=90)
    order = rng.permutation(90)
    renamed = 1000 - 7 * group_n[order]
    assert intervals.proportion(right_n, (0.95,), group_n)[0] == pytest.approx(
        intervals.proportion(right_n[order], (0.95,), renamed)[0]
    )


def test_a_mean_without_spread_or_rows_has_no_interval() -> None:
    assert intervals.mean(np.full(30, 0.1), (0.95,)) == ()
    assert intervals.mean(np.array([2.0]), (0.95,)) == ()
    assert intervals.mean(np.array([]), (0.95,)) == ()
    assert intervals.mean(np.arange(10.0), (0.95,), np.zeros(10, dtype=int)) == ()


def test_tiny_values_keep_their_interval() -> None:
    values_n = np.random.default_rng(3).exponential(size=100)
    ((low, high),) = intervals.mean(values_n * 1e-20, (0.95,))
    assert (low * 1e20, high * 1e20) == pytest.approx(intervals.mean(values_n, (0.95,))[0])


def test_skewed_values_reach_further_to_the_long_side() -> None:
    values_n = np.random.default_rng(4).lognormal(sigma=1.2, size=120)
    ((low, high),) = intervals.mean(values_n, (0.95,))
    assert high - values_n.mean() > 1.2 * (values_n.mean() - low)
    ((mirrored_low, mirrored_high),) = intervals.mean(-values_n, (0.95,))
    assert (mirrored_low, mirrored_high) == pytest.approx((-high, -low))


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("rows", [15, 30, 60, 180])
def test_one_row_that_has_most_of_the_sum_makes_no_endless_arm(rows: int, level: float) -> None:
    values_n = np.append(np.random.default_rng(5).exponential(size=rows - 1), 10.0 * rows)
    ((low, high),) = intervals.mean(values_n, (level,))
    error = intervals.error_of(values_n - values_n.mean())
    assert error is not None
    reach = intervals.bootstrap_arm(intervals.quantiles((level,)), error.skewness / np.sqrt(rows))
    assert high - values_n.mean() <= 1.2 * float(reach[0]) * error.size + 1e-9
    assert high - values_n.mean() > values_n.mean() - low


def test_no_arm_is_half_as_long_again_as_that_of_a_bootstrap() -> None:
    rng = np.random.default_rng(6)
    for values_n in (rng.exponential(size=30), rng.lognormal(size=60), rng.standard_t(3, size=15) ** 2):
        found = stats.bootstrap((values_n,), np.mean, method="BCa", n_resamples=9999, rng=rng).confidence_interval
        ((low, high),) = intervals.mean(values_n, (0.95,))
        centre = values_n.mean()
        assert high - centre <= 1.5 * (found.high - centre)
        assert centre - low <= 1.5 * (centre - found.low)


def test_values_of_little_skewness_keep_their_correction() -> None:
    values_n = np.random.default_rng(7).exponential(size=400)
    error = intervals.error_of(values_n - values_n.mean())
    assert error is not None
    t, bend = stats.t.ppf(0.975, 399), error.skewness / 20
    reach = 3 * (np.cbrt(1 - bend * (t + bend / 6)) - 1) / -bend
    ((_, high),) = intervals.mean(values_n, (0.95,))
    assert high == pytest.approx(values_n.mean() + reach * error.size)


def test_ends_are_cut_at_what_the_mean_cannot_pass() -> None:
    ((low, _),) = intervals.mean(np.array([0.0, 0.0, 1.0]), (0.99,), low=0.0)
    assert low == 0.0


def test_the_median_needs_enough_rows() -> None:
    assert intervals.median(np.arange(5.0), (0.95,)) == ()
    ((low, high),) = intervals.median(np.arange(101.0), (0.95,))
    assert 38 <= low < 50 < high <= 61
    assert intervals.median(np.arange(100.0), (0.95,), np.arange(100) // 25) == ()


def test_a_rare_class_that_is_all_right_is_still_in_doubt() -> None:
    alone = intervals.wilson(900, 1000, (0.95,))[0]
    share_C, rows_C = np.array([0.9, 1.0]), np.array([1000.0, 5.0])
    ((low, high),) = intervals.mean_of_shares(share_C, rows_C, np.eye(2), (0.95,), most=1005)
    assert high - low > 3 * (alone[1] - alone[0])


def test_correlated_classes_make_a_mean_less_certain() -> None:
    share_C, rows_C = np.array([0.8, 0.9]), np.array([100.0, 100.0])

    def width(correlation: float) -> float:
        matrix_CC = np.array([[1.0, correlation], [correlation, 1.0]])
        ((low, high),) = intervals.mean_of_shares(share_C, rows_C, matrix_CC, (0.95,), most=200)
        return high - low

    assert width(0.9) > width(0.0)
    assert width(-1.0) == pytest.approx(width(0.0), rel=0.02)  # no more certain than the rows there are


def test_students_t_has_a_degree_of_freedom_less_than_there_are_units() -> None:
    assert intervals.quantiles((0.95,), 10)[0] == pytest.approx(2.262157, abs=1e-6)  # t of 9 degrees, from a table


def test_rows_that_groups_are_worth_by_hand() -> None:
    """Shares 1/2, 0, 1, 1/2 of two rows each: variance of the mean 2/64 · 4/3 = 1/24, and 1/4 over it is 6 rows."""
    rows, groups = intervals.effective_rows(np.array([1.0, 0, 2, 1]), np.full(4, 2.0))
    assert (rows, groups) == (pytest.approx(6.0), 4)


@pytest.mark.parametrize("rest", [[1] * 15, [5, 4, 3, 2, 1]])
def test_a_group_that_holds_half_of_the_rows_leaves_fewer_than_groups_of_one_size(rest: list[int]) -> None:
    whole_G = np.array([15, *rest], dtype=float)
    right_G = np.round(0.8 * whole_G)
    right_G[0] = 8  # the large one does worse than the others
    rows, groups = intervals.effective_rows(right_G, whole_G)
    even, _ = intervals.effective_rows(np.array([3.0, 2, 3, 3, 1, 3, 3, 3, 2, 1]), np.full(10, 3.0))
    assert groups == 1 + len(rest)
    assert rows < even


def test_all_right_in_uneven_groups_counts_fewer_than_the_groups() -> None:
    whole_G = np.array([20.0, 5, 5, 5, 5])
    rows, groups = intervals.effective_rows(whole_G, whole_G)
    assert (rows, groups) == (pytest.approx(40**2 / 500), 5)


def test_groups_of_one_size_vary_as_they_are_seen_to() -> None:
    part_G, whole_G = np.array([3.0, 5, 2, 4]), np.full(4, 5.0)
    rows, _ = intervals.effective_rows(part_G, whole_G)
    assert rows == pytest.approx(0.7 * 0.3 / (np.var(part_G / 5, ddof=1) / 4))
