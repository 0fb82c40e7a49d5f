"""Pictures: files, bytes or arrays of pixels, stored (N,H,W,C) uint8 and standardised inside the network."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.schema import InputSchema
from leadline.data.columns.contract import (
    ColumnContext,
    ColumnState,
    ColumnType,
    Display,
    Encoded,
    Entries,
    InputType,
    RowModel,
)
from leadline.data.columns.decoding import images
from leadline.data.columns.decoding.image_shape import OPTIONS, check_type, header_of, looked_at, pixel_type, shape_of
from leadline.data.columns.decoding.images import Header, Shape
from leadline.data.columns.decoding.paths import named, path_of, source_of
from leadline.data.columns.options import choice
from leadline.data.sources.modalities import PICTURES
from leadline.data.storage import ImageRows
from leadline.errors import DataError
from leadline.nn.batch import Signal
from leadline.nn.generative.likelihood import (
    Bernoulli,
    Gaussian,
    Likelihood,
    PixelLikelihood,
    Sigma,
    default_pixel_likelihood,
)
from leadline.nn.generative.masking import PatchMasking
from leadline.nn.generative.row_generators import ImageRowGenerator

SCALES = ("standard", "unit", "mean_image")
LARGE = 64  # pixels a side above which the default network is a residual one
_CHUNK = 64
_FULL = images.DEPTHS[-1]
_TRAITS = {
    "moving": "columns.image-frames",
    "clear": "columns.image-alpha",
    "deep": "columns.image-sixteen",
}


def _infer(column: pl.Series, context: ColumnContext) -> float:
    if isinstance(column.dtype, pl.Array):
        shape = column.dtype.shape
        sizes = len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4))
        return 1.0 if sizes and pixel_type(column.dtype) == pl.UInt8 else 0.0
    first = column.drop_nulls().head(5)
    if first.is_empty():
        return 0.0
    if column.dtype == pl.Binary:
        return 0.99 if any(isinstance(header_of(value, context), Header) for value in first) else 0.0
    if column.dtype != pl.String or not all(map(PICTURES.has, first)):
        return 0.0
    return 0.99 if any(path_of(value, context).exists() for value in first) else 0.0


def _fit(column: pl.Series, context: ColumnContext) -> ColumnState:
    """Return the shape, mean and spread (0 to 255) of each channel, and the mean image where ``scale: mean_image`` asks
    for it.

    Options: `size` (pixels, or [height, width]), `channels` (1 or 3), `aspect`, `depth` (bits of grey pixels of more
    than eight) and `scale`. Pictures of one size up to 256 keep it; others become squares of their median short side,
    at most 224. Raises UsageError for options and DataError where no picture can be read.
    """
    scale = choice(context.options, "scale", SCALES)
    sample, headers = looked_at(column, context)
    shape = shape_of(sample, headers, context)
    resized = {(h.height, h.width) for h in headers} != {(shape.height, shape.width)}
    odd = {trait: sum(getattr(h, trait) for h in headers) for trait in _TRAITS}
    remarkable = (
        {"looked_at": len(headers), **{trait: count for trait, count in odd.items() if count}}
        if any(odd.values())
        else {}
    )
    statistics = _statistics(sample, shape, context, mean_image=scale == "mean_image")
    return {**_kept(shape), "resized": resized, "scale": scale, **remarkable, **statistics}


def _outline(column: pl.Series, context: ColumnContext) -> ColumnState:
    """Return the shape alone, as `_fit` would find it for all rows; raises as it does."""
    return _kept(shape_of(*looked_at(column, context), context))


def _kept(shape: Shape) -> dict[str, Any]:
    """Return a shape as a field's state has it: the depth only where it is not that of the format."""
    return {
        name: value for name, value in shape._asdict().items() if name not in Shape._field_defaults or value != _FULL
    }


class _Sums(NamedTuple):
    histogram: np.ndarray  # (C,256), how often each value occurs
    total: np.ndarray  # (H,W,C), the sum of the pictures; 0 where no mean image is asked for
    pictures: int


def _statistics(sample: pl.Series, shape: Shape, context: ColumnContext, *, mean_image: bool) -> dict[str, Any]:
    """Return mean and spread of each channel from exact counts of values, and the mean image; pictures decode in
    threads.
    """

    def sums(chunk: pl.Series) -> _Sums:
        pixels = _pixels(chunk, shape, context)
        good = np.delete(pixels.values, [*pixels.problems, *pixels.missing], 0)
        histogram = np.stack([np.bincount(good[..., c].ravel(), minlength=256) for c in range(shape.channels)])
        return _Sums(histogram, good.sum(0, dtype=np.int64) if mean_image else np.zeros(1), len(good))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(sums, _chunks(sample)))
    count = sum(part.pictures for part in parts)
    if not count:
        why = next(iter(_pixels(sample.head(1), shape, context).problems.values()), None)
        if why is None:
            raise DataError(say("columns.no-image-given", count=len(sample), column=sample.name))
        raise DataError(say("columns.no-image-decodable", count=len(sample), column=sample.name, reason=why))
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


def _encode(column: pl.Series, state: ColumnState, context: ColumnContext) -> Encoded:
    return _pixels(column, Shape(**_recipe(state)), context)


def _pixels(column: pl.Series, shape: Shape, context: ColumnContext) -> Encoded:
    out = np.zeros((len(column), shape.height, shape.width, shape.channels), np.uint8)
    present = column.is_not_null()
    missing = (~present).arg_true().to_list()
    problems: dict[int, str] = {}
    check_type(column)
    if isinstance(column.dtype, pl.Array):
        pixels = column.filter(present).to_numpy()
        out[present.to_numpy()] = images.convert(pixels, shape)
        return Encoded(out, problems, missing=missing)
    for row, value in enumerate(column):
        if value is not None:
            try:
                out[row] = images.read(source_of(value, context), shape)
            except DataError as error:
                problems[row] = named(value, error)
    return Encoded(out, problems, missing=missing)


def _decode(values: np.ndarray, state: ColumnState) -> list[bytes]:
    return [images.png(x_HWC) for x_HWC in values]


class ImagePreprocessor(nn.Module):
    """Raw pixels (B,C,H,W), uint8 or float from 0 to 255, to a Signal of standardised ones in the same memory
    format.
    """

    def __init__(self, state: ColumnState) -> None:
        super().__init__()
        channels, unit = state["channels"], state["scale"] == "unit"
        mean = [0.0] * channels if unit or "mean_image" in state else state["mean"]
        variance = [255.0**2] * channels if unit else [std**2 for std in state["std"]]
        self.mean_C: Tensor
        self.variance_C: Tensor
        self.mean_CHW: Tensor | None
        self.register_buffer("mean_C", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("variance_C", torch.tensor(variance, dtype=torch.float32))
        image = (
            torch.tensor(state["mean_image"], dtype=torch.float32).permute(2, 0, 1) if "mean_image" in state else None
        )
        self.register_buffer("mean_CHW", image)

    def forward(self, x_BCHW: Tensor) -> Signal:
        values = x_BCHW.to(self.mean_C.dtype)
        if self.mean_CHW is not None:
            values = values - self.mean_CHW
        # (x - mean) / std; broadcasting over three channels in channels-last memory would be five times slower.
        return Signal(F.batch_norm(values, self.mean_C, self.variance_C, eps=0.0))


def _front(states: Sequence[ColumnState]) -> nn.Module:
    return ImagePreprocessor(states[0])


def _shape(state: ColumnState) -> tuple[int, ...]:
    return state["height"], state["width"], state["channels"]


def _described(one: InputSchema) -> str:
    return say("columns.described-image", size="×".join(map(str, _shape(one.fields[0].state))))


def _example(one: InputSchema) -> Tensor:
    state = one.fields[0].state
    return torch.zeros(2, state["channels"], state["height"], state["width"], dtype=torch.uint8)


def _stored(one: InputSchema, x_1CHW: Tensor) -> np.ndarray:
    return x_1CHW.float().clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def _large(one: InputSchema) -> bool:
    return max(one.shape[:2]) > LARGE


def _frame(one: InputSchema, x_NCHW: Tensor) -> dict[str, pl.Series]:
    pixels = x_NCHW.permute(0, 2, 3, 1).contiguous().numpy()
    return {one.name: pl.Series(pixels, dtype=pl.Array(pl.UInt8, pixels.shape[1:]))}


def _pixels_of(one: InputSchema) -> PixelLikelihood:
    return default_pixel_likelihood(one.fields[0].state)


def _likelihood(one: InputSchema, pixels: PixelLikelihood | None, sigma: Sigma) -> Likelihood:
    state = one.fields[0].state
    return Bernoulli(state) if (pixels or _pixels_of(one)) == "bernoulli" else Gaussian(state, sigma)


def _likelihood_words(one: InputSchema, pixels: PixelLikelihood | None) -> str:
    return (Bernoulli if (pixels or _pixels_of(one)) == "bernoulli" else Gaussian).description


def _recipe(state: ColumnState) -> ColumnState:
    return {key: state[key] for key in Shape._fields if key in state}


def _remarks(state: ColumnState) -> list[str]:
    return [
        say(name, count=state[trait], sampled=state["looked_at"]) for trait, name in _TRAITS.items() if trait in state
    ]


INPUT = InputType(
    "picture",
    shape=lambda fields: _shape(fields[0].state),
    example=_example,
    describe=_described,
    storage=lambda one, values, ends: ImageRows(values),
    stored=_stored,
    network=lambda one, predicts: Component(name="resnet" if _large(one) else "cnn"),
    pace=lambda one: "slow" if _large(one) else "usual",
    strong=(
        Component(name="shift", options={"amount": 0.1}),
        Component(name="rotate", options={"amount": 15}),
        Component(name="resized_crop", options={"amount": 0.6}),
        Component(name="brightness", options={"amount": 0.4}),
        Component(name="contrast", options={"amount": 0.4}),
        Component(name="color_jitter", options={"saturation": 0.4, "hue": 0.1}),
        Component(name="grayscale", options={"amount": 0.2}),
        Component(name="cutout", options={"amount": 0.3}),
    ),
    entries=lambda one: Entries(math.prod(one.shape), quantities=True),
    row_model=RowModel(
        _likelihood,
        _likelihood_words,
        masking=lambda one, rate, patch: PatchMasking(rate, patch, one.shape[0], one.shape[1]),
    ),
    generator=lambda one, spec, latent, classes, width, growing: ImageRowGenerator(
        spec.shape, latent, classes, width=width, growing=growing
    ),
    pixels=_pixels_of,
    generated=lambda raw: raw.float().clamp(0, 255).round().to(torch.uint8),
    frame=_frame,
    display=Display("pictures", picture=lambda one, shown: shown),
    baselines=("linear", "tfidf"),
)
COLUMN = ColumnType(
    "image",
    _infer,
    _fit,
    _encode,
    _decode,
    _front,
    recipe=_recipe,
    outline=_outline,
    warnings=_remarks,
    input=INPUT,
    options=OPTIONS,
)
