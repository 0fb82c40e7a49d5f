"""The states of a recurrent layer: by PyTorch's fused kernel, or step by step from the same weights where gradients of
single rows are taken, for which that kernel has no rule.

Shapes: B rows, T steps, F features, H units; G gates of H units each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from leadline.nn.transforms import in_transform

# From what the input and the state give to all gates (B,G·H), and the state and memory before, to those after.
Cell = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def states(layer: Any, x_BTF: Tensor, first_1BH: Tensor | None = None) -> Tensor:
    """Return the states (B,T,H) of an `nn.RNNBase` of one direction, which begins with zeros or `first_1BH`."""
    if in_transform(x_BTF, layer.weight_hh_l0):
        return unfused(layer, x_BTF, first_1BH)
    found: Tensor = layer(x_BTF)[0] if first_1BH is None else layer(x_BTF, first_1BH)[0]
    return found


def unfused(layer: Any, x_BTF: Tensor, first_1BH: Tensor | None = None) -> Tensor:
    """Return what `states` does, computed step by step; raises KeyError for cells other than Elman's, LSTM and GRU."""
    cell = CELLS[layer.mode]
    rows = x_BTF.shape[0]
    state_BH = x_BTF.new_zeros(rows, layer.hidden_size) if first_1BH is None else first_1BH[0]
    memory_BH = torch.zeros_like(state_BH)
    of_input_BTG = nn.functional.linear(x_BTF, layer.weight_ih_l0, layer.bias_ih_l0)
    found = []
    for step in range(x_BTF.shape[1]):
        of_state_BG = nn.functional.linear(state_BH, layer.weight_hh_l0, layer.bias_hh_l0)
        state_BH, memory_BH = cell(of_input_BTG[:, step], of_state_BG, state_BH, memory_BH)
        found.append(state_BH)
    return torch.stack(found, 1)


def _elman(input_BG: Tensor, state_BG: Tensor, state_BH: Tensor, memory_BH: Tensor) -> tuple[Tensor, Tensor]:
    return torch.tanh(input_BG + state_BG), memory_BH


def _lstm(input_BG: Tensor, state_BG: Tensor, state_BH: Tensor, memory_BH: Tensor) -> tuple[Tensor, Tensor]:
    taken, kept, new, shown = (input_BG + state_BG).chunk(4, 1)
    memory_BH = torch.sigmoid(kept) * memory_BH + torch.sigmoid(taken) * torch.tanh(new)
    return torch.sigmoid(shown) * torch.tanh(memory_BH), memory_BH


def _gru(input_BG: Tensor, state_BG: Tensor, state_BH: Tensor, memory_BH: Tensor) -> tuple[Tensor, Tensor]:
    (reset, kept, new), (reset_h, kept_h, new_h) = input_BG.chunk(3, 1), state_BG.chunk(3, 1)
    kept_BH = torch.sigmoid(kept + kept_h)
    new_BH = torch.tanh(new + torch.sigmoid(reset + reset_h) * new_h)
    return (1 - kept_BH) * new_BH + kept_BH * state_BH, memory_BH


CELLS: Mapping[str, Cell] = {"RNN_TANH": _elman, "LSTM": _lstm, "GRU": _gru}
