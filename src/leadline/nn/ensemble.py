"""Several networks of one shape as one: their weights are stacked, and all are computed together.

An ensemble has the modules, and the names of weights, of a single network; each of its weights has one more axis, the
first, along which the members lie. Dense networks are computed by one product for all members (`torch.func.vmap`);
convolutions and recurrent layers, which that would slow down on a CPU, one member after another.

Shapes: K members, B rows, O outputs of the head, F features.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from leadline.nn.layers.dropout import Dropout
from leadline.nn.network import Network
from leadline.nn.rng import current_rng, using_rng

Average = Callable[[Tensor], Tensor]  # from the outputs of all members (K,B,O) to those of the ensemble (B,O)
_ONE_BY_ONE = (_ConvNd, nn.RNNBase, nn.MultiheadAttention)
_STACKED = "_leadline_stacked"


def log_mean_exp(outputs_KBO: Tensor) -> Tensor:
    """Return the logarithms of the mean over members of what outputs are the logarithms of (B,O)."""
    return outputs_KBO.logsumexp(0) - math.log(len(outputs_KBO))


def member_ndim(p: Tensor) -> int:
    """Return how many axes a weight has in a single network: what is a bias there is one in an ensemble too."""
    return p.ndim - int(getattr(p, _STACKED, False))


class Ensemble(Network):
    """Networks of one shape, whose outputs are averaged before the end that they have in common.

    In training each member has dropout of its own, and is to have a loss of its own: see `member_scores`.
    """

    def __init__(self, networks: Sequence[Network], average: Average) -> None:
        first = networks[0]
        super().__init__(dict(zip(first.names, first.encoders, strict=True)), first.head, first.last, first.fusion)
        self.members, self.average = len(networks), average
        # The same modules without the end: what is called once for each member. In a list it is no part of its own.
        self._one = [Network(dict(zip(self.names, self.encoders, strict=True)), self.head, None, self.fusion)]
        self._stacked = tuple(_stack([self._one[0], *networks[1:]]))
        self._together = not any(isinstance(part, _ONE_BY_ONE) for part in self.modules())
        self._random = any(isinstance(part, Dropout) for part in self.modules()) or self.fusion is not None

    def member_scores(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the scores of each member (K,B,O), as if it were alone."""
        outputs_KBO = self._each(inputs, "forward")
        scores: Tensor = self.last(outputs_KBO.flatten(0, 1))
        return scores.view(self.members, -1, *scores.shape[1:])

    def features(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the features of all members, side by side (B, K × F)."""
        return self._each(inputs, "features").movedim(0, 1).flatten(1)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        scores: Tensor = self.last(self.average(self._each(inputs, "forward")))
        return scores

    def _each(self, inputs: Mapping[str, Tensor], what: str) -> Tensor:
        """Return what each member makes of the rows, one after another (K,B,...)."""
        weights = {name: _of(self._one[0], name) for name in self._stacked}
        random = self.training and self._random
        state_KB = current_rng().copies(self.members) if random else torch.zeros(self.members)

        def of_member(own: Mapping[str, Tensor], state_B: Tensor) -> Tensor:
            with using_rng(current_rng().with_state(state_B)) if random else nullcontext():
                found: Tensor = functional_call(_Called(self._one[0], what), _prefixed(own), (inputs,))
            return found

        if self._together:
            together: Tensor = vmap(of_member)(weights, state_KB)
            return together
        return torch.stack(
            [of_member({name: w[k] for name, w in weights.items()}, state_KB[k]) for k in range(self.members)]
        )


class _Called(nn.Module):
    """A network, called by one of its methods: `functional_call` knows `forward` only."""

    def __init__(self, network: Network, what: str) -> None:
        super().__init__()
        self.network, self.what = network, what
        self.training = network.training

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        found: Tensor = getattr(self.network, self.what)(inputs)
        return found


def _prefixed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"network.{name}": w for name, w in weights.items()}


def _of(network: nn.Module, name: str) -> Tensor:
    path, _, own = name.rpartition(".")
    found: Tensor = getattr(network.get_submodule(path), own)
    return found


def _stack(networks: Sequence[nn.Module]) -> list[str]:
    """Put the weights of all networks, stacked, into the first; returns their names.

    Statistics of batch norms are each member's own; all other buffers are the same in every one.
    """
    first = networks[0]
    names = [name for name, _ in first.named_parameters()]
    for name in names:
        path, _, own = name.rpartition(".")
        stacked = nn.Parameter(torch.stack([_of(one, name).detach() for one in networks]))
        setattr(stacked, _STACKED, True)
        setattr(first.get_submodule(path), own, stacked)
    for path, part in first.named_modules():
        if isinstance(part, _NormBase):
            for own, buffer in list(part.named_buffers(recurse=False)):
                part.register_buffer(own, buffer.expand(len(networks), *buffer.shape).clone())
                names.append(f"{path}.{own}" if path else own)
    return names
