"""Families that forecast, whichever they are."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

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
