from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from leadline.metrics.classification import temperature


def overconfident(n: int, by: float, seed: int = 0, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return targets drawn from softmax(z), and the probabilities softmax(by * z) that claim too much."""
    rng = np.random.default_rng(seed)
    z_nC = 1.5 * rng.normal(size=(n, classes))
    true_nC = np.exp(z_nC) / np.exp(z_nC).sum(1, keepdims=True)
    target_n = (true_nC.cumsum(1) < rng.random((n, 1))).sum(1).clip(max=classes - 1)
    claimed_nC = np.exp(by * z_nC)
    return target_n, (claimed_nC / claimed_nC.sum(1, keepdims=True)).astype(np.float32)


def test_the_temperature_is_that_of_least_loss() -> None:
    target_n, probability_nC = overconfident(400, 2.5)

    def loss(log_temperature: float) -> float:
        scaled_nC = temperature.scaled(probability_nC, float(np.exp(log_temperature)))
        return float(-np.log(scaled_nC[np.arange(400), target_n]).mean())

    best = optimize.minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-9})
    assert temperature.fit(target_n, probability_nC).value == pytest.approx(np.exp(best.x), rel=1e-5)


def test_the_truth_is_found_and_its_interval_covers() -> None:
    found = [temperature.fit(*overconfident(400, 2.5, seed)) for seed in range(300)]
    assert np.median([f.value for f in found]) == pytest.approx(2.5, rel=0.03)
    held = [f.interval is not None and f.interval[0] <= 2.5 <= f.interval[1] for f in found]
    assert 0.91 <= np.mean(held) <= 0.985


def test_a_gain_is_demonstrated_where_there_is_one_and_hardly_ever_where_there_is_none() -> None:
    def demonstrated(by: float, seed: int) -> bool:
        interval = temperature.fit(*overconfident(300, by, seed)).change.intervals
        return bool(interval) and interval[0][1] < 0

    assert np.mean([demonstrated(2.5, seed) for seed in range(40)]) > 0.9
    assert np.mean([demonstrated(1.0, seed) for seed in range(200)]) < 0.05


def test_the_change_is_measured_on_rows_that_the_temperature_was_not_fitted_on() -> None:
    # Where nothing is to be gained, what is fitted on other rows costs on the mean; fitted on the same it never would.
    changes = [temperature.fit(*overconfident(60, 1.0, seed)).change.value for seed in range(60)]
    assert all(change is not None for change in changes)
    assert np.mean([change for change in changes if change is not None]) > 0


def test_scaling_back_undoes_scaling() -> None:
    _, probability_nC = overconfident(50, 1.3)
    again_nC = temperature.scaled(temperature.scaled(probability_nC, 1.7), 1 / 1.7)
    np.testing.assert_allclose(again_nC, probability_nC, rtol=1e-5)


def test_extremes_end_at_the_bounds_and_stay_finite() -> None:
    target_n = np.arange(200) % 2
    right_nC = np.where(np.eye(2)[target_n] > 0, 0.9, 0.1)
    sure = temperature.fit(target_n, right_nC)
    assert sure.value == pytest.approx(temperature.COLDEST, rel=1e-3)
    useless = temperature.fit(target_n, right_nC[::-1])
    assert useless.value == pytest.approx(temperature.HOTTEST, rel=1e-3)
    certain_nC = np.eye(2)[target_n]
    assert np.isfinite(temperature.fit(target_n, certain_nC).value)


def test_rows_of_one_group_are_held_out_together_and_widen_the_interval() -> None:
    target_n, probability_nC = overconfident(200, 2.0)
    once = temperature.fit(target_n, probability_nC)
    many = temperature.fit(
        np.repeat(target_n, 6), np.repeat(probability_nC, 6, axis=0), group_n=np.repeat(np.arange(200), 6)
    )
    assert many.value == pytest.approx(once.value, rel=1e-6)
    assert once.interval is not None
    assert many.interval == pytest.approx(once.interval, rel=0.01)
    assert many.change.intervals[0] == pytest.approx(once.change.intervals[0], abs=5e-3)
    assert temperature.fit(target_n, probability_nC, group_n=np.zeros(200, dtype=int)).change.intervals == ()


def newton(target_n: np.ndarray, score_nC: np.ndarray) -> float:
    """Return the scale of least loss by Newton's method within a bracket, as it was found before SciPy found it."""
    low, high, scale = 1 / temperature.HOTTEST, 1 / temperature.COLDEST, 1.0
    for _ in range(50):
        power_nC = np.exp(scale * score_nC - (scale * score_nC).max(1, keepdims=True))
        probability_nC = power_nC / power_nC.sum(1, keepdims=True)
        mean_n = (probability_nC * score_nC).sum(1)
        slope = (mean_n - score_nC[np.arange(len(target_n)), target_n]).mean()
        bend = (probability_nC * (score_nC - mean_n[:, None]) ** 2).sum(1).mean()
        low, high = (low, scale) if slope > 0 else (scale, high)
        step = scale - slope / bend if bend > 0 else high
        following = step if low < step < high else (low * high) ** 0.5
        if abs(following - scale) <= 1e-10 * scale:
            break
        scale = following
    return scale


@pytest.mark.parametrize("by", [0.3, 1.0, 2.5, 8.0])
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_the_scale_is_the_one_that_newtons_method_finds(by: float, classes: int) -> None:
    for seed in range(5):
        target_n, probability_nC = overconfident(200, by, seed, classes)
        score_nC = np.log(probability_nC.astype(np.float64))
        assert temperature.best_scale(target_n, score_nC) == pytest.approx(newton(target_n, score_nC), rel=1e-8)


def test_weights_count_rows_as_often() -> None:
    target_n, probability_nC = overconfident(200, 2.5)
    score_nC, often_n = np.log(probability_nC), np.arange(200) % 4
    repeated = np.repeat(target_n, often_n), np.repeat(score_nC, often_n, axis=0)
    weighted = temperature.best_scale(target_n, score_nC, often_n.astype(float))
    assert weighted == pytest.approx(temperature.best_scale(*repeated), rel=1e-9)
    assert weighted != pytest.approx(temperature.best_scale(target_n, score_nC), rel=1e-3)


def test_bounds_hold_where_rows_are_separated() -> None:
    target_n, score_nC = np.arange(20) % 2, np.eye(2)[np.arange(20) % 2]
    assert temperature.best_scale(target_n, score_nC, bounds=(0.1, 150.0)) == 150.0
    assert temperature.best_scale(target_n, -score_nC, bounds=(0.1, 150.0)) == 0.1
