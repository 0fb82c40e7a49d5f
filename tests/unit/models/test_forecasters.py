"""What is particular to each family that forecasts, against its formula."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from torch import nn

from leadline.core.component import Component
from leadline.errors import UsageError
from leadline.models.build import build_encoder
from leadline.models.contract import Sample
from leadline.models.forecasting import autoregression, dlinear, naive, nlinear, patchtst
from leadline.nn.batch import Signal, SignalSpec

SPEC = SignalSpec("sequence", (34, 4), ahead=4, past=30, aims=(2, 0))


def module(family: Any, spec: SignalSpec = SPEC, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    return family.build(spec, family.options(**options)).eval()


def x(count: int = 5, spec: SignalSpec = SPEC) -> torch.Tensor:
    return torch.randn(count, *spec.shape, generator=torch.Generator().manual_seed(1))


def forecast(model: nn.Module, x_BTF: torch.Tensor, spec: SignalSpec = SPEC) -> torch.Tensor:
    return model(Signal(x_BTF)).values.view(len(x_BTF), spec.ahead, len(spec.aims), spec.each)


@pytest.mark.parametrize(
    "family", [dlinear.FAMILY, nlinear.FAMILY, patchtst.FAMILY, naive.FAMILY, autoregression.FAMILY]
)
def test_each_variable_is_forecast_from_its_own_past_alone(family: Any) -> None:
    model, plain_BTF = module(family), x()
    changed_BTF = plain_BTF.clone()
    changed_BTF[:, 30:] += 1  # what is known ahead
    changed_BTF[:, :, [1, 3]] -= 2  # columns beside
    changed_BTF[:, :30, 0] *= 3  # the other variable
    before, after = forecast(model, plain_BTF), forecast(model, changed_BTF)
    assert torch.equal(before[:, :, 0], after[:, :, 0])
    if family is not autoregression.FAMILY:  # which is the last value before it is fitted
        assert not torch.allclose(before[:, :, 1], after[:, :, 1])


def test_dlinear_continues_a_moving_average_and_the_rest() -> None:
    model: Any = module(dlinear.FAMILY, window=4)
    past_BVL = x()[:, :30].numpy().transpose(0, 2, 1)[:, [2, 0]]
    padded = np.concatenate(
        [past_BVL[..., :1], past_BVL, past_BVL[..., -1:], past_BVL[..., -1:]], 2
    )  # 1 before, 2 after
    trend_BVL = np.stack([padded[..., k : k + 4].mean(-1) for k in range(30)], -1)
    maps = [(m.weight_MGL[0].detach().numpy(), m.bias_MG[0].detach().numpy()) for m in (model.trend, model.rest)]
    expected = trend_BVL @ maps[0][0].T + maps[0][1] + (past_BVL - trend_BVL) @ maps[1][0].T + maps[1][1]
    np.testing.assert_allclose(
        forecast(model, x())[..., 0].detach().numpy().transpose(0, 2, 1), expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("family", [dlinear.FAMILY, nlinear.FAMILY])
def test_individual_maps_are_one_for_each_variable(family: Any) -> None:
    shared, own = module(family), module(family, individual=True)
    assert sum(p.numel() for p in own.parameters()) == 2 * sum(p.numel() for p in shared.parameters())
    both = x().clone()
    both[..., 0] = both[..., 2]
    assert torch.allclose(*forecast(shared, both).unbind(2))
    assert not torch.allclose(*forecast(own, both).unbind(2))


def test_nlinear_and_patchtst_forecast_a_shifted_window_shifted() -> None:
    for family in (nlinear.FAMILY, patchtst.FAMILY):
        model = module(family)
        torch.testing.assert_close(forecast(model, x() + 7), forecast(model, x()) + 7, rtol=1e-4, atol=1e-4)


def test_patchtst_forecasts_a_stretched_window_stretched() -> None:
    model = module(patchtst.FAMILY)
    torch.testing.assert_close(forecast(model, 5 * x()), 5 * forecast(model, x()), rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize(
    ("past", "patch", "stride", "patches"), [(336, 16, 8, 42), (30, 16, 8, 3), (7, 16, 8, 2), (5, 1, 1, 6)]
)
def test_patches_are_as_many_as_in_the_paper(past: int, patch: int, stride: int, patches: int) -> None:
    spec = SignalSpec("sequence", (past, 1), ahead=2, past=past, aims=(0,))
    model: Any = module(patchtst.FAMILY, spec, patch=patch, stride=stride)
    assert model.position_ND.shape == (patches, 16)
    assert forecast(model, x(3, spec), spec).shape == (3, 2, 1, 1)


def test_heads_that_cannot_share_the_features_are_refused_in_words() -> None:
    with pytest.raises(UsageError, match="3 heads cannot share 16 features"):
        build_encoder(Component(name="patchtst", options={"heads": 3}), SPEC, nn.Identity(), "small")


def test_the_last_value_or_season_goes_on() -> None:
    past_BLV = x()[:, :30, [2, 0]]
    last = forecast(module(naive.FAMILY), x())[..., 0]
    assert torch.equal(last, past_BLV[:, -1:].expand(-1, 4, -1))
    seasonal = forecast(module(naive.SEASONAL, season=3), x())[..., 0]
    assert torch.equal(seasonal, past_BLV[:, [27, 28, 29, 27]])
    with pytest.raises(UsageError, match="--lookback 31"):
        module(naive.SEASONAL, season=31)


def blocks(x_nTF: np.ndarray, target_nHV: np.ndarray, size: int = 40) -> Callable[[], Iterator[Sample]]:
    def read() -> Iterator[Sample]:
        for start in range(0, len(x_nTF), size):
            some = slice(start, start + size)
            yield Sample(x_nTF[some], target_nHV[some], np.ones(len(x_nTF[some]), dtype=np.float32))

    return read


def test_a_season_that_is_not_given_is_the_one_that_repeats_best() -> None:
    rng = np.random.default_rng(0)
    time_nT = rng.integers(0, 99, (3000, 1)) + np.arange(34)
    x_nTF = (np.sin(2 * np.pi * time_nT / 7)[..., None] + 0.1 * rng.normal(size=(3000, 34, 4))).astype(np.float32)
    model: Any = module(naive.SEASONAL)
    notes = naive.fit(model, blocks(x_nTF, x_nTF[:, 30:, [2, 0]]), None, 0).notes
    assert int(model.season) in (7, 14, 21, 28)
    assert f"a season of {int(model.season)} steps" in notes[0]
    assert "750 train windows" in notes[0]  # every fourth of 3,000


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
    assert "least squared error on validation windows" in notes[0]
    kept = np.arange(300) % 3 > 0
    other: Any = module(autoregression.FAMILY, l2=0.01)
    autoregression.fit(other, blocks(x_nTF[kept], target_nHV[kept]), None, 0)
    same: Any = module(autoregression.FAMILY, l2=0.01)
    autoregression.fit(same, blocks(x_nTF, target_nHV), None, 0)
    torch.testing.assert_close(other.weight_HL, same.weight_HL)
    with pytest.raises(ValueError, match="no train window has a known target"):
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
