from __future__ import annotations

import numpy as np
import pytest

from leadline.core.catalogue import say
from leadline.metrics.regression import regressor


def data(n: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    predicted_n = rng.normal(size=n)
    return predicted_n + 0.5 * rng.normal(size=n), predicted_n.astype(np.float32)


def test_every_measure_has_nested_intervals_that_hold_it() -> None:
    results = regressor.measure_all(*data(), levels=(0.95, 0.99))
    assert set(results) == {"mse", "rmse", "mae", "median_absolute_error", "r2"}
    for m in results.values():
        assert m.value is not None
        (low, high), (wide_low, wide_high) = m.intervals
        assert wide_low <= low < m.value < high <= wide_high


def test_values_are_those_of_the_definitions() -> None:
    target_n, predicted_n = data()
    error_n = predicted_n.astype(np.float64) - target_n
    values = {name: m.value for name, m in regressor.measure_all(target_n, predicted_n).items()}
    assert values == pytest.approx(
        {
            "mse": np.mean(error_n**2),
            "rmse": np.sqrt(np.mean(error_n**2)),
            "mae": np.mean(np.abs(error_n)),
            "median_absolute_error": np.median(np.abs(error_n)),
            "r2": 1 - np.sum(error_n**2) / np.sum((target_n - target_n.mean()) ** 2),
        },
        rel=1e-6,
    )


def test_rmse_is_the_root_of_mse_with_its_interval() -> None:
    results = regressor.measure_all(*data())
    assert results["rmse"].intervals[0] == pytest.approx(np.sqrt(results["mse"].intervals[0]))


def test_r2_is_absent_for_a_constant_target_and_below_zero_for_a_bad_one() -> None:
    m = regressor.r2(np.ones(5), np.arange(5.0), (0.95,))
    assert m.value is None
    assert m.why == say("metrics.r2-undefined")
    worse = regressor.r2(np.arange(5.0), -10 * np.arange(5.0), (0.95,))
    assert worse.value is not None and worse.value < 0


def test_intervals_scale_with_the_unit() -> None:
    target_n, predicted_n = data()
    metres, millimetres = (
        regressor.measure_all(target_n, predicted_n),
        regressor.measure_all(1000 * target_n, 1000.0 * predicted_n),
    )
    assert millimetres["mae"].intervals[0] == pytest.approx(1000 * np.array(metres["mae"].intervals[0]), rel=1e-5)
    assert millimetres["r2"].intervals[0] == pytest.approx(metres["r2"].intervals[0], rel=1e-5)


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
@pytest.mark.parametrize("grouped", [False, True])
def test_hardly_any_rows_give_numbers_or_reasons(rows: int, grouped: bool) -> None:
    target_n, predicted_n = data(rows)
    group = np.arange(rows) // 2 if grouped else None
    for m in regressor.measure_all(target_n, predicted_n, levels=(0.95, 0.9999), group=group).values():
        assert (m.value is None) == bool(m.why)
        ends = [end for interval in m.intervals for end in interval]
        assert np.isfinite([m.value or 0.0, *ends]).all()


def test_a_perfect_prediction_has_no_interval() -> None:
    results = regressor.measure_all(np.arange(10.0), np.arange(10.0))
    assert results["r2"].value == 1.0
    assert results["r2"].intervals == ()
    assert results["mse"].intervals == ()


def test_repeating_every_row_does_not_narrow_grouped_intervals() -> None:
    target_n, predicted_n = data(60)
    alone = regressor.measure_all(target_n, predicted_n)
    repeated = regressor.measure_all(
        np.repeat(target_n, 5), np.repeat(predicted_n, 5), group=np.repeat(np.arange(60), 5)
    )
    for name in ("mse", "mae", "r2"):
        assert repeated[name].intervals[0] == pytest.approx(alone[name].intervals[0], rel=1e-6)
