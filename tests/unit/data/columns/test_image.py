"""Columns of pictures."""

import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from leadline.core.catalogue import say
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.columns.contract import ColumnContext
from leadline.data.columns.image import COLUMN, INPUT, ImagePreprocessor
from leadline.errors import DataError, UsageError
from sentences import says

RNG = np.random.default_rng(1)


@pytest.fixture
def folder(tmp_path: Path) -> tuple[Path, np.ndarray]:
    x = RNG.integers(0, 256, (5, 8, 6, 3), dtype=np.uint8)
    for i, one in enumerate(x):
        Image.fromarray(one).save(tmp_path / f"{i}.png")
    return tmp_path, x


def an_input(state: dict) -> InputSchema:
    field = ColumnSchema(name="x", kind="image", state=state)
    return InputSchema(name="x", kind="image", fields=(field,), shape=INPUT.shape([field]))


def fit(column: pl.Series, base: Path | None = None, **options: object) -> dict[str, object]:
    return json.loads(json.dumps(COLUMN.fit(column, ColumnContext(base, options)), allow_nan=False))


def paths(count: int = 5) -> pl.Series:
    return pl.Series("photo", [f"{i}.png" for i in range(count)])


def test_paths_bytes_and_arrays_give_the_same(folder: tuple[Path, np.ndarray]) -> None:
    base, x = folder
    blobs = pl.Series("photo", [(base / name).read_bytes() for name in paths()])
    states = [fit(paths(), base), fit(blobs), fit(pl.Series("photo", x))]
    assert states[0] == states[1] == states[2]
    for column in (paths(), blobs, pl.Series("photo", x)):
        encoded = COLUMN.encode(column, states[0], ColumnContext(base))
        np.testing.assert_array_equal(encoded.values, x)
        assert encoded.values.dtype == np.uint8
        assert not encoded.problems


def test_state_holds_shape_and_statistics(folder: tuple[Path, np.ndarray]) -> None:
    base, x = folder
    state = fit(paths(), base)
    assert an_input(state).shape == (8, 6, 3)
    assert state["resized"] is False
    np.testing.assert_allclose(state["mean"], x.mean((0, 1, 2)), atol=1e-5)
    np.testing.assert_allclose(state["std"], x.std((0, 1, 2)), atol=1e-5)
    assert set(COLUMN.recipe(state)) == {"height", "width", "channels", "aspect"}


def test_statistics_over_several_chunks() -> None:
    x = RNG.integers(0, 256, (150, 3, 4), dtype=np.uint8)
    state = fit(pl.Series(x), scale="mean_image")
    np.testing.assert_allclose(state["mean"], [x.mean()], atol=1e-5)
    np.testing.assert_allclose(np.array(state["mean_image"])[..., 0], x.mean(0), atol=0.006)


def test_bad_pictures_are_named_with_their_reason(folder: tuple[Path, np.ndarray]) -> None:
    base, x = folder
    (base / "1.png").write_bytes(b"")
    (base / "2.png").write_text("text")
    column = pl.Series("photo", ["0.png", "1.png", "2.png", "9.png", None])
    state = fit(column, base)
    encoded = COLUMN.encode(column, state, ColumnContext(base))
    assert encoded.problems == {
        1: "1.png: " + say("columns.file-empty"),
        2: "2.png: " + say("columns.image-unknown-format"),
        3: "9.png: " + say("columns.file-not-found"),
    }
    assert list(encoded.missing) == [4]
    np.testing.assert_array_equal(encoded.values[0], x[0])
    np.testing.assert_allclose(state["mean"], x[0].mean((0, 1)), atol=1e-5)


def test_a_column_without_a_readable_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says("columns.no-image-readable", count=5, column="photo")):
        fit(paths(), tmp_path)


def test_null_arrays_are_missing() -> None:
    column = pl.Series([[[1, 2], [3, 4]], None], dtype=pl.Array(pl.UInt8, (2, 2)))
    encoded = COLUMN.encode(column, fit(column), ColumnContext())
    assert encoded.values[0, ..., 0].tolist() == [[1, 2], [3, 4]]
    assert not encoded.problems
    assert list(encoded.missing) == [1]


def test_grey_only_if_all_are(folder: tuple[Path, np.ndarray]) -> None:
    base, x = folder
    for i in range(4):
        Image.fromarray(x[i, ..., 0]).save(base / f"{i}.png")
    assert fit(paths(4), base)["channels"] == 1
    assert fit(paths(5), base)["channels"] == 3
    assert fit(paths(4), base, channels=3)["channels"] == 3


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(40, 30), (50, 60), (70, 64)], (48, 48)),  # median short side 50, rounded to eights
        ([(900, 700), (800, 800)], (224, 224)),
        ([(500, 300), (500, 300)], (224, 224)),  # of one size, but a large one
        ([(40, 30), (40, 30)], (40, 30)),
        ([(3, 3), (2, 5)], (8, 8)),
    ],
)
def test_default_resolution(tmp_path: Path, sizes: list[tuple[int, int]], expected: tuple[int, int]) -> None:
    for i, (height, width) in enumerate(sizes):
        Image.new("L", (width, height), 7).save(tmp_path / f"{i}.png")
    state = fit(paths(len(sizes)), tmp_path)
    assert (state["height"], state["width"]) == expected
    assert state["resized"] is (expected not in sizes)
    assert COLUMN.encode(paths(len(sizes)), state, ColumnContext(tmp_path)).values.shape == (len(sizes), *expected, 1)


def test_options(folder: tuple[Path, np.ndarray]) -> None:
    base, _ = folder
    state = fit(paths(), base, size=[4, 5], aspect="crop", channels=1, scale="unit")
    assert an_input(state).shape == (4, 5, 1)
    assert (state["aspect"], state["scale"], state["resized"]) == ("crop", "unit", True)
    for options, words in (
        ({"sise": 4}, "'size'"),
        ({"size": 0}, "number of pixels"),
        ({"size": [1, 2, 3]}, "number of pixels"),
        ({"size": "big"}, "number of pixels"),
        ({"channels": 2}, "1 .grey. or 3"),
        ({"aspect": "padd"}, "'pad'"),
        ({"scale": "std"}, "standard"),
    ):
        with pytest.raises(UsageError, match=words):
            fit(paths(), base, **options)


def test_infer(folder: tuple[Path, np.ndarray]) -> None:
    base, x = folder
    context = ColumnContext(base)
    assert COLUMN.infer(paths(), context) > 0.95
    assert COLUMN.infer(pl.Series([(base / "0.png").read_bytes()]), context) > 0.95
    assert COLUMN.infer(pl.Series(x), context) == 1
    assert COLUMN.infer(pl.Series(["7.png", "8.png"]), context) == 0  # no such files
    assert COLUMN.infer(pl.Series(["a", "b.txt"]), context) == 0
    assert COLUMN.infer(pl.Series([b"abc"]), context) == 0
    assert COLUMN.infer(pl.Series(np.zeros((2, 4, 4, 2), np.uint8)), context) == 0
    assert COLUMN.infer(pl.Series(np.zeros((2, 4, 4))), context) == 0
    assert COLUMN.infer(pl.Series([1, 2]), context) == 0


def test_columns_of_other_types_are_refused() -> None:
    state = fit(pl.Series(np.zeros((2, 4, 4), np.uint8)))
    with pytest.raises(DataError, match=says("columns.image-dtype", dtype="Float64")):
        COLUMN.encode(pl.Series(np.zeros((2, 4, 4))), state, ColumnContext())
    with pytest.raises(DataError, match=says("columns.not-images")):
        COLUMN.encode(pl.Series([1, 2]), state, ColumnContext())


def test_decode_gives_png(folder: tuple[Path, np.ndarray]) -> None:
    base, x = folder
    for one, blob in zip(x, COLUMN.decode(x, fit(paths(), base)), strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(blob))), one)


@pytest.mark.parametrize("scale", ["standard", "unit", "mean_image"])
@pytest.mark.parametrize("channels", [1, 3])
def test_front_follows_the_formula(scale: str, channels: int) -> None:
    x = RNG.integers(0, 256, (40, 5, 7, channels), dtype=np.uint8)
    state = fit(pl.Series(x), scale=scale)
    raw = torch.from_numpy(x).permute(0, 3, 1, 2)
    z = COLUMN.preprocessor([state])(raw).values
    centre = {"standard": x.mean((0, 1, 2)), "unit": 0, "mean_image": x.mean(0)}[scale]
    spread = 255 if scale == "unit" else x.std((0, 1, 2))
    np.testing.assert_allclose(z.permute(0, 2, 3, 1).numpy(), (x - centre) / spread, atol=2e-4)


@pytest.mark.parametrize("scale", ["standard", "mean_image"])
def test_front_keeps_the_memory_format_and_takes_floats(scale: str) -> None:
    x = RNG.integers(0, 256, (4, 5, 7, 3), dtype=np.uint8)
    front = COLUMN.preprocessor([fit(pl.Series(x), scale=scale)])
    last = torch.from_numpy(x).permute(0, 3, 1, 2)
    assert front(last).values.is_contiguous(memory_format=torch.channels_last)
    assert front(last.contiguous()).values.is_contiguous()
    torch.testing.assert_close(front(last.float()).values, front(last).values)
    torch.testing.assert_close(front.double()(last).values.float(), front.float()(last).values)


def test_gradient_reaches_the_pixels() -> None:
    x = RNG.integers(0, 256, (4, 5, 7, 3), dtype=np.uint8)
    state = fit(pl.Series(x))
    pixels = torch.from_numpy(x).permute(0, 3, 1, 2).float().requires_grad_()
    COLUMN.preprocessor([state])(pixels).values.sum().backward()
    assert pixels.grad is not None
    torch.testing.assert_close(pixels.grad[0, :, 0, 0], 1 / torch.tensor(state["std"]))


def test_pictures_of_one_colour_do_not_divide_by_zero() -> None:
    state = fit(pl.Series(np.full((3, 2, 2), 9, np.uint8)))
    assert state["std"] == [1.0]
    assert ImagePreprocessor(state)(torch.full((1, 1, 2, 2), 9)).values.eq(0).all()


def test_front_does_not_learn_or_change_in_training_mode() -> None:
    front = COLUMN.preprocessor([fit(pl.Series(RNG.integers(0, 256, (4, 5, 7), dtype=np.uint8)))]).train()
    before = {name: value.clone() for name, value in front.state_dict().items()}
    front(torch.zeros(2, 1, 5, 7))
    assert not list(front.parameters())
    assert all(torch.equal(value, before[name]) for name, value in front.state_dict().items())


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pl.Series("a", [1.5, 2.5]), says("columns.not-images", dtype="Float64")),
        (pl.Series("a", np.zeros((2, 3, 3))), says("columns.image-dtype", dtype="Float64")),
        (pl.Series("a", np.zeros((2, 3), np.uint8)), says("columns.image-shape", shape="(3,)")),
    ],
)
def test_columns_of_other_types_are_refused_at_once(column: pl.Series, words: str) -> None:
    with pytest.raises(DataError, match=words):
        fit(column)


def test_why_no_picture_can_be_decoded_is_said(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "0.tif")
    with pytest.raises(DataError, match=says("columns.no-image-decodable")):
        fit(pl.Series("photo", ["0.tif"]), tmp_path)


def test_the_outline_is_what_the_fit_encodes_with(folder: tuple[Path, np.ndarray]) -> None:
    base, x = folder
    for column in (paths(), pl.Series("photo", x)):
        assert COLUMN.outline is not None
        assert COLUMN.outline(column, ColumnContext(base)) == COLUMN.recipe(fit(column, base))
        assert COLUMN.outline(column, ColumnContext(base, {"size": 12, "aspect": "crop"})) == COLUMN.recipe(
            fit(column, base, size=12, aspect="crop")
        )


def test_pictures_of_twelve_bits_keep_them_all(tmp_path: Path) -> None:
    x = RNG.integers(0, 4096, (3, 8, 6)).astype(np.uint16)
    x[0, 0, 0] = 4095
    for i, one in enumerate(x):
        Image.fromarray(one).save(tmp_path / f"{i}.png")
    state = fit(paths(3), tmp_path)
    assert state["depth"] == 12
    encoded = COLUMN.encode(paths(3), state, ColumnContext(tmp_path))
    np.testing.assert_allclose(encoded.values[..., 0], x / 4095 * 255, atol=0.51)
    assert fit(paths(3), tmp_path, bit_depth=16)["mean"][0] < 16, "the user may say otherwise"
    assert "depth" not in fit(paths(3), tmp_path, bit_depth=16)
    with pytest.raises(UsageError, match=says("columns.option-depth", choices="8, 10, 12, 14, 16", value=11)):
        fit(paths(3), tmp_path, bit_depth=11)


def test_what_is_odd_about_the_pictures_is_said(tmp_path: Path) -> None:
    frames = [Image.new("L", (8, 8), value) for value in (3, 200)]
    frames[0].save(tmp_path / "0.gif", save_all=True, append_images=frames[1:])
    Image.new("LA", (8, 8)).save(tmp_path / "1.png")
    Image.fromarray(np.full((8, 8), 9_000, np.uint16)).save(tmp_path / "2.png")
    Image.new("L", (8, 8), 7).save(tmp_path / "3.png")
    said = COLUMN.warnings(fit(pl.Series("photo", ["0.gif", "1.png", "2.png", "3.png"]), tmp_path))
    assert said == [
        say("columns.image-frames", count=1, sampled=4),
        say("columns.image-alpha", count=1, sampled=4),
        say("columns.image-sixteen", count=1, sampled=4),
    ]
    assert COLUMN.warnings(fit(pl.Series("photo", ["3.png", "3.png"]), tmp_path)) == []
