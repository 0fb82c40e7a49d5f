"""Recurrent networks: Elman, LSTM and GRU cells, stacked, in one or both directions.

A step of each, x_t being the input and h the state (biases left out; σ is the logistic function, ⊙ the product of entries):

- Elman: h_t = tanh(W x_t + U h_{t-1})
- LSTM: i, f, o = σ(W x_t + U h_{t-1}), each with matrices of its own; g = tanh(W x_t + U h_{t-1}); c_t = f ⊙ c_{t-1} + i ⊙ g;
  h_t = o ⊙ tanh(c_t)
- GRU: r, z = σ(W x_t + U h_{t-1}); n = tanh(W x_t + r ⊙ (U h_{t-1})); h_t = (1 − z) ⊙ n + z ⊙ h_{t-1}

In Cho et al. (2014) z and 1 − z are the other way round and r multiplies h before U does; cuDNN's form, which this is, computes all
products with h at once.

Shapes: B rows, T steps, F features, H units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from leadline.facts.base import Fact
from leadline.layers.contracts import Family
from leadline.layers.dropout import Dropout
from leadline.layers.types import Signal, SignalSpec

Pooling = Literal["last", "mean", "max", "attention"]
CELLS: Mapping[str, Callable[..., nn.RNNBase]] = {"elman": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class Options(Fact):
    """The cell, its `hidden` units a direction, how many `layers`, and how the states of all steps become one vector.

    `pool` takes the ``last`` state (of each direction), the ``mean`` or ``max`` over time, or a mean weighted by ``attention``.
    `dropout` stands after each layer.
    """

    cell: Literal["elman", "lstm", "gru"] = "lstm"
    hidden: int = Field(default=128, ge=1)
    layers: int = Field(default=1, ge=1)
    bidirectional: bool = False
    pool: Pooling = "last"
    dropout: float = Field(default=0.0, ge=0, lt=1)


class Recurrent(nn.Module):
    """Sequences (B,T,F), and images (B,C,H,W) read row by row from the top, to (B, H or 2H)."""

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        features = spec.shape[-1] if spec.kind == "sequence" else spec.shape[0] * spec.shape[2]
        width = options.hidden * (2 if options.bidirectional else 1)
        self.pool: Pooling = options.pool
        self.bidirectional = options.bidirectional
        # One module a layer: PyTorch's own dropout between stacked layers draws from a global generator.
        self.layers = nn.ModuleList(_recurrent(options, features if number == 0 else width) for number in range(options.layers))
        self.dropouts = nn.ModuleList(Dropout(options.dropout) if options.dropout else nn.Identity() for _ in range(options.layers))
        self.attention = nn.Linear(width, 1, bias=False) if options.pool == "attention" else None

    def forward(self, signal: Signal) -> Signal:
        x_BTF, mask_BT = signal
        if x_BTF.ndim == 4:
            x_BTF = x_BTF.permute(0, 2, 1, 3).flatten(2)
        length_B = None if mask_BT is None else mask_BT.sum(1).clamp_min(1).cpu()
        for layer, dropout in zip(self.layers, self.dropouts, strict=True):
            x_BTF = dropout(_run(layer, x_BTF, length_B))
        return Signal(self._pooled(x_BTF, mask_BT))

    def _pooled(self, x_BTF: Tensor, mask_BT: Tensor | None) -> Tensor:
        if self.pool == "last":
            return self._last(x_BTF, mask_BT)
        if self.pool == "max":
            return (x_BTF if mask_BT is None else x_BTF.masked_fill(~mask_BT[:, :, None], -torch.inf)).amax(1)
        score_BT = x_BTF.new_zeros(x_BTF.shape[:2]) if self.attention is None else self.attention(x_BTF).squeeze(-1)
        if mask_BT is not None:
            score_BT = score_BT.masked_fill(~mask_BT, -torch.inf)
        return torch.einsum("bt,btf->bf", score_BT.softmax(1), x_BTF)

    def _last(self, x_BTF: Tensor, mask_BT: Tensor | None) -> Tensor:
        """Return the state after the last step, and for the way back that after the first one."""
        if mask_BT is None:
            end_BF = x_BTF[:, -1]
        else:
            at_B = mask_BT.sum(1).clamp_min(1) - 1
            end_BF = x_BTF.gather(1, at_B[:, None, None].expand(-1, 1, x_BTF.shape[2])).squeeze(1)
        if not self.bidirectional:
            return end_BF
        half = x_BTF.shape[2] // 2
        return torch.cat([end_BF[:, :half], x_BTF[:, 0, half:]], 1)


def _recurrent(options: Options, features: int) -> nn.RNNBase:
    """Return one layer with recurrent matrices orthogonal (Saxe et al. 2014), an LSTM's forget gates open (Gers et al. 2000)."""
    layer = CELLS[options.cell](features, options.hidden, batch_first=True, bidirectional=options.bidirectional)
    for name, p in layer.named_parameters():
        if name.startswith("weight_hh"):
            for block in p.data.view(-1, options.hidden, options.hidden):
                nn.init.orthogonal_(block)
        elif name.startswith("weight_ih"):
            nn.init.xavier_uniform_(p)
        else:
            nn.init.zeros_(p)
            if options.cell == "lstm" and name.startswith("bias_ih"):
                p.data[options.hidden : 2 * options.hidden] = 1.0
    return layer


def _run(layer: nn.Module, x_BTF: Tensor, length_B: Tensor | None) -> Tensor:
    """Return the states of all steps; those after a row's end are zero, and the way back begins at its end."""
    if length_B is None:
        states_BTF: Tensor = layer(x_BTF)[0]
        return states_BTF
    packed = pack_padded_sequence(x_BTF, length_B, batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=x_BTF.shape[1])[0]


FAMILY = Family(
    name="rnn",
    accepts=("sequence", "image"),
    options=Options,
    build=Recurrent,
    sizes={
        "small": {"hidden": 64},
        "base": {"hidden": 128},
        "large": {"hidden": 256, "layers": 2, "bidirectional": True, "dropout": 0.2},
    },
    reference="Elman 1990, Finding structure in time; Hochreiter & Schmidhuber 1997, Long short-term memory; Cho et al. 2014",
)
