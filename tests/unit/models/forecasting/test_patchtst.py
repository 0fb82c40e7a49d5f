"""PatchTST: its patches, and what it makes of windows that are shifted and stretched."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from forecast_windows import SPEC, forecast, module, x
from torch import nn

from leadline.core.component import Component
from leadline.errors import UsageError
from leadline.models.build import build_encoder
from leadline.models.forecasting import patchtst
from leadline.nn.batch import SignalSpec
from sentences import says


def test_a_shifted_window_is_forecast_shifted() -> None:
    model = module(patchtst.FAMILY)
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
    with pytest.raises(UsageError, match=says("options.wrong-together")):
        build_encoder(Component(name="patchtst", options={"heads": 3}), SPEC, nn.Identity(), "small")
