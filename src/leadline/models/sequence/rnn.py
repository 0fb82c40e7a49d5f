"""Recurrent networks: Elman, LSTM and GRU cells, stacked, in one or both directions.

A step of each, x_t being the input and h the state (biases left out; σ is the logistic function, ⊙ the product of
entries):

- Elman: h_t = tanh(W x_t + U h_{t-1})
- LSTM: i, f, o = σ(W x_t + U h_{t-1}), each with matrices of its own; g = tanh(W x_t + U h_{t-1}); c_t = f ⊙ c_{t-1} +
  i ⊙ g; h_t = o ⊙ tanh(c_t)
- GRU: r, z = σ(W x_t + U h_{t-1}); n = tanh(W x_t + r ⊙ (U h_{t-1})); h_t = (1 − z) ⊙ n + z ⊙ h_{t-1}

In Cho et al. (2014) z and 1 − z are the other way round and r multiplies h before U does; cuDNN's form, which this is,
computes all products with h at once.

Shapes: B rows, T steps, F features, H units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.errors import UsageError
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.generative.decoders import SequenceDecoder, default_decoder
from leadline.nn.layers.dropout import Dropout
from leadline.nn.layers.pooling import Pooling, with_first
from leadline.nn.layers.recurrence import states

CELLS: Mapping[str, Callable[..., nn.RNNBase]] = {"elman": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class Options(Fact):
    """The cell, its `hidden` units a direction, how many `layers`, and how the states of all steps become one vector.

    `pool` takes the ``last`` state (of each direction), the ``mean`` or ``max`` over time, or a mean weighted by
    ``attention``. `dropout` stands after each layer.
    """

    cell: Literal["elman", "lstm", "gru"] = Field(default="lstm", description="recurrent cell")
    hidden: int = Field(default=128, ge=1, description="features of the hidden state, per direction")
    layers: int = Field(default=1, ge=1, description="number of stacked layers")
    bidirectional: bool = Field(default=False, description="read the sequence in both directions")
    pool: Literal["last", "mean", "max", "attention"] = Field(
        default="last", description="how hidden states become one vector"
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="dropout rate after each layer")


class Recurrent(nn.Module):
    """Sequences (B,T,F), and images (B,C,H,W) read row by row from the top, to (B, H or 2H); unless `pooled` to (B,T, H
    or 2H).
    """

    def __init__(self, spec: SignalSpec, options: Options, *, pooled: bool = True) -> None:
        super().__init__()
        features = spec.shape[-1] if spec.kind == "sequence" else spec.shape[0] * spec.shape[2]
        width = options.hidden * (2 if options.bidirectional else 1)
        # One module a layer: PyTorch's own dropout between stacked layers draws from a global generator.
        self.layers = nn.ModuleList(
            Layer(options, features if number == 0 else width) for number in range(options.layers)
        )
        self.dropouts = nn.ModuleList(
            Dropout(options.dropout) if options.dropout else nn.Identity() for _ in range(options.layers)
        )
        self.pool = Pooling(options.pool, width, options.hidden if options.bidirectional else 0) if pooled else None

    def forward(self, signal: Signal) -> Signal:
        x_BTF, mask_BT = signal
        if x_BTF.ndim == 4:
            x_BTF = x_BTF.permute(0, 2, 1, 3).flatten(2)
        length_B = None if mask_BT is None else with_first(mask_BT).sum(1)
        for layer, dropout in zip(self.layers, self.dropouts, strict=True):
            x_BTF = dropout(layer(x_BTF, length_B))
        return Signal(x_BTF, mask_BT) if self.pool is None else Signal(self.pool(x_BTF, mask_BT))


class Layer(nn.Module):
    """The states of all steps (B,T, H or 2H), of each direction; those beyond a row's end mean nothing.

    All rows run to the end of the longest: what comes after a row's end cannot change its states, and for the way back
    its steps are put in reverse order first. Packed sequences would leave those steps out, and the fused kernel with
    them: on a CPU an LSTM then takes 1.7 (lengths from 8 to 64) to 2.6 times as long (60 to 64), under bf16 up to 3.8
    times.
    """

    def __init__(self, options: Options, features: int) -> None:
        super().__init__()
        self.ways = nn.ModuleList(_recurrent(options, features) for _ in range(2 if options.bidirectional else 1))

    def forward(self, x_BTF: Tensor, length_B: Tensor | None) -> Tensor:
        first, *second = self.ways
        states_BTH = states(first, x_BTF)
        if not second:
            return states_BTH
        back_BTH = _turned(states(second[0], _turned(x_BTF, length_B)), length_B)
        return torch.cat([states_BTH, back_BTH], 2)


def _recurrent(options: Options, features: int) -> nn.RNNBase:
    """Return one layer with recurrent matrices orthogonal (Saxe et al. 2014), an LSTM's forget gates open (Gers et al.
    2000).
    """
    layer = CELLS[options.cell](features, options.hidden, batch_first=True)
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


def _turned(x_BTF: Tensor, length_B: Tensor | None) -> Tensor:
    """Return the steps of each row in reverse order; those beyond its end stay where they are."""
    if length_B is None:
        return x_BTF.flip(1)
    step_T = torch.arange(x_BTF.shape[1], device=x_BTF.device)
    back_BT = length_B[:, None] - 1 - step_T
    return x_BTF.gather(1, torch.where(back_BT >= 0, back_BT, step_T)[:, :, None].expand(-1, -1, x_BTF.shape[2]))


def steps(spec: SignalSpec, options: Options, causal: bool) -> nn.Module:
    """Return the network without pooling: the states of every step; raises UsageError where they would know of later
    ones.
    """
    if causal and options.bidirectional:
        raise UsageError(say("models.rnn-bidirectional-causal"))
    return Recurrent(spec, options, pooled=False)


def decoder(spec: SignalSpec, latent: int, options: Options) -> nn.Module:
    """Return a recurrent network of as many units that writes a sequence out of its code; for an image, the usual
    decoder.
    """
    return (
        SequenceDecoder(spec.shape, latent, options.hidden)
        if spec.kind == "sequence"
        else default_decoder(spec, latent)
    )


FAMILY = Family(
    name="rnn",
    accepts=("sequence", "image"),
    options=Options,
    gives={"vector": Recurrent, "sequence": partial(steps, causal=False), "causal": partial(steps, causal=True)},
    decoder=decoder,
    sizes={
        "small": {"hidden": 64},
        "base": {"hidden": 128},
        "large": {"hidden": 256, "layers": 2, "bidirectional": True, "dropout": 0.2},
    },
    reference=(
        "Elman 1990, Finding structure in time; Hochreiter & Schmidhuber 1997, Long short-term memory; Cho et al. 2014"
    ),
)
