"""What shape a column of pictures is brought to, told from some of them, and where each of them lies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.data.columns.contract import ColumnContext
from leadline.data.columns.decoding import images
from leadline.data.columns.decoding.images import DEPTHS, Header, Shape
from leadline.data.columns.decoding.paths import named, source_of, spread
from leadline.data.columns.options import choice, known_only
from leadline.errors import DataError, UsageError

OPTIONS = ("size", "channels", "aspect", "scale", "bit_depth")  # of an input of images
# Padding loses nothing of a picture and bends nothing; cropping cuts off what may matter, stretching changes shapes.
ASPECTS = ("pad", "crop", "stretch")
SAMPLE = 2000  # pictures looked at for size, mean and spread: the error of a mean is then 1/45 of the spread
LARGEST = 256  # pixels a side up to which pictures of one size keep it
DEFAULT = 224  # pixels a side at most for pictures that must be resized (the ImageNet size)


def looked_at(column: pl.Series, context: ColumnContext) -> tuple[pl.Series, list[Header]]:
    """Return evenly spaced pictures of a column, and the headers of those that can be read."""
    known_only("image", context.options, OPTIONS)
    sample = spread(column, SAMPLE)
    return sample, _headers(sample, context)


def shape_of(sample: pl.Series, headers: Sequence[Header], context: ColumnContext) -> Shape:
    """Return what pictures are brought to, given a sample and its headers; raises UsageError for options that make no
    sense.
    """
    options = context.options
    height, width = _size(options.get("size"), headers)
    channels = options.get("channels", 1 if all(h.grey for h in headers) else 3)
    if channels not in (1, 3):
        raise UsageError(say("columns.option-channels", value=channels))
    bits = options.get("bit_depth", _depth(sample, context) if any(h.deep for h in headers) else DEPTHS[-1])
    if bits not in DEPTHS:
        raise UsageError(say("columns.option-depth", choices=", ".join(map(str, DEPTHS)), value=bits))
    return Shape(height, width, channels, choice(options, "aspect", ASPECTS), bits)


def _depth(sample: pl.Series, context: ColumnContext) -> int:
    """Return the bits that the deep pictures of a sample fill: of many 16-bit files a camera has used only 12."""

    def bits(value: Any) -> int:
        try:
            return images.depth(source_of(value, context))
        except DataError:
            return 0

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return max(pool.map(bits, sample.drop_nulls())) or DEPTHS[-1]


def _size(asked: Any, headers: Sequence[Header]) -> tuple[int, int]:
    if asked is not None:
        pair = [asked, asked] if isinstance(asked, int) else asked
        good = (
            isinstance(pair, list | tuple)
            and len(pair) == 2
            and all(type(side) is int and 1 <= side <= 4096 for side in pair)
        )
        if not good:
            raise UsageError(say("columns.option-size", value=asked))
        return pair[0], pair[1]
    height, width = headers[0].height, headers[0].width
    if all((h.height, h.width) == (height, width) for h in headers) and max(height, width) <= LARGEST:
        return height, width
    side = min(DEFAULT, max(8, 8 * round(float(np.median([min(h.height, h.width) for h in headers])) / 8)))
    return side, side


def _headers(sample: pl.Series, context: ColumnContext) -> list[Header]:
    check_type(sample)
    if isinstance(sample.dtype, pl.Array):
        height, width, *channels = sample.dtype.shape
        return [Header(height, width, channels in ([], [1]))]
    read = [header_of(value, context) for value in sample.drop_nulls()]
    good = [h for h in read if isinstance(h, Header)]
    if not good:
        if not read:
            raise DataError(say("columns.no-image-given", count=len(sample), column=sample.name))
        raise DataError(say("columns.no-image-readable", count=len(sample), column=sample.name, reason=read[0]))
    return good


def header_of(value: Any, context: ColumnContext) -> Header | str:
    """Return a picture's header, or why it cannot be read."""
    try:
        return images.header(source_of(value, context))
    except DataError as error:
        return named(value, error)


def check_type(column: pl.Series) -> None:
    """Raise DataError where a column cannot hold pictures."""
    dtype = column.dtype
    if isinstance(dtype, pl.Array):
        if pixel_type(dtype) != pl.UInt8:
            raise DataError(say("columns.image-dtype", column=column.name, dtype=pixel_type(dtype)))
        if len(dtype.shape) not in (2, 3) or dtype.shape[2:] not in ((), (1,), (3,), (4,)):
            raise DataError(say("columns.image-shape", column=column.name, shape=dtype.shape))
    elif dtype not in (pl.String, pl.Binary):
        raise DataError(say("columns.not-images", column=column.name, dtype=dtype))


def pixel_type(dtype: Any) -> Any:
    """Return the type of the pixels in a column of arrays."""
    while isinstance(dtype, pl.Array):
        dtype = dtype.inner
    return dtype
