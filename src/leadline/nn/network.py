"""From inputs by name to scores: an encoder for each input, their fusion, a head.

B rows, K inputs, T steps, F features, O outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.schema import Schema
from leadline.errors import UsageError
from leadline.nn.batch import PRESENT, EncoderOutput, Signal, SignalSpec, Texts
from leadline.nn.fusion import Fuse, Fusion
from leadline.nn.layers.dropout import Dropout, name_dropouts
from leadline.nn.rng import current_rng, using_rng


class InputEncoder(nn.Module):
    """One input's way from raw encoded values to features (B,F), or (B,T,F) of every step: the field's front, then a
    backbone.

    `width` is F. `gives_outputs` says that the backbone's features are the outputs already and need no head. `head`
    makes, from what is known of the features and the number of outputs, what stands on them instead of a dense layer;
    `classes` and `texts` are what a `SignalSpec` says of the features. `spec` is what the front gives; `decoder` makes,
    from the spec of what is to come out and the width of codes, the backbone's counterpart.
    """

    def __init__(
        self,
        preprocessor: nn.Module,
        backbone: nn.Module,
        width: int,
        *,
        gives_outputs: bool = False,
        head: Callable[[SignalSpec, int], nn.Module] | None = None,
        classes: tuple[int, ...] = (),
        texts: tuple[Texts, ...] = (),
        spec: SignalSpec | None = None,
        decoder: Callable[[SignalSpec, int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self.preprocessor = preprocessor
        self.backbone = backbone
        self.width = width
        self.gives_outputs = gives_outputs
        self.head = head
        self.classes = classes or (0,) * width
        self.texts = texts
        self.spec = spec
        self.decoder = decoder

    def forward(self, raw: Tensor) -> Tensor:
        features: Tensor = self.backbone(self.preprocessor(raw)).values
        return features

    def over(self, preprocessor: nn.Module, classes: tuple[int, ...] = ()) -> InputEncoder:
        """Return an encoder over another preprocessor with the same backbone, its weights in common."""
        return InputEncoder(
            preprocessor,
            self.backbone,
            self.width,
            gives_outputs=self.gives_outputs,
            head=self.head,
            classes=classes,
            texts=self.texts,
            spec=self.spec,
            decoder=self.decoder,
        )


class Network(nn.Module):
    """Bodies by the name of their input, the `fusion` of several, then `head` (B,F) -> (B,O) and `last`.

    `last` turns the head's outputs into what the objective calls scores: a change of unit, a temperature. Bodies are
    kept in a list, as the names of inputs may be such that PyTorch refuses them for modules (``photo.front``,
    ``type``). Bodies that have one backbone in common run it once, over all their rows.
    """

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        head: nn.Module,
        last: nn.Module | None = None,
        fusion: Fusion | None = None,
    ) -> None:
        super().__init__()
        self.names = tuple(encoders)
        self.encoders = nn.ModuleList(encoders.values())
        self.fusion = fusion
        self.head = head
        self.last = last if last is not None else nn.Identity()
        self._shared = _shared(self.encoders)
        name_dropouts(self)

    def features(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the fused features (B,F) of raw encoded inputs; where `PRESENT` is among them, of those that each row
        has.
        """
        present_BK = inputs.get(PRESENT)
        raw = [inputs[name] for name in self.names]
        if present_BK is not None and self.training:
            raw = [placeholder_inputs(x, present_BK[:, k]) for k, x in enumerate(raw)]
        parts: list[Tensor] = [raw[0]] * len(raw)
        for alike in self._shared:
            found = together([self.encoders[k] for k in alike], [raw[k] for k in alike])
            for k, part in zip(alike, found, strict=True):
                parts[k] = part
        if self.fusion is None:
            return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
        fused: Tensor = self.fusion(parts, present_BK)
        return fused

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        scores: Tensor = self.last(self.head(self.features(inputs)))
        return scores

    def parameter_counts(self) -> dict[str, int]:
        """Return how many parameters each encoder has, by the name of its input, and the head (key ``head``, with
        fusion and `last`).

        A backbone that several have in common counts for the first.
        """
        seen: set[nn.Parameter] = set()
        counts = {name: _count(encoder, seen) for name, encoder in zip(self.names, self.encoders, strict=True)}
        # An input may be called "head" too: then the two are given together.
        rest = sum(_count(part, seen) for part in (self.head, self.last, self.fusion) if part is not None)
        return {**counts, "head": counts.get("head", 0) + rest}


def assemble(
    schema: Schema,
    encoders: Mapping[str, nn.Module],
    outputs: int,
    last: nn.Module | None = None,
    fuse: Fuse | None = None,
) -> Network:
    """Return the network that fits the schema's inputs and gives `outputs` numbers a row, before `last`.

    Several inputs are fused by what `fuse` makes. The head is linear, unless encoders bring their own or the only one
    gives outputs itself. Raises UsageError where that gives another number of them, or where it is one encoder of
    several.
    """
    ordered = {one.name: encoders[one.name] for one in schema.inputs}
    parts = {name: encoder for name, encoder in ordered.items() if isinstance(encoder, InputEncoder)}
    assert len(parts) == len(ordered), "an encoder is what build_encoder returns"
    headless = [name for name, encoder in parts.items() if encoder.gives_outputs]
    if not headless:
        widths = [encoder.width for encoder in parts.values()]
        assert len(parts) == 1 or fuse is not None, "several inputs are fused by something"
        fusion = fuse(widths) if fuse is not None and len(parts) > 1 else None
        make = next((encoder.head for encoder in parts.values() if encoder.head is not None), None)
        width = widths[0] if fusion is None else fusion.width
        if make is None:
            return Network(parts, linear_head(width, outputs), last, fusion)
        starts = np.cumsum([0, *widths]).tolist()
        texts = [
            one._replace(start=start + one.start)
            for start, encoder in zip(starts, parts.values(), strict=False)
            for one in encoder.texts
        ]
        classes = sum((encoder.classes for encoder in parts.values()), ())
        spec = SignalSpec("table", (width,), classes, texts=tuple(texts))
        return Network(parts, make(spec, outputs), last, fusion)
    (name, encoder), *others = parts.items()
    if others:
        raise UsageError(say("nn.headless-with-fusion", input=headless[0], count=len(parts)))
    if encoder.width != outputs:
        raise UsageError(say("nn.headless-output-width", input=name, width=encoder.width, outputs=outputs))
    return Network(parts, nn.Identity(), last)


def linear_head(width: int, outputs: int) -> nn.Linear:
    """Return a dense layer (B,width) -> (B,outputs) that starts without a preference: small weights, no bias."""
    head = nn.Linear(width, outputs)
    nn.init.zeros_(head.bias)
    return head


_SHAPES: Mapping[EncoderOutput, tuple[str, ...]] = {
    "vector": ("rows", "features"),
    "sequence": ("rows", "steps", "features"),
    "causal": ("rows", "steps", "features"),
    "maps": ("rows", "features", "height", "width"),
}


def out_width(backbone: nn.Module, spec: SignalSpec, name: str, output: EncoderOutput = "vector") -> int:
    """Return how many features a backbone (called `name` in errors) gives: a row, or each step or place of it.

    Found by a dry run over two rows of zeros. It runs in evaluation mode and with its draws undone, so that neither
    running statistics nor the random state change; lazy layers take their shapes from it. Raises UsageError where the
    result is not a `Signal` with such values.
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
    form = _SHAPES[output]
    if values is None or values.ndim != len(form) or values.shape[0] != 2:
        given = (
            say("nn.values-of-shape", shape=tuple(values.shape))
            if isinstance(values, Tensor)
            else type(signal).__name__
        )
        raise UsageError(
            say("nn.output-shape-pool", name=name, given=given, shape=", ".join(form))
            if len(form) == 2
            else say("nn.output-shape", name=name, given=given, shape=", ".join(form))
        )
    if not values.is_floating_point():
        raise UsageError(say("nn.output-dtype", name=name, dtype=values.dtype))
    return int(values.shape[form.index("features")])


def placeholder_inputs(x: Tensor, there_B: Tensor) -> Tensor:
    """Return raw rows in which one that is not there is that of the nearest row before it that is, going round.

    What stands in the place of an absent input would else be seen by batch norm. Where no row is there, it is the
    first.
    """
    at_B = torch.where(there_B, torch.arange(len(there_B), device=x.device), -1).cummax(0).values
    at_B = torch.where(at_B < 0, at_B[-1], at_B).clamp_min(0)
    # Pictures come with their channels last in memory, and are to stay so.
    return x.movedim(1, -1).index_select(0, at_B).movedim(-1, 1) if x.ndim == 4 else x.index_select(0, at_B)


def together(encoders: Sequence[nn.Module], raw: Sequence[Tensor]) -> Sequence[Tensor]:
    """Return the features of encoders that have one backbone in common: it sees the rows of all inputs as one batch.

    So batch norm has one mean of them, as it will when it is judged. Each input of a row has draws of its own.
    """
    if len(encoders) == 1:
        return [encoders[0](raw[0])]
    signals = [encoder.preprocessor(x) for encoder, x in zip(encoders, raw, strict=True)]  # type: ignore[operator]
    values, masks = zip(*signals, strict=True)
    mask = None
    if any(one is not None for one in masks):
        steps = max(x.shape[1] for x in values)
        full = [
            x.new_ones(x.shape[:2], dtype=torch.bool) if one is None else one
            for x, one in zip(values, masks, strict=True)
        ]
        values = tuple(F.pad(x, (0, 0, 0, steps - x.shape[1])) for x in values)
        mask = torch.stack([F.pad(one, (0, steps - one.shape[1])) for one in full], 1).flatten(0, 1)
    joint = torch.stack(values, 1).flatten(0, 1)
    random = encoders[0].training and any(isinstance(part, Dropout) for part in encoders[0].modules())
    with using_rng(current_rng().each(len(encoders))) if random else nullcontext():
        features: Tensor = encoders[0].backbone(Signal(joint, mask)).values  # type: ignore[operator]
    return features.reshape(-1, len(encoders), *features.shape[1:]).unbind(1)


def _shared(encoders: nn.ModuleList) -> list[list[int]]:
    """Return the positions of encoders, those that have one backbone in common together."""
    found: dict[int, list[int]] = {}
    for k, encoder in enumerate(encoders):
        found.setdefault(id(getattr(encoder, "backbone", encoder)), []).append(k)
    return list(found.values())


def _count(module: nn.Module, seen: set[nn.Parameter]) -> int:
    own = set(module.parameters()) - seen
    seen |= own
    return sum(p.numel() for p in own)
