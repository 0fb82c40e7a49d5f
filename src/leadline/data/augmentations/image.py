"""All random changes of pictures: where things are, what colours they have, noise, and what is hidden."""

from __future__ import annotations

import torch
from torch import Tensor

from leadline.core.schema import InputSchema
from leadline.data.augmentations.contract import Amount, SeparatePass, Stage, Word, normals, on_device
from leadline.data.augmentations.regions import box, filled
from leadline.nn.rng import Rng


def _noise(schema: InputSchema, *, amount: float) -> Stage:
    def stage(x_BCHW: Tensor, rng: Rng) -> Tensor:
        batch, channels, height, width = x_BCHW.shape
        noise = normals(rng, channels * height * width).mul(255 * amount)
        if x_BCHW.is_contiguous(memory_format=torch.channels_last):
            noise = noise.reshape(batch, height, width, channels).permute(0, 3, 1, 2)
        return noise.reshape(x_BCHW.shape).add_(x_BCHW).clamp_(0, 255)

    return stage


def _cutout(schema: InputSchema, *, amount: float, fill: str) -> Stage:
    """Erase a box around any pixel, so that at the border less than all of it falls inside (DeVries & Taylor 2017)."""
    height, width, channels = schema.shape
    lines, columns = round(amount * height), round(amount * width)
    colour_C = torch.tensor([0.0] * channels if fill == "zero" else schema.fields[0].state["mean"])
    even = on_device(colour_C.expand(1, height, width, channels).contiguous().permute(0, 3, 1, 2))
    rounded = on_device(even(colour_C.device).round().to(torch.uint8))

    def stage(x_BCHW: Tensor, rng: Rng) -> Tensor:
        colour = even if x_BCHW.is_floating_point() else rounded
        return filled(x_BCHW, colour(x_BCHW.device), box(rng.uniform("cutout", 2), lines, columns, height, width))

    return stage


NOISE = SeparatePass(_noise, {"amount": Amount(0.05, 1, "the standard deviation, a fraction of the range of pixels,")})
CUTOUT = SeparatePass(
    _cutout,
    {
        "amount": Amount(0.25, 1, "a fraction of width and height"),
        "fill": Word("mean", ("zero",), "what the box is filled with"),
    },
)
