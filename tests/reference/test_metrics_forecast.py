"""Forecast measures against scikit-learn and against the text of their source; intervals against simulated series."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_squared_error
from sklearn.preprocessing import StandardScaler

from leadline.metrics.regression import forecast
from leadline.metrics.statistics.paired import mean_difference


def test_scaled_errors_are_those_of_scikit_learn_on_standardised_values() -> None:
    rng = np.random.default_rng(0)
    train = rng.normal(size=(300, 2)) * [3, 0.2] + [10, -4]
    target, predicted = (rng.normal(size=(50, 4, 2)) * [3, 0.2] + [10, -4] for _ in range(2))
    scaler = StandardScaler().fit(train)
    found = forecast.errors(target, predicted, scaler.scale_)
    measured = forecast.measure_all(found, forecast.Spread(scaler.scale_, np.ones(2)))
    scaled = [scaler.transform(values.reshape(-1, 2)) for values in (target, predicted)]
    np.testing.assert_allclose(measured["mse_scaled"].value, mean_squared_error(*scaled))
    np.testing.assert_allclose(measured["mae_scaled"].value, mean_absolute_error(*scaled))


def test_pinball_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    target, quantiles = rng.normal(size=(50, 4, 1)), np.sort(rng.normal(size=(50, 4, 1, 3)), -1)
    found = forecast.bands(target, quantiles, (0.1, 0.5, 0.9), np.ones(1))
    expected = [
        mean_pinball_loss(target.ravel(), quantiles[..., k].ravel(), alpha=a) for k, a in enumerate((0.1, 0.5, 0.9))
    ]
    np.testing.assert_allclose(forecast.over(found.pinball_nV, found.known_nV, (0.95,)).value, np.mean(expected))


def test_mase_is_hyndmans_ratio() -> None:
    """Hyndman & Koehler 2006: q_t = e_t / mean |Y_i - Y_{i-m}| over the train part, and MASE the mean of |q_t|."""
    y = np.random.default_rng(0).normal(size=120).cumsum()
    train, target, season = y[:100], y[100:104], 4
    naive = np.mean([abs(train[i] - train[i - season]) for i in range(season, 100)])
    predicted = np.repeat(train[-1], 4)
    q = [(a - b) / naive for a, b in zip(target, predicted, strict=True)]
    found = forecast.errors(target[None, :, None], predicted[None, :, None], np.ones(1))
    measured = forecast.measure_all(found, forecast.Spread(np.ones(1), np.array([naive])))
    np.testing.assert_allclose(measured["mase"].value, np.mean(np.abs(q)))


def simulated(rng: np.random.Generator, windows: int = 800, steps: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts of a first-order autoregression whose errors overlap, and worse ones: windows (n,H,1) of errors."""
    x = lfilter([1.0], [1.0, -0.8], rng.normal(size=windows + steps + 60))
    at = 50 + np.arange(windows)
    target = x[at[:, None] + np.arange(steps)]
    best = x[at - 1][:, None] * 0.8 ** np.arange(1, steps + 1)
    return (best - target)[..., None], (x[at - 1][:, None] - target)[..., None]


def test_intervals_cover_the_error_of_overlapping_windows() -> None:
    rng, covered, paired, alone = np.random.default_rng(0), [], [], []
    variance = np.cumsum(0.64 ** np.arange(12))  # of the error of each step, with the true coefficient
    truth = variance.mean()
    worse = np.mean(variance + (1 - 0.8 ** np.arange(1, 13)) ** 2 / (1 - 0.64))  # of the last value, going on
    group = np.arange(800) // 40
    for _ in range(250):
        best, naive = simulated(rng)
        zero = np.zeros_like(best)
        found = [forecast.errors(zero, error, np.ones(1)) for error in (best, naive)]
        for hits, blocks in ((covered, group), (alone, None)):
            low, high = forecast.over(found[0].squared_nV, found[0].known_nV, (0.95,), blocks).intervals[0]
            hits.append(low <= truth <= high)
        rows = [forecast.by_window(one.squared_nV, one.known_nV) for one in found]
        low, high = mean_difference(rows[1], rows[0], (0.95,), group).intervals[0]
        paired.append(low <= worse - truth <= high)
    assert 0.91 < np.mean(covered) < 0.98
    assert 0.91 < np.mean(paired) < 0.98
    assert np.mean(alone) < 0.7  # windows that overlap are not independent


def test_coverage_of_bands_is_covered() -> None:
    rng, hits = np.random.default_rng(1), []
    spread = np.sqrt(np.cumsum(0.64 ** np.arange(12)))[:, None]
    group = np.arange(800) // 40
    for _ in range(200):
        error, _ = simulated(rng)
        quantiles = np.stack([np.broadcast_to(z * spread, error.shape) for z in (-1.2815516, 0.0, 1.2815516)], -1)
        found = forecast.bands(error, quantiles, (0.1, 0.5, 0.9), np.ones(1))
        low, high = forecast.share(found.inside_nVP[:, 0, 0], found.known_nV[:, 0], (0.95,), group).intervals[0]
        hits.append(low <= 0.8 <= high)
    assert 0.91 < np.mean(hits) < 0.985
