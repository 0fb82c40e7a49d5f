"""Autoregression against ridge regression."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from forecast_windows import blocks, module
from sklearn.linear_model import Ridge

from leadline.models.forecasting import autoregression
from sentences import says


def test_autoregression_is_ridge_regression_from_the_last_value_on() -> None:
    rng = np.random.default_rng(0)
    x_nTF = rng.normal(size=(200, 34, 4)).astype(np.float32).cumsum(1)
    target_nHV = x_nTF[:, 30:, [2, 0]] + 0.3
    model: Any = module(autoregression.FAMILY, l2=0.05)
    autoregression.fit(model, blocks(x_nTF, target_nHV), None, 0)
    past_mL = x_nTF[:, :30, [2, 0]].transpose(0, 2, 1).reshape(-1, 30).astype(np.float64)
    ahead_mH = target_nHV.transpose(0, 2, 1).reshape(-1, 4) - past_mL[:, -1:]
    past_mL = past_mL - past_mL[:, -1:]
    ridge = Ridge(alpha=0.05 * np.square(past_mL).sum() / 30).fit(past_mL, ahead_mH)
    np.testing.assert_allclose(model.weight_HL.numpy(), ridge.coef_, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(model.bias_H.numpy(), ridge.intercept_, rtol=1e-3, atol=1e-3)


def test_autoregression_chooses_its_penalty_on_validation_windows_and_leaves_out_what_is_missing() -> None:
    rng = np.random.default_rng(0)
    x_nTF = rng.normal(size=(300, 34, 4)).astype(np.float32)  # nothing can be learnt: the strongest penalty is best
    target_nHV = x_nTF[:, 30:, [2, 0]].copy()
    target_nHV[::3] = np.nan
    model: Any = module(autoregression.FAMILY)
    notes = autoregression.fit(
        model, blocks(x_nTF, target_nHV), blocks(x_nTF[:50] * 2, 2 * x_nTF[:50, 30:][..., [2, 0]]), 0
    ).notes
    assert "lowest squared error on validation windows" in notes[0]
    kept = np.arange(300) % 3 > 0
    other: Any = module(autoregression.FAMILY, l2=0.01)
    autoregression.fit(other, blocks(x_nTF[kept], target_nHV[kept]), None, 0)
    same: Any = module(autoregression.FAMILY, l2=0.01)
    autoregression.fit(same, blocks(x_nTF, target_nHV), None, 0)
    torch.testing.assert_close(other.weight_HL, same.weight_HL)
    with pytest.raises(ValueError, match=says("models.no-known-target")):
        autoregression.fit(model, blocks(x_nTF, np.full_like(target_nHV, np.nan)), None, 0)


def test_a_missing_target_takes_the_value_known_before_it() -> None:
    x_nTF = np.zeros((1, 34, 4), dtype=np.float32)
    x_nTF[:, 29, [2, 0]] = 5
    target_nHV = np.array([[[np.nan, 1], [7, np.nan], [np.nan, 2], [8, np.nan]]], dtype=np.float32)
    model: Any = module(autoregression.FAMILY)
    sums = autoregression.products(model, blocks(x_nTF, target_nHV))
    ahead = np.array([[0, 2, 2, 3], [-4, -4, -3, -3]])  # from the last value, 5
    assert sums.yy == pytest.approx(np.square(ahead).sum())
    np.testing.assert_allclose(sums.xy_PH[-1], ahead.sum(0))
