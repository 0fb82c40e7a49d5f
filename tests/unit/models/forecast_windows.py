"""Windows of four columns, two of which are forecast, and blocks of them for families that are fitted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from leadline.models.contract import Sample
from leadline.nn.batch import Signal, SignalSpec

SPEC = SignalSpec("sequence", (34, 4), ahead=4, past=30, aims=(2, 0))


def module(family: Any, spec: SignalSpec = SPEC, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    return family.build(spec, family.options(**options)).eval()


def x(count: int = 5, spec: SignalSpec = SPEC) -> torch.Tensor:
    return torch.randn(count, *spec.shape, generator=torch.Generator().manual_seed(1))


def forecast(model: nn.Module, x_BTF: torch.Tensor, spec: SignalSpec = SPEC) -> torch.Tensor:
    return model(Signal(x_BTF)).values.view(len(x_BTF), spec.ahead, len(spec.aims), spec.each)


def blocks(x_nTF: np.ndarray, target_nHV: np.ndarray, size: int = 40) -> Callable[[], Iterator[Sample]]:
    def read() -> Iterator[Sample]:
        for start in range(0, len(x_nTF), size):
            some = slice(start, start + size)
            yield Sample(x_nTF[some], target_nHV[some], np.ones(len(x_nTF[some]), dtype=np.float32))

    return read
