"""Pictures that are deep, transparent, moving, huge, or none at all."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from leadline.data.columns.decoding.images import MOST_PIXELS, Shape, depth, header, read
from leadline.errors import DataError
from sentences import says

COLOUR = Shape(4, 6, 3, "pad")
GREY = Shape(4, 6, 1, "pad")


def saved(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def deep_png(x_HWC: np.ndarray) -> bytes:
    """Return a PNG of 16 bits a channel, which Pillow cannot write in colour."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width, channels = x_HWC.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in x_HWC)
    head = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def deep_tiff(x_HWC: np.ndarray) -> bytes:
    """Return an uncompressed TIFF in RGB with 16 bits a channel."""
    height, width, channels = x_HWC.shape
    pixels = x_HWC.astype("<u2").tobytes()
    bits = 8 + len(pixels)
    after = bits + 2 * channels
    entries = [
        (256, 3, 1, width),
        (257, 3, 1, height),
        (258, 3, channels, bits),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 8),
        (277, 3, 1, channels),
        (278, 3, 1, height),
        (279, 4, 1, len(pixels)),
        (284, 3, 1, 1),
    ]
    tags = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    directory = struct.pack("<H", len(entries)) + tags + struct.pack("<I", 0)
    return b"II*\0" + struct.pack("<I", after) + pixels + struct.pack("<3H", 16, 16, 16) + directory


def test_sixteen_bits_of_colour_become_eight_and_are_not_clipped() -> None:
    deep = (np.arange(72).reshape(4, 6, 3) * 900).astype(np.uint16)  # up to 63,900
    for data in (deep_png(deep), deep_tiff(deep)):
        picture = read(data, COLOUR)
        np.testing.assert_allclose(picture, deep / 257, atol=1)
        assert len(np.unique(picture)) > 60
    alpha = np.stack([deep[..., 0], np.full((4, 6), 65_535)], -1).astype(np.uint16)
    np.testing.assert_allclose(read(deep_png(alpha), GREY)[..., 0], deep[..., 0] / 257, atol=1)


def test_bits_that_a_camera_does_not_fill_are_not_lost() -> None:
    twelve = np.arange(24, dtype=np.uint16).reshape(4, 6) * 178  # up to 4,094
    for form in ("PNG", "TIFF"):
        data = saved(Image.fromarray(twelve), form)
        assert depth(data) == 12
        assert header(data).deep
        np.testing.assert_allclose(read(data, GREY._replace(depth=12))[..., 0], twelve / 4095 * 255, atol=0.51)
    assert [depth(saved(Image.fromarray(twelve // 16 // 2))), depth(saved(Image.fromarray(twelve * 16)))] == [8, 16]
    with pytest.raises(DataError, match=says("columns.image-beyond-depth")):
        read(saved(Image.fromarray(twelve * 16)), GREY._replace(depth=12))


def test_palettes_with_a_transparency_for_each_colour() -> None:
    quantised = Image.fromarray(np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)).quantize(16)
    clear = saved(quantised, transparency=bytes([0] * 16))
    assert header(clear).clear
    assert (read(clear, COLOUR) == 255).all()


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_a_moving_picture_the_first_frame_is_taken(form: str) -> None:
    frames = [Image.new("RGB", (6, 4), (value, value, value)) for value in (30, 200, 90)]
    lossless = {"lossless": True} if form == "WEBP" else {}
    data = saved(frames[0], form, save_all=True, append_images=frames[1:], **lossless)
    assert header(data).moving
    np.testing.assert_allclose(read(data, COLOUR), 30, atol=1)
    assert not header(saved(frames[0], form)).moving


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "AVIF", "BMP", "TIFF", "PPM"])
def test_formats_are_told_by_their_bytes(form: str, tmp_path: Path) -> None:
    if form == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    smooth = Image.fromarray(np.linspace(20, 220, 24 * 16 * 3).reshape(24, 16, 3).astype(np.uint8))
    path = tmp_path / "picture.png"  # what it is called does not matter
    path.write_bytes(saved(smooth, form, **({"progressive": True} if form == "JPEG" else {})))
    np.testing.assert_allclose(read(path, Shape(24, 16, 3, "pad")).astype(int), np.asarray(smooth), atol=12)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<!DOCTYPE html>\n<html><body>404", "web page"),
        (b"\n<HTML lang=en>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
    ],
)
def test_what_only_pretends_to_be_a_picture_is_named(content: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    for source in (content, path):
        with pytest.raises(DataError, match=why):
            read(source, COLOUR)


def test_a_huge_jpeg_is_decoded_small_and_a_huge_one_that_cannot_be_is_refused() -> None:
    huge = Image.new("L", (9_600, 9_600), 70)
    assert huge.width * huge.height > MOST_PIXELS
    data = saved(huge, "JPEG")
    assert header(data)[:2] == (9_600, 9_600)
    assert (read(data, GREY._replace(aspect="stretch")) == 70).all()
    with pytest.raises(DataError, match=says("columns.image-too-large", width=9600, height=9600)):
        read(data, Shape(4_800, 4_800, 1, "pad"))  # for which it would be decoded as it is


def test_a_huge_progressive_jpeg_is_refused() -> None:
    data = bytearray(saved(Image.new("L", (64, 64), 70), "JPEG", progressive=True))
    at = data.index(b"\xff\xc2")  # the frame's header: its size stands there
    data[at + 5 : at + 9] = struct.pack(">HH", 60_000, 60_000)
    for look in (header, lambda bytes_: read(bytes_, GREY)):
        with pytest.raises(DataError, match=says("columns.image-too-large")):
            look(bytes(data))
