"""Pictures: files, bytes or arrays of pixels, stored (N,H,W,C) uint8 and standardised inside the network."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from leadline.data.fields import pictures
from leadline.data.fields.affine import AUGMENTATIONS
from leadline.data.fields.contract import Context, Encoded, Field, State
from leadline.data.fields.options import choice, known_only
from leadline.data.fields.pictures import Header, Shape
from leadline.errors import DataError, UsageError
from leadline.layers.types import Signal

EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
# Padding loses nothing of a picture and bends nothing; cropping cuts off what may matter, stretching changes shapes.
ASPECTS = ("pad", "crop", "stretch")
SCALES = ("standard", "unit", "mean_image")
SAMPLE = 2000  # train pictures looked at for size, mean and spread: the error of a mean is then 1/45 of the spread
LARGEST = 256  # pixels a side up to which pictures of one size keep it
DEFAULT = 224  # pixels a side at most for pictures that must be resized (the ImageNet size)
_CHUNK = 64


def _infer(column: pl.Series, context: Context) -> float:
    if isinstance(column.dtype, pl.Array):
        shape = column.dtype.shape
        sizes = len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4))
        return 1.0 if sizes and _pixel_type(column.dtype) == pl.UInt8 else 0.0
    first = column.drop_nulls().head(5)
    if first.is_empty():
        return 0.0
    if column.dtype == pl.Binary:
        return 0.99 if any(isinstance(_header(value, context), Header) for value in first) else 0.0
    if column.dtype != pl.String or not all(Path(value).suffix.lower() in EXTENSIONS for value in first):
        return 0.0
    return 0.99 if any(_path(value, context).exists() for value in first) else 0.0


def _fit(column: pl.Series, context: Context) -> State:
    """Return the shape, mean and spread (0 to 255) of each channel, and the mean image where ``scale: mean_image`` asks for it.

    Options: `size` (pixels, or [height, width]), `channels` (1 or 3), `aspect` and `scale`. Pictures of one size up to 256 keep
    it; others become squares of their median short side, at most 224. Raises UsageError for options and DataError where no
    picture can be read.
    """
    options = context.options
    known_only("image", options, ("size", "channels", "aspect", "scale"))
    aspect, scale = choice(options, "aspect", ASPECTS), choice(options, "scale", SCALES)
    count = min(SAMPLE, len(column))
    sample = column.gather(np.linspace(0, len(column) - 1, count).round().astype(np.int64)) if count else column
    headers = _headers(sample, context)
    sizes = {(h.height, h.width) for h in headers}
    height, width = _size(options.get("size"), headers)
    channels = options.get("channels", 1 if all(h.grey for h in headers) else 3)
    if channels not in (1, 3):
        raise UsageError(f"The option 'channels' is 1 (grey) or 3 (colour), not {channels!r}.")
    shape = Shape(height, width, channels, aspect)
    statistics = _statistics(sample, shape, context, mean_image=scale == "mean_image")
    return {**shape._asdict(), "resized": sizes != {(height, width)}, "scale": scale, **statistics}


def _size(asked: Any, headers: Sequence[Header]) -> tuple[int, int]:
    if asked is not None:
        pair = [asked, asked] if isinstance(asked, int) else asked
        good = isinstance(pair, list | tuple) and len(pair) == 2 and all(type(side) is int and 1 <= side <= 4096 for side in pair)
        if not good:
            raise UsageError(f"The option 'size' is a number of pixels up to 4096, or [height, width], not {asked!r}.")
        return pair[0], pair[1]
    height, width, _ = headers[0]
    if all((h.height, h.width) == (height, width) for h in headers) and max(height, width) <= LARGEST:
        return height, width
    side = min(DEFAULT, max(8, 8 * round(float(np.median([min(h.height, h.width) for h in headers])) / 8)))
    return side, side


def _headers(sample: pl.Series, context: Context) -> list[Header]:
    _check_type(sample)
    if isinstance(sample.dtype, pl.Array):
        height, width, *channels = sample.dtype.shape
        return [Header(height, width, channels in ([], [1]))]
    read = [_header(value, context) for value in sample.drop_nulls()]
    good = [h for h in read if isinstance(h, Header)]
    if not good:
        why = f": {read[0]}" if read else ""
        raise DataError(f"None of the {len(sample)} pictures looked at in column {sample.name!r} can be read{why}.")
    return good


def _header(value: Any, context: Context) -> Header | str:
    """Return a picture's header, or why it cannot be read."""
    try:
        return pictures.header(_source(value, context))
    except DataError as error:
        return _named(value, error)


def _source(value: Any, context: Context) -> Path | bytes:
    if isinstance(value, bytes):
        return value
    return _path(value, context)


def _path(value: str, context: Context) -> Path:
    return (context.base or Path()) / value


def _named(value: Any, error: DataError) -> str:
    return str(error) if isinstance(value, bytes) else f"{value}: {error}"


class _Sums(NamedTuple):
    histogram: np.ndarray  # (C,256), how often each value occurs
    total: np.ndarray  # (H,W,C), the sum of the pictures; 0 where no mean image is asked for
    pictures: int


def _statistics(sample: pl.Series, shape: Shape, context: Context, *, mean_image: bool) -> dict[str, Any]:
    """Return mean and spread of each channel from exact counts of values, and the mean image; pictures decode in threads."""

    def sums(chunk: pl.Series) -> _Sums:
        values, problems = _pixels(chunk, shape, context)
        good = np.delete(values, list(problems), 0)
        histogram = np.stack([np.bincount(good[..., c].ravel(), minlength=256) for c in range(shape.channels)])
        return _Sums(histogram, good.sum(0, dtype=np.int64) if mean_image else np.zeros(1), len(good))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(sums, _chunks(sample)))
    count = sum(part.pictures for part in parts)
    if not count:
        why = "".join(f": {problem}" for problem in _pixels(sample.head(1), shape, context).problems.values())
        raise DataError(f"None of the {len(sample)} pictures looked at in column {sample.name!r} can be decoded{why}.")
    histogram = np.sum([part.histogram for part in parts], 0) / (count * shape.height * shape.width)
    level = np.arange(256)
    mean = histogram @ level
    std = np.sqrt(np.maximum(0, (histogram * (level - mean[:, None]) ** 2).sum(1)))
    found = {"mean": mean.round(6).tolist(), "std": [float(s) or 1.0 for s in std.round(6)]}
    if mean_image:
        found["mean_image"] = (np.sum([part.total for part in parts], 0) / count).round(2).tolist()
    return found


def _chunks(column: pl.Series) -> Iterator[pl.Series]:
    return (column.slice(start, _CHUNK) for start in range(0, len(column), _CHUNK))


def _encode(column: pl.Series, state: State, context: Context) -> Encoded:
    return _pixels(column, Shape(**_recipe(state)), context)


def _pixels(column: pl.Series, shape: Shape, context: Context) -> Encoded:
    out = np.zeros((len(column), shape.height, shape.width, shape.channels), np.uint8)
    present = column.is_not_null()
    problems = dict.fromkeys((~present).arg_true().to_list(), "there is no picture")
    _check_type(column)
    if isinstance(column.dtype, pl.Array):
        pixels = column.filter(present).to_numpy()
        out[present.to_numpy()] = pictures.convert(pixels, shape)
        return Encoded(out, problems)
    for row, value in enumerate(column):
        if value is not None:
            try:
                out[row] = pictures.read(_source(value, context), shape)
            except DataError as error:
                problems[row] = _named(value, error)
    return Encoded(out, problems)


def _check_type(column: pl.Series) -> None:
    dtype = column.dtype
    if isinstance(dtype, pl.Array):
        if _pixel_type(dtype) != pl.UInt8:
            raise DataError(f"Column {column.name!r} holds pixels of type {_pixel_type(dtype)}, not whole numbers from 0 to 255.")
        if len(dtype.shape) not in (2, 3) or dtype.shape[2:] not in ((), (1,), (3,), (4,)):
            raise DataError(f"Column {column.name!r} holds arrays of shape {dtype.shape}; pictures are (H,W) or (H,W,C).")
    elif dtype not in (pl.String, pl.Binary):
        raise DataError(f"Column {column.name!r} holds values of type {dtype}, not pictures, their paths or their bytes.")


def _pixel_type(dtype: Any) -> Any:
    while isinstance(dtype, pl.Array):
        dtype = dtype.inner
    return dtype


def _decode(values: np.ndarray, state: State) -> list[bytes]:
    return [pictures.png(x_HWC) for x_HWC in values]


class ImageFront(nn.Module):
    """Raw pixels (B,C,H,W), uint8 or float from 0 to 255, to a Signal of standardised ones in the same memory format."""

    def __init__(self, state: State) -> None:
        super().__init__()
        channels, unit = state["channels"], state["scale"] == "unit"
        mean = [0.0] * channels if unit or "mean_image" in state else state["mean"]
        variance = [255.0**2] * channels if unit else [std**2 for std in state["std"]]
        self.mean_C: Tensor
        self.variance_C: Tensor
        self.mean_CHW: Tensor | None
        self.register_buffer("mean_C", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("variance_C", torch.tensor(variance, dtype=torch.float32))
        image = torch.tensor(state["mean_image"], dtype=torch.float32).permute(2, 0, 1) if "mean_image" in state else None
        self.register_buffer("mean_CHW", image)

    def forward(self, x_BCHW: Tensor) -> Signal:
        values = x_BCHW.to(self.mean_C.dtype)
        if self.mean_CHW is not None:
            values = values - self.mean_CHW
        # (x - mean) / std; broadcasting over three channels in channels-last memory would be five times slower.
        return Signal(F.batch_norm(values, self.mean_C, self.variance_C, eps=0.0))


def _front(states: Sequence[State]) -> nn.Module:
    return ImageFront(states[0])


def _shape(state: State) -> tuple[int, ...]:
    return state["height"], state["width"], state["channels"]


def _recipe(state: State) -> State:
    return {key: state[key] for key in Shape._fields}


FIELD = Field("image", False, _infer, _fit, _encode, _decode, _front, shape=_shape, recipe=_recipe, augmentations=AUGMENTATIONS)
