"""Rows that a generator makes are seen by the network as the same rows would be from the data, and gradients reach
them.
"""

from __future__ import annotations

import pytest
import torch

from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.nn.rng import Rng
from leadline.objectives.generative.row_generators import TableRowGenerator, cannot_generate, generator_for_input

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


@pytest.fixture
def maker() -> TableRowGenerator:
    torch.manual_seed(0)
    return TableRowGenerator(TABLE, latent=4, classes=0, width=4)


def rng(rows: int = ROWS) -> Rng:
    return Rng(0, 0, torch.arange(rows))


def beside(*, missing: bool) -> torch.Tensor:
    """Return real rows, in some of which cells are missing, or of no known class; those of ``none`` are of none."""
    raw = torch.tensor([[1.0, 5.0, 1.0, 1.0, 0.0, 2.0]]).repeat(ROWS, 1)
    if missing:
        raw[::3, 0], raw[::4, 1], raw[::5, 2], raw[::2, 3] = 0.0, torch.nan, 0.0, torch.nan
    return raw


@pytest.mark.parametrize("missing", [False, True], ids=["whole", "with gaps"])
def test_the_network_is_given_what_such_rows_of_the_data_would_give(maker: TableRowGenerator, missing: bool) -> None:
    front, real = build_preprocessor(TABLE), beside(missing=missing)
    given = maker.eval()(torch.randn(ROWS, 4))
    raw, _ = maker.cells.through(given, rng())
    like = raw.clone()
    like[(real == 0) & (maker.cells.fill_F == 0)] = 0.0
    like[torch.isnan(real)] = torch.nan
    torch.testing.assert_close(maker.features(front, given, real, rng()), front(like).values)


def test_drawn_rows_are_whole_and_of_known_classes(maker: TableRowGenerator) -> None:
    raw = maker.raw(maker.eval()(torch.randn(ROWS, 4)), rng())
    assert raw.isfinite().all()
    for at, classes in ((0, 5), (2, 2), (5, 5)):
        assert set(raw[:, at].tolist()) <= set(range(1, classes + 1))
    assert set(raw[:, 3].tolist()) <= {0.0, 1.0}
    assert (raw[:, 4] == 0).all()


def test_gradients_reach_all_that_is_given(maker: TableRowGenerator) -> None:
    front = build_preprocessor(TABLE)
    given = torch.randn(ROWS, *maker.cells.spec.shape, requires_grad=True)
    features = maker.features(front, given, beside(missing=False), rng())
    (features * torch.randn_like(features)).sum().backward()
    assert given.grad is not None
    assert (given.grad.abs().sum(0) > 0).all()


def test_classes_are_drawn_as_often_as_their_scores_say(maker: TableRowGenerator) -> None:
    rows = 4000
    given = torch.zeros(rows, *maker.cells.spec.shape)
    at = maker.cells.spec.shape[0] - 5  # scores of the last column of five classes
    given[:, at] = 2.0
    _, hot = maker.cells.through(given, rng(rows))
    column = max(hot)
    torch.testing.assert_close(hot[column].mean(0), given[0, at:].softmax(0), atol=0.03, rtol=0)


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
        name="table", kind="table", fields=(*FIELDS, ColumnSchema(name="sold", kind="date", state={})), shape=(8,)
    )
    assert cannot_generate(TABLE) is None
    assert (
        cannot_generate(dated) == "column 'sold' is date, of which it makes no cells; leave it out with --ignore 'sold'"
    )
    text = InputSchema(name="说", kind="text", fields=(ColumnSchema(name="说", kind="text", state={}),), shape=(6,))
    assert cannot_generate(text) == "it makes pictures and rows of tables, and the input '说' is text"
