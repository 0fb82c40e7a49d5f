"""Pictures of every sort, made here with Pillow, read into pixels of one shape."""

import io
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from leadline.data.columns.decoding.images import PADDING, Shape, convert, header, png, read
from leadline.errors import DataError
from sentences import says

RNG = np.random.default_rng(0)
COLOUR = Shape(4, 6, 3, "pad")
GREY = Shape(4, 6, 1, "pad")


def saved(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


@pytest.fixture
def pixels() -> np.ndarray:
    return RNG.integers(0, 256, (4, 6, 3), dtype=np.uint8)


def test_colour_comes_back_exactly(pixels: np.ndarray) -> None:
    for form in ("PNG", "BMP", "TIFF"):
        np.testing.assert_array_equal(read(saved(Image.fromarray(pixels), form), COLOUR), pixels)


def test_grey_comes_back_exactly_and_is_repeated_for_colour(pixels: np.ndarray) -> None:
    data = saved(Image.fromarray(pixels[..., 0]))
    np.testing.assert_array_equal(read(data, GREY), pixels[..., :1])
    np.testing.assert_array_equal(read(data, COLOUR), pixels[..., [0, 0, 0]])


def test_sixteen_bits_become_eight() -> None:
    deep = np.arange(24, dtype=np.uint16).reshape(4, 6) * 257 * 10
    picture = read(saved(Image.fromarray(deep)), GREY)
    np.testing.assert_array_equal(picture[..., 0], np.arange(24).reshape(4, 6) * 10)
    np.testing.assert_array_equal(
        read(saved(Image.fromarray(deep), "TIFF"), COLOUR)[..., 2], np.arange(24).reshape(4, 6) * 10
    )


def test_transparent_parts_lie_over_white() -> None:
    rgba = np.zeros((4, 6, 4), np.uint8)
    rgba[..., 0] = 200
    rgba[:, :3, 3] = 255
    rgba[:, 3, 3] = 128
    picture = read(saved(Image.fromarray(rgba)), COLOUR)
    assert picture[0, 0].tolist() == [200, 0, 0]
    assert picture[0, 5].tolist() == [255, 255, 255]
    np.testing.assert_allclose(picture[0, 3], [228, 127, 127], atol=1)
    grey_alpha = np.stack([np.full((4, 6), 90, np.uint8), np.zeros((4, 6), np.uint8)], -1)
    assert (read(saved(Image.fromarray(grey_alpha, "LA")), GREY) == 255).all()


def test_palettes(pixels: np.ndarray) -> None:
    quantised = Image.fromarray(pixels).quantize(16)
    np.testing.assert_array_equal(read(saved(quantised), COLOUR), np.asarray(quantised.convert("RGB")))
    clear = saved(quantised, transparency=int(np.asarray(quantised)[0, 0]))
    assert read(clear, COLOUR)[0, 0].tolist() == [255, 255, 255]


def test_cmyk_and_one_bit(pixels: np.ndarray) -> None:
    cmyk = Image.fromarray(np.full((4, 6, 3), 80, np.uint8)).convert("CMYK")
    np.testing.assert_allclose(read(saved(cmyk, "JPEG", quality=100), COLOUR), 80, atol=3)
    bits = Image.fromarray(pixels[..., 0] > 127)
    np.testing.assert_array_equal(read(saved(bits), GREY)[..., 0], (pixels[..., 0] > 127) * np.uint8(255))


def test_of_several_frames_the_first_is_taken() -> None:
    frames = [Image.new("L", (6, 4), value) for value in (30, 200)]
    assert (read(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]), GREY) == 30).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    seen = np.zeros((16, 32), np.uint8)
    seen[:8, :8] = 255  # bright at the top left, as seen
    undo = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270}  # fmt: skip
    stored = Image.fromarray(seen)
    stored = stored.transpose(undo[orientation]) if orientation in undo else stored
    exif = Image.Exif()
    exif[0x0112] = orientation
    for form in ("JPEG", "PNG"):
        data = saved(stored, form, exif=exif)
        assert header(data)[:3] == (16, 32, True)
        np.testing.assert_allclose(read(data, Shape(16, 32, 1, "pad"))[..., 0].astype(int), seen, atol=12)


def test_floating_point_pixels_are_refused() -> None:
    with pytest.raises(DataError, match=says("columns.image-floats")):
        read(saved(Image.fromarray(np.ones((4, 6), np.float32)), "TIFF"), GREY)


def test_pad_centres_on_grey() -> None:
    white = saved(Image.new("RGB", (20, 10), "white"))
    picture = read(white, Shape(8, 8, 3, "pad"))
    assert (picture[2:6] == 255).all()
    assert (picture[[0, 1, 6, 7]] == PADDING).all()


def test_crop_keeps_the_middle() -> None:
    x = np.zeros((8, 24), np.uint8)
    x[:, 8:16] = 255
    assert (read(saved(Image.fromarray(x)), Shape(8, 8, 1, "crop")) == 255).all()


def test_stretch_keeps_everything() -> None:
    x = np.zeros((8, 16), np.uint8)
    x[:, 8:] = 255
    picture = read(saved(Image.fromarray(x)), Shape(8, 8, 1, "stretch"))[..., 0]
    assert (picture[:, :3] == 0).all()
    assert (picture[:, 5:] == 255).all()


@pytest.mark.parametrize("aspect", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("size", [(40, 30), (7, 31), (3, 3), (16, 12)])
def test_arrays_and_files_agree(aspect: str, size: tuple[int, int]) -> None:
    x = RNG.integers(0, 256, (2, *size, 3), dtype=np.uint8)
    for channels in (1, 3):
        shape = Shape(16, 12, channels, aspect)
        files = np.stack([read(saved(Image.fromarray(one)), shape) for one in x])
        assert np.abs(convert(x, shape).astype(int) - files).max() <= 2


def test_arrays_of_one_and_four_channels() -> None:
    grey = RNG.integers(0, 256, (3, 4, 6), dtype=np.uint8)
    np.testing.assert_array_equal(convert(grey, GREY)[..., 0], grey)
    np.testing.assert_array_equal(convert(grey, COLOUR), np.repeat(grey[..., None], 3, -1))
    rgba = RNG.integers(0, 256, (3, 4, 6, 4), dtype=np.uint8)
    files = np.stack([read(saved(Image.fromarray(one)), COLOUR) for one in rgba])
    assert np.abs(convert(rgba, COLOUR).astype(int) - files).max() <= 1


def test_large_jpegs_are_decoded_small() -> None:
    y, x = np.mgrid[:600, :800]
    smooth = np.stack([y / 600, x / 800, 0 * x], -1) * 255
    data = saved(Image.fromarray(smooth.astype(np.uint8)), "JPEG", quality=95)
    shape = Shape(30, 40, 3, "pad")
    np.testing.assert_allclose(read(data, shape).astype(int), convert(smooth.astype(np.uint8)[None], shape)[0], atol=5)


def test_what_cannot_be_read_says_why(tmp_path: Path, pixels: np.ndarray) -> None:
    empty, text, cut = tmp_path / "empty.png", tmp_path / "text.png", tmp_path / "cut.png"
    empty.touch()
    text.write_text("not a picture")
    whole = saved(Image.fromarray(RNG.integers(0, 256, (40, 40, 3), dtype=np.uint8)))
    cut.write_bytes(whole[: len(whole) // 2])
    for source, why in (
        (tmp_path / "none.png", says("columns.file-not-found")),
        (tmp_path, "folder"),
        (empty, "empty"),
        (b"", "empty"),
        (text, says("columns.image-unknown-format")),
        (cut, "damaged"),
    ):
        with pytest.raises(DataError, match=why):
            read(source, COLOUR)


@pytest.mark.parametrize("side", [9_500, 100_000])
def test_decompression_bombs_are_refused(side: int) -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"0"))
    )
    for look in (header, lambda data: read(data, COLOUR)):
        with pytest.raises(DataError, match=says("columns.image-too-large-to-decode")):
            look(bomb)


@pytest.mark.filterwarnings("ignore")  # Pillow's own, about damaged metadata
@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_damage_of_any_sort_is_either_read_or_explained(form: str) -> None:
    whole = saved(Image.fromarray(RNG.integers(0, 256, (12, 12, 3), dtype=np.uint8)), form)
    chance = random.Random(0)
    explained = 0
    for _ in range(60):
        damaged = bytearray(whole[: chance.randint(1, len(whole))])
        for _ in range(3):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            assert read(bytes(damaged), COLOUR).shape == (4, 6, 3)
        except DataError:
            explained += 1
    assert explained


def test_png_round_trip(pixels: np.ndarray) -> None:
    for x in (pixels, pixels[..., :1]):
        np.testing.assert_array_equal(read(png(x), Shape(4, 6, x.shape[-1], "pad")), x)


def test_thirty_two_bits_are_refused_where_sixteen_do_not_hold_them() -> None:
    deep = Image.fromarray(np.full((4, 6), 70_000, np.int32))
    with pytest.raises(DataError, match=says("columns.image-32-bits")):
        read(saved(deep, "TIFF"), GREY)
    assert (read(saved(Image.fromarray(np.full((4, 6), 65_535, np.int32)), "TIFF"), GREY) == 255).all()
