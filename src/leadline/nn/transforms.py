"""Whether values are inside a transform of `torch.func`, where one call stands for many rows.

There tensors have no memory of their own to hand to NumPy, fused kernels have no rule for many rows, and buffers that
keep count in training are to be left alone.
"""

from __future__ import annotations

import torch
from torch import Tensor


def in_transform(*tensors: Tensor) -> bool:
    """Return whether one of the tensors is what a transform (`grad`, `vmap`) makes of another."""
    if torch.compiler.is_compiling():
        return False
    return any(torch._C._functorch.is_functorch_wrapped_tensor(x) for x in tensors)
