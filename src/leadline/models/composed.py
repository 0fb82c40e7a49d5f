"""One network over the features of another: an image or a sequence is cut into patches, each patch becomes a step.

``{name: rnn, over: {name: cnn, patch: 8}}`` is a CNN over patches of 8×8 pixels (of a sequence, over windows of 8
steps) feeding a recurrent network.

Shapes: B rows, P patches, T steps, F features, C channels, H height, W width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import torch.nn.functional as F
from pydantic import BaseModel, create_model
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.experiment import Size
from leadline.errors import UsageError
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.dropout import Dropout
from leadline.nn.network import out_width
from leadline.nn.rng import current_rng, using_rng

OVER = "over"  # the option, beside those of the outer family, that names the inner one

_ACROSS = 4  # patches along each side of an image, unless told
_STEPS = 16  # of a sequence in a window, unless told
_OWN = {"name", "patch", "options"}  # entries of `over` that an inner option of the same name must stand apart from

Patch = tuple[int, int]  # height and width in pixels, or steps and features
Check = Callable[[Component, SignalSpec, Size], tuple[Family, BaseModel]]


def composed(
    family: Family, component: Component, spec: SignalSpec, size: Size, check: Check
) -> tuple[Family, Component]:
    """Return a family that reads what the one under ``over`` makes of patches, and its component with all of that one's
    options.

    `check` gives the family and the options of a component; the size applies to both. Raises UsageError where the input
    cannot be cut so, where the outer family takes no sequences or the inner one no images, and where an inner option is
    unknown or wrong.
    """
    outer = component.name
    if "sequence" not in family.accepts:
        raise UsageError(say("models.over-needs-sequences", outer=outer, accepts=" or ".join(family.accepts)))
    if family.forecasts:
        raise UsageError(say("models.over-forecaster", outer=outer))
    if spec.kind not in ("image", "sequence"):
        raise UsageError(say("models.over-needs-patches", outer=outer, over=OVER, kind=spec.kind))
    named, given = _read(outer, component.options[OVER])
    patch = _image_patch(outer, given, spec) if spec.kind == "image" else _window(outer, given, spec)
    channels = spec.shape[0] if spec.kind == "image" else 1
    inside = SignalSpec("image", (channels, *patch))
    inner, options = check(named, inside, size)
    if inner.fit is not None:
        raise UsageError(say("models.over-classical", inner=named.name))

    def build(spec: SignalSpec, own: BaseModel) -> nn.Module:
        below = inner.build(inside, options)
        patches = -(-spec.shape[-2] // patch[0]) * -(-spec.shape[-1] // patch[1])
        steps = SignalSpec("sequence", (patches, out_width(below, inside, named.name)))
        return Composed(below, family.build(steps, own), patch)

    whole = family.options
    plain: dict[str, Any] = options.model_dump(mode="json")
    shown = list(patch) if spec.kind == "image" else patch[0]
    written = {"name": named.name, "patch": shown, **({"options": plain} if _OWN & set(plain) else plain)}
    both = Family(
        name=f"{family.name} over {inner.name}",
        accepts=("image", "sequence"),
        options=create_model(f"{whole.__name__}Over", __base__=whole, over=(Mapping[str, Any], ...)),
        gives=build,
        reference=f"{family.reference}; {inner.reference}",
        sizes=family.sizes,
    )
    return both, Component(name=outer, options={**component.options, OVER: written})


class Composed(nn.Module):
    """Images (B,C,H,W) or sequences (B,T,F) to (B,F'): patches through `inner`, their features in reading order through
    `outer`.

    An image whose sides do not divide gets zeros at its right and lower edge, a sequence zeros after its end. Steps
    that are masked are zeros too, and a window counts where any step of it does.
    """

    def __init__(self, inner: nn.Module, outer: nn.Module, patch: Patch) -> None:
        super().__init__()
        self.inner, self.outer, self.patch = inner, outer, patch
        self.random = any(isinstance(part, Dropout) and part.rate > 0 for part in inner.modules())

    def forward(self, signal: Signal) -> Signal:
        x_BCHW, mask_BT = signal
        mask_BP = None
        if x_BCHW.ndim == 3:  # a sequence is an image of one channel, its steps the rows
            x_BCHW = x_BCHW[:, None]
            if mask_BT is not None:
                x_BCHW = x_BCHW.where(mask_BT[:, None, :, None], 0.0)
                steps = self.patch[0]
                mask_BP = F.pad(mask_BT, (0, -mask_BT.shape[1] % steps)).view(mask_BT.shape[0], -1, steps).any(2)
        x_BPCHW = cut(x_BCHW, self.patch)
        rows, patches = x_BPCHW.shape[:2]
        with using_rng(current_rng().each(patches)) if self.random and self.training else nullcontext():
            features = self.inner(Signal(x_BPCHW.flatten(0, 1))).values
        out: Signal = self.outer(Signal(features.reshape(rows, patches, -1), mask_BP))
        return out


def cut(x_BCHW: Tensor, patch: Patch) -> Tensor:
    """Return the patches of an image in reading order, (B,P,C,h,w), with zeros where they reach over its right or lower
    edge.
    """
    height, width = patch
    x_BCHW = F.pad(x_BCHW, (0, -x_BCHW.shape[3] % width, 0, -x_BCHW.shape[2] % height))
    rows, channels = x_BCHW.shape[:2]
    down, across = x_BCHW.shape[2] // height, x_BCHW.shape[3] // width
    x_BCDhAw = x_BCHW.reshape(rows, channels, down, height, across, width)
    return x_BCDhAw.permute(0, 2, 4, 1, 3, 5).reshape(rows, down * across, channels, height, width)


def _read(outer: str, value: Any) -> tuple[Component, Any]:
    """Return the inner component and the patch, None where it is left open."""
    entries = {"name": value} if isinstance(value, str) else dict(value) if isinstance(value, Mapping) else {}
    name, patch, options = entries.pop("name", None), entries.pop("patch", None), entries.pop("options", {})
    if not isinstance(name, str) or not isinstance(options, Mapping):
        raise UsageError(say("models.over-names-network", outer=outer, over=OVER, value=value))
    return Component(name=name, options={**entries, **options}), patch


def _image_patch(outer: str, given: Any, spec: SignalSpec) -> Patch:
    height, width = spec.shape[1:]
    sides = [given, given] if _counts(given) else given
    if given is None:
        sides = [-(-height // _ACROSS), -(-width // _ACROSS)]
    if not isinstance(sides, list | tuple) or len(sides) != 2 or not all(map(_counts, sides)):
        raise UsageError(say("models.patch-pixels-type", outer=outer, over=OVER, given=given))
    if sides[0] > height or sides[1] > width:
        raise UsageError(
            say(
                "models.over-patch-above-image",
                outer=outer,
                over=OVER,
                patch_height=sides[0],
                patch_width=sides[1],
                height=height,
                width=width,
            )
        )
    return sides[0], sides[1]


def _window(outer: str, given: Any, spec: SignalSpec) -> Patch:
    steps, features = spec.shape
    given = min(_STEPS, steps) if given is None else given
    if not _counts(given):
        raise UsageError(say("models.patch-steps-type", outer=outer, over=OVER, given=given))
    if given > steps:
        raise UsageError(say("models.patch-above-sequence", outer=outer, over=OVER, given=given, steps=steps))
    return given, features


def _counts(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
