"""Arrays that hold pictures: N rows, H height, W width, C channels."""

from __future__ import annotations

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.errors import DataError

_CHANNELS_LAST = (1, 3, 4)
_CHANNELS_FIRST = (1, 3)


def looks_like_pictures(values: np.ndarray) -> bool:
    """Say whether an array has the shape of pictures: (N,H,W), (N,H,W,C) with 1, 3 or 4 channels, (N,C,H,W) with 1 or
    3.
    """
    if values.ndim == 4:
        return values.shape[-1] in _CHANNELS_LAST or values.shape[1] in _CHANNELS_FIRST
    return values.ndim == 3


def to_pixels(values: np.ndarray, name: str) -> tuple[pl.Series, tuple[str, ...]]:
    """Return pictures as a column of uint8 (H,W) or (H,W,C), with notes on what was scaled.

    Whole numbers from 0 to 255 stay, floats from 0 to 1 are scaled to 255. Raises DataError for other values.
    """
    if values.ndim == 4 and values.shape[-1] not in _CHANNELS_LAST:
        values = values.transpose(0, 2, 3, 1)
    if values.ndim == 4 and values.shape[-1] == 1:
        values = values[..., 0]
    if not values[:1].size and len(values):
        raise DataError(say("sources.images-without-pixels", name=name, shape=values.shape))
    pixels, notes = _bytes(values, name)
    return pl.Series(name, np.ascontiguousarray(pixels)), notes


def _bytes(values: np.ndarray, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    if values.dtype == np.uint8:
        return values, ()
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255), ()
    if values.dtype.kind not in "iuf":
        raise DataError(say("sources.image-array-type", name=name, dtype=values.dtype))
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.rint(values * 255).astype(np.uint8), (say("sources.pixels-scaled", name=name),)
    if low >= 0 and high <= 255 and (values.dtype.kind != "f" or (values == np.rint(values)).all()):
        return values.astype(np.uint8), ()
    raise DataError(say("sources.image-array-range", name=name, low=low, high=high))
