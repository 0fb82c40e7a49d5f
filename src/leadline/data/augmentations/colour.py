"""Random brightness, contrast, saturation and hue of whole batches, any number of them in one pass over the pixels.

Each changes what all pixels of a picture have in common: how much of their luma is kept and what is added to it, and
how far their chroma (what is left of a colour without its luma) is stretched and turned. Changes are composed, so that
a chain of them costs one pass; what lies outside 0 to 255 at its end is cut off. Luma and chroma are those of Y'IQ
(ITU-R BT.601). Shapes in names: B rows, C channels, H height, W width.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.schema import InputSchema
from leadline.data.augmentations.contract import Amount, Options, Stage
from leadline.nn.rng import Rng

LUMA = (0.299, 0.587, 0.114)
_IQ = ((0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))


class Tone(NamedTuple):
    """A pixel becomes gain · (luma + chroma), its chroma first multiplied by along + across·i, plus offset; entries are
    (B,).

    `mean_B` is the mean luma of the picture so far, where a change asks for it.
    """

    mean_B: Tensor
    gain_B: Tensor
    offset_B: Tensor
    along_B: Tensor
    across_B: Tensor


@dataclass(frozen=True)
class Colouring:
    """A random change of colours: from `count` uniforms a row, (B,) each, and its options, `tune` makes one tone of
    another.

    `chroma` says that it changes colours, not only how bright they are; `mean` that it needs to know how bright a
    picture is.
    """

    tune: Callable[[Tone, Sequence[Tensor], Options], Tone]
    count: int
    options: Mapping[str, Amount]
    chroma: bool = False
    mean: bool = False
    reorders: bool = False
    motion: None = None

    def unsuitable(self, schema: InputSchema) -> str | None:
        """Say why the pictures have no such colours, or None."""
        channels = schema.shape[-1]
        if not self.chroma or channels == len(LUMA):
            return None
        return say("augmentations.needs-colour", channels=channels, needed=len(LUMA))

    @staticmethod
    def passed(changes: Sequence[tuple[Colouring, Options]], schema: InputSchema) -> Stage:
        """Return the one pass that makes all changes."""
        return partial(recolour, changes=changes)


def recolour(x_BCHW: Tensor, rng: Rng, changes: Sequence[tuple[Colouring, Options]]) -> Tensor:
    """Return pictures after a chain of changes, in their order, each row by draws of its own: float32, same memory
    format.
    """
    u_B = rng.uniform("colour", sum(change.count for change, _ in changes)).unbind(1)
    one_B = torch.ones(len(x_BCHW), device=x_BCHW.device)
    zero_B = torch.zeros_like(one_B)
    mean_B = _mean_luma(x_BCHW) if any(change.mean for change, _ in changes) else zero_B
    tone = Tone(mean_B, one_B, zero_B, one_B, zero_B)
    for change, options in changes:
        tone = change.tune(tone, u_B[: change.count], options)
        u_B = u_B[change.count :]
    if any(change.chroma for change, _ in changes):
        return _recoloured(x_BCHW, tone)
    gain, offset = tone.gain_B[:, None, None, None], tone.offset_B[:, None, None, None]
    return (x_BCHW * gain).add_(offset).clamp_(0, 255)


def _recoloured(x_BCHW: Tensor, tone: Tone) -> Tensor:
    luma_CC, across_CC = _matrices(x_BCHW.device)
    along_B11, across_B11 = tone.along_B[:, None, None], tone.across_B[:, None, None]
    eye_CC = torch.eye(len(LUMA), device=x_BCHW.device)
    matrix_BCC = (luma_CC + along_B11 * (eye_CC - luma_CC) + across_B11 * across_CC) * tone.gain_B[:, None, None]
    # Channel by channel, not as a matrix product: that may be set to bfloat16, whose error is half a level of a pixel.
    entry = matrix_BCC[..., None, None].unbind(1)
    values = x_BCHW if x_BCHW.is_floating_point() else x_BCHW.float()
    red, green, blue = values.unbind(1)
    out_BCHW = torch.empty_like(values)
    for channel in range(len(LUMA)):
        into = out_BCHW[:, channel]
        torch.addcmul(tone.offset_B[:, None, None], red, entry[channel][:, 0], out=into)
        into.addcmul_(green, entry[channel][:, 1]).addcmul_(blue, entry[channel][:, 2])
    return out_BCHW.clamp_(0, 255)


def _mean_luma(x_BCHW: Tensor) -> Tensor:
    mean_BC = x_BCHW.mean((2, 3), dtype=torch.float32)
    if mean_BC.shape[1] != len(LUMA):
        return mean_BC.mean(1)
    return LUMA[0] * mean_BC[:, 0] + LUMA[1] * mean_BC[:, 1] + LUMA[2] * mean_BC[:, 2]


@lru_cache(maxsize=4)
def _matrices(device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the matrices that keep a colour's luma alone, and that turn its chroma by a quarter and drop the luma."""
    to = torch.tensor((LUMA, *_IQ), dtype=torch.float64)
    quarter = torch.tensor([[0.0, 0, 0], [0, 0, -1], [0, 1, 0]], dtype=torch.float64)
    across_CC = torch.linalg.solve(to, quarter @ to)
    return torch.tensor([LUMA] * len(LUMA), device=device), across_CC.float().to(device)


def _around_one(u_B: Tensor, amount: float) -> Tensor:
    return 1 + (u_B * 2 - 1) * amount


def _brightness(tone: Tone, u_B: Sequence[Tensor], options: Options) -> Tone:
    factor_B = _around_one(u_B[0], options["amount"])
    return tone._replace(
        mean_B=tone.mean_B * factor_B, gain_B=tone.gain_B * factor_B, offset_B=tone.offset_B * factor_B
    )


def _contrast(tone: Tone, u_B: Sequence[Tensor], options: Options) -> Tone:
    factor_B = _around_one(u_B[0], options["amount"])
    offset_B = tone.offset_B * factor_B + (1 - factor_B) * tone.mean_B
    return tone._replace(gain_B=tone.gain_B * factor_B, offset_B=offset_B)


def _colour(tone: Tone, u_B: Sequence[Tensor], options: Options) -> Tone:
    stretch_B = _around_one(u_B[0], options["saturation"])
    turn_B = (u_B[1] * 2 - 1) * (2 * math.pi * options["hue"])
    along_B, across_B = stretch_B * torch.cos(turn_B), stretch_B * torch.sin(turn_B)
    return tone._replace(
        along_B=tone.along_B * along_B - tone.across_B * across_B,
        across_B=tone.along_B * across_B + tone.across_B * along_B,
    )


def _grey(tone: Tone, u_B: Sequence[Tensor], options: Options) -> Tone:
    keep_B = (u_B[0] >= options["amount"]).to(tone.gain_B.dtype)
    return tone._replace(along_B=tone.along_B * keep_B, across_B=tone.across_B * keep_B)


BRIGHTNESS = Colouring(_brightness, 1, {"amount": Amount(0.2, 1, "how far the factor may be from one,")})
CONTRAST = Colouring(_contrast, 1, {"amount": Amount(0.2, 1, "how far the factor may be from one,")}, mean=True)
COLOUR = Colouring(
    _colour,
    2,
    {
        "saturation": Amount(0.3, 1, "how far the factor may be from one,"),
        "hue": Amount(0.02, 0.5, "a part of the colour circle, to either side,"),
    },
    chroma=True,
)
GREY = Colouring(_grey, 1, {"amount": Amount(0.1, 1, "the probability that colours are lost")}, chroma=True)
