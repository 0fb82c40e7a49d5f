"""How far forecasts are off: missing targets left out, variables and steps told apart, memory bounded."""

from __future__ import annotations

import numpy as np
import pytest

from leadline.core.catalogue import say
from leadline.metrics.regression import forecast

RNG = np.random.default_rng(0)
N, H, V = 40, 6, 3
STD = np.array([2.0, 0.5, 10.0])
NAIVE = np.array([1.5, 0.25, 4.0])


def windows(missing: float = 0.0, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    target = (rng.normal(size=(n, H, V)) * STD).astype(np.float32)
    predicted = (target + rng.normal(size=target.shape) * STD).astype(np.float32)
    target[rng.random(target.shape) < missing] = np.nan
    return target, predicted


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_errors_are_means_over_known_cells(missing: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "CELLS", 7 * H * V)  # several blocks
    target, predicted = windows(missing)
    found = forecast.errors(target, predicted, STD, cost=np.abs)
    measured = forecast.measure_all(found, forecast.Spread(STD, NAIVE))
    error = predicted.astype(np.float64) - target
    assert measured["mse"].value == pytest.approx(np.nanmean(error**2))
    assert measured["mae"].value == pytest.approx(np.nanmean(np.abs(error)))
    assert measured["mse_scaled"].value == pytest.approx(np.nanmean((error / STD) ** 2))
    assert measured["mae_scaled"].value == pytest.approx(np.nanmean(np.abs(error / STD)))
    assert measured["mase"].value == pytest.approx(np.nanmean(np.abs(error) / NAIVE))
    assert found.cost_nV.sum() / found.known_nV.sum() == pytest.approx(measured["mae_scaled"].value)
    one = forecast.measure_all(found, forecast.Spread(STD, NAIVE), variable=1)
    assert one["mse"].value == pytest.approx(np.nanmean(error[..., 1] ** 2))
    assert one["mase"].value == pytest.approx(np.nanmean(np.abs(error[..., 1])) / 0.25)
    steps = forecast.by_step(found, (0.95,), None, [0, 5])
    assert [m.value for m in steps] == pytest.approx([np.nanmean((error[:, h] / STD) ** 2) for h in (0, 5)])
    assert set(measured) == set(forecast.NAMES)


def test_windows_without_a_known_target_do_not_count() -> None:
    target, predicted = windows()
    some = forecast.measure_all(forecast.errors(target[:30], predicted[:30], STD), forecast.Spread(STD, NAIVE))
    target[30:] = np.nan
    groups = np.arange(N) // 5
    for group in (None, groups):
        found = forecast.measure_all(forecast.errors(target, predicted, STD), forecast.Spread(STD, NAIVE), group=group)
        assert found["mse"].n == 30
        assert found["mse"].value == pytest.approx(some["mse"].value)
    target[:] = np.nan
    absent = forecast.measure_all(forecast.errors(target, predicted, STD), forecast.Spread(STD, NAIVE))
    assert all(m.value is None and m.why == say("metrics.no-known-targets") for m in absent.values())


def test_a_variable_that_repeats_itself_in_train_has_no_mase() -> None:
    target, predicted = windows()
    found = forecast.errors(target, predicted, STD)
    still = forecast.Spread(STD, np.array([1.5, 0.0, 4.0]))
    assert forecast.measure_all(found, still, variable=1)["mase"].value is None
    others = np.abs(predicted - target)[..., [0, 2]] / [1.5, 4.0]
    assert forecast.measure_all(found, still)["mase"].value == pytest.approx(others.mean(), rel=1e-5)


def test_a_window_has_its_own_mean_where_all_is_known() -> None:
    target, predicted = windows()
    found = forecast.errors(target, predicted, STD)
    np.testing.assert_allclose(
        forecast.by_window(found.squared_nV, found.known_nV), ((predicted - target) ** 2).mean((1, 2)), rtol=1e-5
    )
    target, predicted = windows(0.3)
    found = forecast.errors(target, predicted, STD)
    value = forecast.by_window(found.squared_nV, found.known_nV).mean()
    assert value == pytest.approx(found.squared_nV.sum() / found.known_nV.sum())


def test_blocks_of_windows_are_what_is_counted() -> None:
    target, predicted = windows()
    predicted = target + np.repeat(RNG.normal(size=(8, 1, 1)), 5, 0).astype(np.float32)  # alike within a block of five
    found = forecast.errors(target, predicted, STD)
    alone, blocked = (
        forecast.measure_all(found, forecast.Spread(STD, NAIVE), group=group)["mse"]
        for group in (None, np.arange(N) // 5)
    )
    assert "summed by group" in blocked.method
    assert np.ptp(blocked.intervals[0]) > 1.5 * np.ptp(alone.intervals[0])


SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_quantiles_against_their_definitions(missing: float) -> None:
    target, centre = windows(missing)
    quantiles = np.sort(centre[..., None] + np.linspace(-1, 1, 5) * STD[:, None], -1).astype(np.float32)
    found = forecast.bands(target, quantiles, SHARES, STD)
    known = ~np.isnan(target)
    inside = (target >= quantiles[..., 0]) & (target <= quantiles[..., -1])
    assert forecast.central(SHARES) == [(0, 4), (1, 3)]
    held = forecast.share(found.inside_nVP[:, :, 0].sum(1), found.known_nV.sum(1), (0.95,), None)
    assert held.value == pytest.approx(inside[known].mean())
    assert held.intervals[0][0] < held.value < held.intervals[0][1]
    error = (target[..., None].astype(np.float64) - quantiles) / STD[:, None]
    pinball = np.maximum(np.array(SHARES) * error, (np.array(SHARES) - 1) * error).mean(-1)
    assert forecast.over(found.pinball_nV, found.known_nV, (0.95,)).value == pytest.approx(
        np.nanmean(pinball), rel=1e-5
    )
    assert forecast.over(found.width_nV, found.known_nV, (0.95,)).value == pytest.approx(2.0, rel=1e-5)
    bins = forecast.calibration(found, SHARES, None)
    assert [b["confidence"] for b in bins] == list(SHARES)
    assert [b["accuracy"] for b in bins] == pytest.approx(
        [(target <= quantiles[..., k])[known].mean() for k in range(5)]
    )


def test_without_windows_nothing_is_measured() -> None:
    target, predicted = windows(n=0)
    found = forecast.bands(target, np.zeros((*target.shape, 5)), SHARES, STD)
    assert forecast.errors(target, predicted, STD).squared_nV.shape == (0, V)
    assert forecast.share(found.inside_nVP[:, :, 0].sum(1), found.known_nV.sum(1), (0.95,), None).value is None
    assert forecast.calibration(found, SHARES, None) == []
