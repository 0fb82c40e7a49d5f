"""NLinear against its formula."""

from __future__ import annotations

import torch
from forecast_windows import forecast, module, x

from leadline.models.forecasting import nlinear


def test_a_shifted_window_is_forecast_shifted() -> None:
    model = module(nlinear.FAMILY)
    torch.testing.assert_close(forecast(model, x() + 7), forecast(model, x()) + 7, rtol=1e-4, atol=1e-4)
