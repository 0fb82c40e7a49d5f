"""What makes rows of an input is the kind's own, and what cannot be made is named."""

from __future__ import annotations

import torch

from leadline.core.catalogue import say
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.nn.rng import Rng
from leadline.objectives.generative.row_generators import cannot_generate, generator_for_input

NUMBER = {
    "mean": 5.0,
    "std": 2.0,
    "min": 0.0,
    "max": 9.0,
    "median": 5.0,
    "missing": True,
    "offset": 0.0,
    "scale": "standard",
}
FIELDS = (
    ColumnSchema(name="kind", kind="category", state={"classes": ["a", "b", "c", "d", "e"]}),
    ColumnSchema(name="price", kind="number", state=NUMBER),
    ColumnSchema(name="few", kind="category", state={"classes": ["x", "y"]}),
    ColumnSchema(name="yes", kind="boolean", state={"classes": ["no", "yes"], "missing": True}),
    ColumnSchema(name="none", kind="category", state={"classes": []}),
    ColumnSchema(name="more", kind="category", state={"classes": ["p", "q", "r", "s", "t"]}),
)
TABLE = InputSchema(name="table", kind="table", fields=FIELDS, shape=(6,))
ROWS = 40
DATE = {"format": None, "mean": 19_000.25, "std": 10.0, "times": True, "missing": False}


def rng(rows: int = ROWS) -> Rng:
    return Rng(0, 0, torch.arange(rows))


def test_pictures_are_made_by_pixels_within_range() -> None:
    state = {
        "height": 6,
        "width": 5,
        "channels": 3,
        "mean": [100.0] * 3,
        "std": [50.0] * 3,
        "resized": False,
        "scale": "standard",
    }
    one = InputSchema(
        name="photo", kind="image", fields=(ColumnSchema(name="photo", kind="image", state=state),), shape=(6, 5, 3)
    )
    front = build_preprocessor(one)
    torch.manual_seed(0)
    maker = generator_for_input(one, signal_spec(front, one), 4, 2, width=4, growing="resize")
    given = maker(10 * torch.randn(ROWS, 4), torch.zeros(ROWS, dtype=torch.int64))
    assert given.shape == (ROWS, 3, 6, 5)
    assert 0 <= given.min() < 20
    assert 235 < given.max() <= 255
    torch.testing.assert_close(maker.features(front, given, given, rng()), front(given).values)  # type: ignore[operator]


def test_what_cannot_be_made_is_named() -> None:
    dated = InputSchema(
        name="table", kind="table", fields=(*FIELDS, ColumnSchema(name="sold", kind="date", state=DATE)), shape=(8,)
    )
    assert cannot_generate(TABLE) is None
    assert cannot_generate(dated) == say("columns.not-generated-ignore", column="sold", type="date")
    text = InputSchema(name="说", kind="text", fields=(ColumnSchema(name="说", kind="text", state={}),), shape=(6,))
    assert cannot_generate(text) == say("objectives.generates-images-tables", name="说", kind="text")
