"""DLinear against its formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from forecast_windows import forecast, module, x

from leadline.models.forecasting import dlinear, nlinear


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
