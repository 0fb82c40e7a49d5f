"""How many floating-point operations one forward pass takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from leadline.core.catalogue import say

METHOD = (
    "forward pass, 1 multiply-add = 2 FLOPs; matrix products, convolutions and attention are counted, "
    "element-wise work, normalisation, pooling and look-ups are not"
)


class Flops(NamedTuple):
    """A count, or None with the reason why there is none."""

    value: int | None
    why: str | None = None


def count(module: nn.Module, inputs: Mapping[str, Tensor]) -> Flops:
    """Return the FLOPs of ``module(inputs)`` as used for prediction (see `METHOD`).

    The count comes from the operators that really ran, so it holds for any module. There is none where an operator is
    foreign to PyTorch or where nothing that is counted ran: both would be reported too low.
    """
    counter, foreign = FlopCounterMode(display=False), _Foreign()
    with predicting(module), _plain_kernels(), torch.no_grad(), counter, foreign:
        module(inputs)
    if foreign.names:
        return Flops(None, say("machine.no-flop-formula", operators=", ".join(sorted(foreign.names))))
    total = counter.get_total_flops()
    return Flops(total) if total else Flops(None, say("machine.nothing-counted"))


class _Foreign(TorchDispatchMode):  # type: ignore[no-untyped-call]  # PyTorch leaves its modes untyped
    """Notes operators that do not come with PyTorch: what they compute is unknown."""

    supports_higher_order_operators = True

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.namespace not in ("aten", "prim", "prims", "profiler", "higher_order"):
            self.names.add(str(func.name()))
        return func(*args, **(kwargs or {}))


@contextmanager
def predicting(module: nn.Module) -> Iterator[None]:
    """Put a module into evaluation mode within the block; afterwards every part is as it was."""
    training = [m for m in module.modules() if m.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True


@contextmanager
def _plain_kernels() -> Iterator[None]:
    """Switch fused kernels off: a fused LSTM, attention or Transformer layer hides its matrix products from the
    counter.
    """
    # an object in a module's place, which is how PyTorch makes its switches assignable
    onednn: Any = torch.backends.mkldnn
    enabled, fastpath = onednn.enabled, torch.backends.mha.get_fastpath_enabled()
    onednn.enabled = False
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.backends.cudnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        onednn.enabled = enabled
        torch.backends.mha.set_fastpath_enabled(fastpath)
