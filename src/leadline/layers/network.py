"""From inputs by name to scores: a body for each input, their features side by side, a head.

B rows, F features, O outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from leadline.errors import UsageError
from leadline.facts.schema import Schema
from leadline.layers.dropout import name_dropouts
from leadline.layers.types import Signal, SignalSpec


class Body(nn.Module):
    """One input's way from raw encoded values to features (B,F): the field's front, then a backbone.

    `width` is F. `gives_outputs` says that the backbone's features are the outputs already and need no head. `head` makes, from
    what is known of the features and the number of outputs, what stands on them instead of a dense layer; `classes` is what a
    `SignalSpec` says of the features.
    """

    def __init__(
        self,
        front: nn.Module,
        backbone: nn.Module,
        width: int,
        *,
        gives_outputs: bool = False,
        head: Callable[[SignalSpec, int], nn.Module] | None = None,
        classes: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        self.front = front
        self.backbone = backbone
        self.width = width
        self.gives_outputs = gives_outputs
        self.head = head
        self.classes = classes or (0,) * width

    def forward(self, raw: Tensor) -> Tensor:
        features_BF: Tensor = self.backbone(self.front(raw)).values
        return features_BF


class Network(nn.Module):
    """Bodies by the name of their input, fused by concatenation, then `head` (B,F) -> (B,O) and `last`.

    `last` turns the head's outputs into what the objective calls scores: a change of unit, a temperature. Bodies are kept in a
    list, as the names of inputs may be such that PyTorch refuses them for modules (``photo.front``, ``type``).
    """

    def __init__(self, bodies: Mapping[str, nn.Module], head: nn.Module, last: nn.Module | None = None) -> None:
        super().__init__()
        self.names = tuple(bodies)
        self.bodies = nn.ModuleList(bodies.values())
        self.head = head
        self.last = last if last is not None else nn.Identity()
        name_dropouts(self)

    def features(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the fused features (B,F) of raw encoded inputs."""
        parts = [body(inputs[name]) for name, body in zip(self.names, self.bodies, strict=True)]
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        scores: Tensor = self.last(self.head(self.features(inputs)))
        return scores

    def parameter_counts(self) -> dict[str, int]:
        """Return how many parameters each body has, by the name of its input, and the head (key ``head``, with `last`)."""
        counts = {name: _count(body) for name, body in zip(self.names, self.bodies, strict=True)}
        # An input may be called "head" too: then the two are given together.
        return {**counts, "head": counts.get("head", 0) + _count(self.head) + _count(self.last)}


def assemble(schema: Schema, bodies: Mapping[str, nn.Module], outputs: int, last: nn.Module | None = None) -> Network:
    """Return the network that fits the schema's inputs and gives `outputs` numbers a row, before `last`.

    The head is linear, unless bodies bring their own or the only body gives outputs itself. Raises UsageError where that gives
    another number of them, or where it is one body of several.
    """
    ordered = {one.name: bodies[one.name] for one in schema.inputs}
    parts = {name: body for name, body in ordered.items() if isinstance(body, Body)}
    assert len(parts) == len(ordered), "a body is what build_body returns"
    headless = [name for name, body in parts.items() if body.gives_outputs]
    if not headless:
        spec = SignalSpec("table", (sum(body.width for body in parts.values()),), sum((b.classes for b in parts.values()), ()))
        make = next((body.head for body in parts.values() if body.head is not None), None)
        return Network(parts, linear_head(spec.shape[0], outputs) if make is None else make(spec, outputs), last)
    (name, body), *others = parts.items()
    if others:
        raise UsageError(
            f"The network of the input {headless[0]!r} has 'head: none', but there are {len(parts)} inputs to fuse: "
            f"let it give features and leave 'head' at 'linear'."
        )
    if body.width != outputs:
        raise UsageError(
            f"The network of the input {name!r} has 'head: none' and gives {body.width} numbers a row, but {outputs} are needed: "
            f"change its last layer, or set 'head: linear'."
        )
    return Network(parts, nn.Identity(), last)


def linear_head(width: int, outputs: int) -> nn.Linear:
    """Return a dense layer (B,width) -> (B,outputs) that starts without a preference: small weights, no bias."""
    head = nn.Linear(width, outputs)
    nn.init.zeros_(head.bias)
    return head


def out_width(backbone: nn.Module, spec: SignalSpec, name: str) -> int:
    """Return how many features a backbone (called `name` in errors) gives, from a dry run over two rows of zeros.

    It runs in evaluation mode and with its draws undone, so that neither running statistics nor the random state change; lazy
    layers take their shapes from it. Raises UsageError where the result is not a `Signal` with values (B,F).
    """
    modes = {module: module.training for module in backbone.modules()}
    backbone.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            signal = backbone(Signal(torch.zeros(2, *spec.shape)))
    finally:
        for module, training in modes.items():
            module.training = training
    values = signal.values if isinstance(signal, Signal) else None
    if values is None or values.ndim != 2 or values.shape[0] != 2:
        given = f"values of shape {tuple(values.shape)} for 2 rows" if isinstance(values, Tensor) else type(signal).__name__
        raise UsageError(
            f"The network {name!r} gives {given}, where values of shape (rows, features) are needed: flatten or pool at its end."
        )
    if not values.is_floating_point():
        raise UsageError(f"The network {name!r} gives numbers of type {values.dtype}, where floating-point ones are needed.")
    return int(values.shape[1])


def _count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())
