"""Parameters by name: which are frozen, how fast the others learn, which are weights that L1 and Muon speak of.

Names are those of a network's ``state_dict``, with each encoder called after its input:
``encoders.image.backbone.layers.0.weight``, ``head.bias``. Patterns are those of shells (`fnmatch`):
``encoders.image.*``."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.training_spec import TrainingSpec
from leadline.errors import UsageError
from leadline.nn.ensemble import member_ndim
from leadline.nn.network import InputEncoder, Network

LISTED = 12  # names that a message lists


class ParameterGroups(Fact):
    """What sets some parameters apart from others; the entries of `TrainingSpec` that say so."""

    freeze: tuple[str, ...] = ()
    rates: Mapping[str, float] = {}
    layer_decay: float | None = None
    l1: float = 0.0

    @classmethod
    def of(cls, training: TrainingSpec) -> ParameterGroups:
        """Return what a training says."""
        return cls(
            freeze=training.freeze, rates=training.lr_multipliers, layer_decay=training.layer_decay, l1=training.l1
        )

    def freeze_in(self, network: nn.Module) -> None:
        """Keep gradients from parameters that match `freeze`, and mark batch norms whose statistics do.

        Raises UsageError where a pattern of `freeze` or `lr_multipliers` matches nothing, or where nothing is left to
        train."""
        named = list(network.named_parameters(remove_duplicate=False))  # tied weights have several names
        called = _names(network)
        known = [called(name) for name, _ in named]
        norms = {called(f"{path}.running_mean"): norm for path, norm in _norms(network)}
        for entry, patterns in (("freeze", self.freeze), ("lr_multipliers", self.rates)):
            for pattern in patterns:
                if not any(fnmatchcase(name, pattern) for name in (*known, *norms)):
                    raise UsageError(
                        say(
                            "training.no-parameter-matches",
                            entry=entry,
                            pattern=pattern,
                            offer=_offer(pattern, known),
                        )
                    )
        if not self.freeze:
            return
        for name, (_, p) in zip(known, named, strict=True):
            if self._is_frozen(name):
                p.requires_grad_(False)
        for name, norm in norms.items():
            if self._is_frozen(name):
                norm.track_running_stats = False
        if not any(p.requires_grad for _, p in named):
            raise UsageError(say("training.freeze-leaves-nothing", freeze=", ".join(self.freeze)))

    def factors(self, network: nn.Module) -> dict[nn.Parameter, float]:
        """Return what the learning rate of each parameter is multiplied by, where it is not 1: the product of all that
        match.
        """
        called = _names(network)
        factors: dict[nn.Parameter, float] = {}
        if self.layer_decay is not None:
            factors = {p: self.layer_decay**distance for p, distance in distances(network).items()}
        named = [(called(name), p) for name, p in network.named_parameters(remove_duplicate=False)]
        for pattern, factor in self.rates.items():
            for p in {p for name, p in named if fnmatchcase(name, pattern)}:  # tied weights have several names
                factors[p] = factors.get(p, 1.0) * factor
        return {p: factor for p, factor in factors.items() if factor != 1}

    def _is_frozen(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.freeze)


ALIKE = ParameterGroups()  # every parameter learns, and all alike


def distances(network: nn.Module) -> dict[nn.Parameter, int]:
    """Return how many layers before the head each parameter stands; the head's own are at 0.

    Layers are taken in the order of an encoder's modules: one begins with each module that has a matrix of its own, and
    has the vectors (biases, norms) that follow. What prepares an input, embeddings too, is one layer, the first; what
    fuses several inputs by matrices is one too, before the head. In a network that is not made of encoders and a head,
    the last layer is the head."""
    found: dict[nn.Parameter, int] = {}
    whole = [part for part in network.modules() if isinstance(part, Network)]
    for net in whole:
        headed = any(True for _ in net.head.parameters())
        joint = [] if net.fusion is None else list(net.fusion.parameters())
        between = any(
            member_ndim(p) > 1 for p in joint
        )  # a layer of its own, rather than a few numbers beside the features
        found |= dict.fromkeys(joint, int(between))
        for encoder in net.encoders:
            layers = _layers(encoder)
            found |= {p: len(layers) - at - (not headed) + between for at, layer in enumerate(layers) for p in layer}
    if not whole:
        layers = _layers(network)
        found |= {p: len(layers) - at - 1 for at, layer in enumerate(layers) for p in layer}
    return {p: found.get(p, 0) for p in network.parameters()}


def hidden_matrices(network: nn.Module) -> set[nn.Parameter]:
    """Return the matrices between layers of features: not what prepares an input, not embeddings, not the head."""
    outer = [
        part.preprocessor if isinstance(part, InputEncoder) else part
        for part in network.modules()
        if isinstance(part, InputEncoder | nn.Embedding)
    ]
    left_out = {p for part in outer for p in part.parameters()}
    return {
        p for p, distance in distances(network).items() if member_ndim(p) > 1 and distance > 0 and p not in left_out
    }


def _layers(encoder: nn.Module) -> list[list[nn.Parameter]]:
    layers: list[list[nn.Parameter]] = []
    if isinstance(encoder, InputEncoder):
        first = list(encoder.preprocessor.parameters())
        layers, encoder = [first] if first else [], encoder.backbone
    begun = len(layers)
    for module in encoder.modules():
        own = list(module.parameters(recurse=False))
        if own and (len(layers) == begun or any(member_ndim(p) > 1 for p in own)):
            layers.append(own)
        elif own:
            layers[-1] += own
    return layers


def freeze_batch_norms(network: nn.Module) -> None:
    """Keep frozen batch norms of a network in training as they are after it: they normalise by their statistics and
    keep these.
    """
    for _, norm in _norms(network):
        if not norm.track_running_stats:
            norm.eval()


def _norms(network: nn.Module) -> Iterator[tuple[str, _NormBase]]:
    """Yield batch norms that keep statistics, with their paths."""
    for path, module in network.named_modules():
        if isinstance(module, _NormBase) and module.running_mean is not None:
            yield path, module


def _names(network: nn.Module) -> Callable[[str], str]:
    """Return what makes a path inside the network the name that users know: encoders called after their inputs."""
    prefixes = {
        f"{path}.encoders." if path else "encoders.": part.names
        for path, part in network.named_modules()
        if isinstance(part, Network)
    }

    def called(name: str) -> str:
        for prefix, inputs in prefixes.items():
            if name.startswith(prefix):
                number, _, rest = name.removeprefix(prefix).partition(".")
                return f"{prefix}{inputs[int(number)]}.{rest}"
        return name

    return called


def _offer(pattern: str, names: Sequence[str]) -> str:
    """Return a sentence with names or patterns near the one that matches nothing, or with the first of them all."""
    layers = dict.fromkeys(f"{name.rpartition('.')[0]}.*" for name in names if "." in name)
    whole = dict.fromkeys(
        ".".join(name.split(".")[: 2 if name.startswith("encoders.") else 1]) + ".*" for name in names
    )
    known = [*dict.fromkeys([*whole, *layers])]
    near = difflib.get_close_matches(pattern, [*known, *names], n=3, cutoff=0.6)
    if near:
        return say("training.did-you-mean", names=" or ".join(map(repr, near)))
    names = ", ".join(known[:LISTED])
    if len(known) > LISTED:
        return say("training.known-patterns-some", names=names, total=len(known))
    return say("training.known-patterns", names=names)
