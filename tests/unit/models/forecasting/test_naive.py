"""The last value and the last season, which go on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from forecast_windows import blocks, forecast, module, x

from leadline.errors import UsageError
from leadline.models.forecasting import naive
from sentences import says


def test_the_last_value_or_season_goes_on() -> None:
    past_BLV = x()[:, :30, [2, 0]]
    last = forecast(module(naive.FAMILY), x())[..., 0]
    assert torch.equal(last, past_BLV[:, -1:].expand(-1, 4, -1))
    seasonal = forecast(module(naive.SEASONAL, season_length=3), x())[..., 0]
    assert torch.equal(seasonal, past_BLV[:, [27, 28, 29, 27]])
    with pytest.raises(UsageError, match=says("models.season-above-context", season=31)):
        module(naive.SEASONAL, season_length=31)


def test_a_season_that_is_not_given_is_the_one_that_repeats_best() -> None:
    rng = np.random.default_rng(0)
    time_nT = rng.integers(0, 99, (3000, 1)) + np.arange(34)
    x_nTF = (np.sin(2 * np.pi * time_nT / 7)[..., None] + 0.1 * rng.normal(size=(3000, 34, 4))).astype(np.float32)
    model: Any = module(naive.SEASONAL)
    notes = naive.fit(model, blocks(x_nTF, x_nTF[:, 30:, [2, 0]]), None, 0).notes
    assert int(model.season) in (7, 14, 21, 28)
    assert f"Season of {int(model.season)} steps" in notes[0]
    assert "750 training windows" in notes[0]  # every fourth of 3,000
