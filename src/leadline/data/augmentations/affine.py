"""Random rotations, shears, zooms, shifts and flips of whole batches, any number of them in one pass over the pixels.

Each is a map from places in the new picture to places in the old one, in pixels around the centre. Maps are composed,
so a chain of them costs one resampling. What lies outside of a picture is its nearest border pixel. Shapes in names: B
rows, K random numbers, C channels, H height, W width.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import torch
from torch import Tensor
from torch.nn import functional as F

from leadline.core.schema import InputSchema
from leadline.data.augmentations.contract import Amount, Options, Stage
from leadline.data.augmentations.motion import AffineMotion, Map
from leadline.nn.rng import Rng


@dataclass(frozen=True)
class Affine:
    """A random affine change: from `count` uniforms a row, (B,1,1) each, an amount, height and width, `place` makes a
    `Map`.

    `interpolates` says that places leave the pixel lattice, so that values must be interpolated. `most` bounds the
    amount, given in `unit`.
    """

    place: Callable[[Sequence[Tensor], float, int, int], Map]
    count: int
    amount: float
    most: float
    unit: str
    interpolates: bool = False
    reorders: bool = False

    def __call__(self, x: Tensor, rng: Rng, *, amount: float | None = None) -> Tensor:
        return warp(x, rng, [(self, self.amount if amount is None else amount)])

    @property
    def options(self) -> Mapping[str, Amount]:
        """The amount."""
        return {"amount": Amount(self.amount, self.most, self.unit)}

    def unsuitable(self, schema: InputSchema) -> None:
        """Fit every picture."""

    @staticmethod
    def passed(changes: Sequence[tuple[Affine, Options]], schema: InputSchema) -> Stage:
        """Return the one resampling that makes all changes."""
        return partial(warp, moves=_amounts(changes))

    @staticmethod
    def motion(changes: Sequence[tuple[Affine, Options]]) -> Callable[[Rng, int, int], AffineMotion]:
        """Return what draws how all changes move pictures of a height and width."""
        return lambda rng, height, width: AffineMotion(place_of(rng, _amounts(changes), height, width), height, width)


def _amounts(changes: Sequence[tuple[Affine, Options]]) -> list[tuple[Affine, float]]:
    return [(change, options["amount"]) for change, options in changes]


def warp(x_BCHW: Tensor, rng: Rng, moves: Sequence[tuple[Affine, float]]) -> Tensor:
    """Return pictures moved by a chain of changes, in their order, each row by draws of its own.

    Where no change leaves the pixel lattice, pixels are copied: same dtype and memory format; a shift is then rounded
    to whole pixels. Otherwise they are interpolated linearly and stay float32, in contiguous memory, so that nothing is
    rounded twice.
    """
    height, width = x_BCHW.shape[2:]
    place = place_of(rng, moves, height, width)
    return _interpolated(x_BCHW, place) if any(change.interpolates for change, _ in moves) else _copied(x_BCHW, place)


def place_of(rng: Rng, moves: Sequence[tuple[Affine, float]], height: int, width: int) -> Map:
    """Return the map of a chain of changes, in their order, each row's by draws of its own."""
    u_B = rng.uniform("affine", sum(change.count for change, _ in moves), 1, 1).unbind(1)
    place = Map()
    for change, amount in moves:
        place = place.after(change.place(u_B[: change.count], amount, height, width))
        u_B = u_B[change.count :]
    return place


@lru_cache(maxsize=16)
def _places(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the places of pixels around the centre: x (W,) and y (H,1)."""
    x_W = torch.arange(width, dtype=torch.float32, device=device) - (width - 1) / 2
    y_H1 = torch.arange(height, dtype=torch.float32, device=device)[:, None] - (height - 1) / 2
    return x_W, y_H1


def _interpolated(x_BCHW: Tensor, place: Map) -> Tensor:
    batch, _, height, width = x_BCHW.shape
    x_W, y_H1 = _places(height, width, x_BCHW.device)
    x_B1W, y_BH1 = x_W.expand(batch, 1, width), y_H1.expand(batch, height, 1)
    grid_2BHW = torch.empty(2, batch, height, width, device=x_BCHW.device)
    # grid_sample counts half a picture as 1.
    torch.add((place.xx * x_B1W + place.x0) * (2 / width), place.xy * y_BH1 * (2 / width), out=grid_2BHW[0])
    torch.add(place.yx * x_B1W * (2 / height), (place.yy * y_BH1 + place.y0) * (2 / height), out=grid_2BHW[1])
    values = x_BCHW if x_BCHW.is_floating_point() else x_BCHW.float()
    return F.grid_sample(
        values, grid_2BHW.permute(1, 2, 3, 0), mode="bilinear", padding_mode="border", align_corners=False
    )


def _copied(x_BCHW: Tensor, place: Map) -> Tensor:
    batch, channels, height, width = x_BCHW.shape
    x_W, y_H1 = _places(height, width, x_BCHW.device)
    column_B1W = (place.xx * x_W + place.x0 + (width - 1) / 2).round().clamp(0, width - 1).to(torch.int64)
    line_BH1 = (place.yy * y_H1 + place.y0 + (height - 1) / 2).round().clamp(0, height - 1).to(torch.int64)
    at_BHW = (line_BH1 * width + column_B1W).expand(batch, height, width)
    if x_BCHW.stride(1) == 1:  # channels last: whole pixels are copied
        first_B11 = torch.arange(0, batch * height * width, height * width, device=x_BCHW.device)[:, None, None]
        pixels = x_BCHW.permute(0, 2, 3, 1).reshape(-1, channels)
        moved = pixels.index_select(0, (first_B11 + at_BHW).view(-1))
        return moved.view(batch, height, width, channels).permute(0, 3, 1, 2)
    at_BCP = at_BHW.reshape(batch, 1, -1).expand(-1, channels, -1)
    return x_BCHW.reshape(batch, channels, -1).gather(2, at_BCP).view(batch, channels, height, width)


def _rotate(u_B: Sequence[Tensor], degrees: float, height: int, width: int) -> Map:
    angle_B = (u_B[0] * 2 - 1) * math.radians(degrees)
    cosine_B, sine_B = torch.cos(angle_B), torch.sin(angle_B)
    return Map(xx=cosine_B, xy=-sine_B, yx=sine_B, yy=cosine_B)


def _zoom(u_B: Sequence[Tensor], fraction: float, height: int, width: int) -> Map:
    # As often larger as smaller, by factors and not by differences: (1 + fraction) to the power of -1 … 1.
    scale_B = torch.exp((u_B[0] * 2 - 1) * math.log1p(fraction))
    return Map(xx=scale_B, yy=scale_B)


def _shear(u_B: Sequence[Tensor], degrees: float, height: int, width: int) -> Map:
    return Map(xy=torch.tan((u_B[0] * 2 - 1) * math.radians(degrees)))


def _shift(u_B: Sequence[Tensor], fraction: float, height: int, width: int) -> Map:
    return Map(x0=(u_B[0] * 2 - 1) * (fraction * width), y0=(u_B[1] * 2 - 1) * (fraction * height))


def _crop(u_B: Sequence[Tensor], pixels: float, height: int, width: int) -> Map:
    x0_B, y0_B = (torch.floor(u * (2 * int(pixels) + 1)) - int(pixels) for u in u_B)
    return Map(x0=x0_B, y0=y0_B)


def _part(u_B: Sequence[Tensor], fraction: float, height: int, width: int) -> Map:
    # Between all of the area and all but the fraction, anywhere: nothing from beyond the edges comes in.
    side_B = torch.sqrt(1 - u_B[0] * fraction)
    x0_B, y0_B = ((u * 2 - 1) * (1 - side_B) * (size / 2) for u, size in zip(u_B[1:], (width, height), strict=True))
    return Map(xx=side_B, x0=x0_B, yy=side_B, y0=y0_B)


def _flip(u_B: Sequence[Tensor], probability: float, height: int, width: int) -> Map:
    return Map(xx=torch.where(u_B[0] < probability, -1.0, 1.0))


def _vertical_flip(u_B: Sequence[Tensor], probability: float, height: int, width: int) -> Map:
    return Map(yy=torch.where(u_B[0] < probability, -1.0, 1.0))


ROTATE = Affine(_rotate, 1, 10.0, 180, "degrees to either side,", interpolates=True)
ZOOM = Affine(_zoom, 1, 0.1, 4, "a fraction of the size, by which pictures grow or shrink,", interpolates=True)
SHEAR = Affine(_shear, 1, 10.0, 75, "degrees that upright lines lean to either side,", interpolates=True)
SHIFT = Affine(_shift, 2, 0.1, 1, "a fraction of width and height")
FLIP = Affine(_flip, 1, 0.5, 1, "the probability of a flip")
VERTICAL_FLIP = Affine(_vertical_flip, 1, 0.5, 1, "the probability of a flip")
PART = Affine(_part, 3, 0.5, 0.99, "the largest fraction of the area that is cut away,", interpolates=True)
CROP = Affine(_crop, 2, 4.0, 64, "pixels of padding")
