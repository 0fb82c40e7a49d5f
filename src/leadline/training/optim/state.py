"""The state of a running optimizer as named tensors: what a checkpoint holds of it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.errors import RunError


def state_of(running: torch.optim.Optimizer, names: Mapping[nn.Parameter, str]) -> dict[str, Tensor]:
    """Return the live state tensors as ``<parameter>.<key>``."""
    kept = ((name, running.state[p]) for p, name in names.items() if p in running.state)
    return {f"{name}.{key}": value for name, state in kept for key, value in state.items() if isinstance(value, Tensor)}


def load_state(
    running: torch.optim.Optimizer, names: Mapping[nn.Parameter, str], tensors: Mapping[str, Tensor]
) -> None:
    """Put back what `state_of` returned, bit for bit; raises RunError where a tensor belongs to no parameter.

    Tensors take the memory layout and device of their parameter, which fused updates rely on; the count of steps of one
    that is not fused stays on the CPU, where PyTorch's own have it.
    """
    counted = [group for group in running.param_groups if group.get("fused", True) or group.get("capturable")]
    on_device = {p for group in counted for p in group["params"]}
    parameters = {name: p for p, name in names.items()}
    running.state.clear()
    for full, saved in tensors.items():
        name, _, key = full.rpartition(".")
        if name not in parameters:
            raise RunError(say("training.checkpoint-of-another-network", name=name))
        p = parameters[name]
        fits = saved.shape == p.shape and key != "step"
        value = (
            torch.empty_like(p, dtype=saved.dtype, requires_grad=False)
            if fits
            else torch.empty_like(saved, device=p.device if key != "step" or p in on_device else "cpu")
        )
        running.state[p][key] = value.copy_(saved)
