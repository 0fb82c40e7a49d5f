"""Reading pictures of every sort into uint8 pixels of one shape, and writing pixels as PNG.

Shapes in names: N pictures, H height, W width, C channels.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps, JpegImagePlugin, UnidentifiedImageError
from torch.nn import functional as F

from leadline.core.catalogue import say
from leadline.data.regular_files import opened
from leadline.errors import DataError

GREY = ("1", "L", "LA", "I;16", "I;16B", "I;16L", "I;16N", "I")
MOST_PIXELS = 89_478_485  # Pillow's own limit, above which a file may be an attack on memory
PADDING = 128  # mid-grey: close to zero once standardised
DEPTHS = (8, 10, 12, 14, 16)  # bits that cameras and scanners fill of the 16 of a file
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_ORIENTATION = 0x0112  # the EXIF tag; values from 5 on swap width and height
_JPEG = b"\xff\xd8\xff"
_LOOK_AT = 512  # bytes of a file that is no picture, to say what it is
_NO_PICTURES = (
    (b"<!doctype html", "columns.web-page-instead"),
    (b"<html", "columns.web-page-instead"),
    (b"version https://git-lfs", "columns.git-lfs"),
    (b"<svg", "columns.image-svg"),
    (b"%pdf", "columns.image-pdf"),
    (b"ftyphe", "columns.image-heic"),
    (b"ftypmif1", "columns.image-heif"),
)


class Shape(NamedTuple):
    """What pictures are brought to.

    `aspect` says how proportions are met: ``pad``, ``crop`` or ``stretch``; `depth` how many bits grey pixels of more
    than eight fill: the brightest value of so many becomes 255.
    """

    height: int
    width: int
    channels: int
    aspect: str
    depth: int = 16


class Header(NamedTuple):
    """What a picture says of itself without being decoded: size as seen (EXIF applied), and whether it is grey.

    `deep` pictures have more than eight bits, `clear` ones an alpha channel or a transparent colour, `moving` ones
    several frames.
    """

    height: int
    width: int
    grey: bool
    deep: bool = False
    clear: bool = False
    moving: bool = False


def header(source: Path | bytes) -> Header:
    """Return a picture's header; raises DataError with the reason where it cannot be read."""
    with _opened(source) as picture:
        width, height = picture.size
        if width != height and "exif" in picture.info and picture.getexif().get(_ORIENTATION, 1) >= 5:
            width, height = height, width
        # a phone's JPEG may hold a preview too
        moving = picture.format != "MPO" and getattr(picture, "is_animated", False)
        return Header(
            height,
            width,
            picture.mode in GREY,
            picture.mode in _SIXTEEN_BITS,
            picture.has_transparency_data,
            bool(moving),
        )


def depth(source: Path | bytes) -> int:
    """Return the fewest of `DEPTHS` bits that hold every pixel of a picture; raises DataError where it cannot be
    read.
    """
    with _opened(source) as picture:
        most = int(_sixteen(picture).max(initial=0)) if picture.mode in _SIXTEEN_BITS else 0
        return next(bits for bits in DEPTHS if most < 1 << bits)


def read(source: Path | bytes, shape: Shape) -> np.ndarray:
    """Return pixels (H,W,C) uint8; raises DataError with the reason where a picture cannot be read.

    EXIF orientation is applied, palettes and CMYK are converted, 16 bits become 8, transparent parts are laid over
    white, of several frames the first is taken. Large JPEG files are decoded at a fraction of their size.
    """
    with _opened(source) as picture:
        # JPEG files decode faster at a half, a quarter or an eighth of their size; twice the size needed is kept for
        # smoothing.
        longest = 2 * max(shape.height, shape.width)
        picture.draft(None, (longest, longest))
        _check_affordable(picture)
        ImageOps.exif_transpose(picture, in_place=True)
        plain = _plain(picture, "L" if shape.channels == 1 else "RGB", shape.depth)
        inner = _inner(plain.height, plain.width, shape)
        if inner != (plain.height, plain.width):
            plain = plain.resize((inner[1], inner[0]), Image.Resampling.BILINEAR, reducing_gap=3.0)
        x_NHWC = np.asarray(plain).reshape(1, *inner, shape.channels)
        pixels: np.ndarray = _placed(x_NHWC, shape)[0]
        return pixels


def convert(x_NHWC: np.ndarray, shape: Shape) -> np.ndarray:
    """Return pixels (N,H,W), (N,H,W,1), (N,H,W,3) or (N,H,W,4) uint8, all of one size, brought to a shape (N,H,W,C)."""
    x_NHWC = x_NHWC[..., None] if x_NHWC.ndim == 3 else x_NHWC
    x_NHWC = _channels(x_NHWC, shape.channels)
    inner = _inner(x_NHWC.shape[1], x_NHWC.shape[2], shape)
    if inner != x_NHWC.shape[1:3]:
        x_NCHW = torch.from_numpy(np.array(x_NHWC, order="C")).permute(0, 3, 1, 2)
        resized = F.interpolate(x_NCHW, inner, mode="bilinear", antialias=True, align_corners=False)
        x_NHWC = resized.permute(0, 2, 3, 1).numpy()
    return _placed(x_NHWC, shape)


def png(x_HWC: np.ndarray) -> bytes:
    """Return pixels (H,W,1) or (H,W,3) uint8 as the bytes of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(x_HWC[..., 0] if x_HWC.shape[-1] == 1 else x_HWC)).save(file, "PNG")
    return file.getvalue()


@contextmanager
def _opened(source: Path | bytes) -> Iterator[Image.Image]:
    """Open a picture; whatever goes wrong while it is open becomes a DataError."""
    head = b""
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else opened(source) as file:
            head = file.read(_LOOK_AT)
            file.seek(0)
            # Pillow's own limit does not know that a JPEG file can be decoded at an eighth of its size.
            with JpegImagePlugin.jpeg_factory(file) if head.startswith(_JPEG) else Image.open(file) as picture:
                # those are read as a whole
                if picture.format not in ("JPEG", "MPO") or picture.info.get("progressive"):
                    _check_affordable(picture)
                yield picture
    except FileNotFoundError:
        raise DataError(say("columns.file-not-found")) from None
    except IsADirectoryError:
        raise DataError(say("columns.file-is-folder")) from None
    except PermissionError:
        raise DataError(say("columns.file-permission")) from None
    except UnidentifiedImageError:
        raise DataError(_no_picture(head)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(say("columns.image-too-large-to-decode", error=error)) from None
    # What Pillow's readers raise on damaged files, beside OSError.
    except (
        OSError,
        SyntaxError,
        ValueError,
        TypeError,
        LookupError,
        ArithmeticError,
        EOFError,
        RuntimeError,
        struct.error,
    ) as error:
        raise DataError(say("columns.image-damaged", error=error)) from None


def _check_affordable(picture: Image.Image) -> None:
    if picture.width * picture.height > MOST_PIXELS:
        raise DataError(
            say("columns.image-too-large", width=picture.width, height=picture.height, most_pixels=MOST_PIXELS)
        )


def _no_picture(head: bytes) -> str:
    """Say what a file is that starts so and is no picture."""
    if not head:
        return say("columns.file-empty")
    low = head.lower()
    return say(next((name for mark, name in _NO_PICTURES if mark in low), "columns.image-unknown-format"))


def _sixteen(picture: Image.Image) -> np.ndarray:
    """Return the pixels (H,W) of a picture of 16 bits; raises DataError for numbers that are larger or negative."""
    values_HW = np.asarray(picture)
    if values_HW.size and not 0 <= values_HW.min() <= values_HW.max() <= 65_535:
        raise DataError(say("columns.image-32-bits"))
    return values_HW


def _plain(picture: Image.Image, mode: str, depth: int) -> Image.Image:
    """Return a picture of 8 bits a channel in mode L or RGB."""
    if picture.mode == mode and "transparency" not in picture.info:
        return picture
    if picture.mode in _SIXTEEN_BITS:
        values_HW, most = _sixteen(picture), (1 << depth) - 1
        if values_HW.max(initial=0) > most:
            raise DataError(say("columns.image-beyond-depth", highest=values_HW.max(), most=most))
        grey = values_HW.astype(np.float32) * (255 / most)  # the brightest value becomes 255
        return Image.fromarray(grey.round().astype(np.uint8)).convert(mode)
    if picture.mode == "F":
        raise DataError(say("columns.image-floats"))
    if picture.has_transparency_data:
        layered = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), layered).convert(mode)
    return picture.convert(mode)


def _channels(x_NHWC: np.ndarray, channels: int) -> np.ndarray:
    if x_NHWC.shape[-1] == channels:
        return x_NHWC
    if x_NHWC.shape[-1] == 4:
        colour, alpha = x_NHWC[..., :3].astype(np.uint16), x_NHWC[..., 3:].astype(np.uint16)
        x_NHWC = ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    if x_NHWC.shape[-1] == 3 and channels == 1:
        # Rec. 601 luma in the fixed-point form that Pillow uses, so that files and arrays agree.
        weights = np.array([19595, 38470, 7471], dtype=np.uint32)
        return ((x_NHWC @ weights + 0x8000) >> 16).astype(np.uint8)[..., None]
    return np.repeat(x_NHWC, channels, -1) if x_NHWC.shape[-1] == 1 else x_NHWC


def _inner(height: int, width: int, shape: Shape) -> tuple[int, int]:
    """Return the size a picture is brought to before it is padded or cropped."""
    if shape.aspect == "stretch" or (height, width) == (shape.height, shape.width):
        return shape.height, shape.width
    fit = max if shape.aspect == "crop" else min
    scale = fit(shape.height / height, shape.width / width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _placed(x_NHWC: np.ndarray, shape: Shape) -> np.ndarray:
    """Return pictures centred in the shape: cut where they are larger, padded with grey where smaller."""
    height, width = x_NHWC.shape[1:3]
    if (height, width) == (shape.height, shape.width):
        return x_NHWC
    top, left = max(0, height - shape.height) // 2, max(0, width - shape.width) // 2
    cut = x_NHWC[:, top : top + shape.height, left : left + shape.width]
    down, right = (shape.height - cut.shape[1]) // 2, (shape.width - cut.shape[2]) // 2
    out = np.full((len(cut), shape.height, shape.width, shape.channels), PADDING, np.uint8)
    out[:, down : down + cut.shape[1], right : right + cut.shape[2]] = cut
    return out
