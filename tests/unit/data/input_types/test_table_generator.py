"""Rows of tables that a generator makes are seen by the network as the same rows would be from the data, and gradients
reach them.
"""

from __future__ import annotations

import pytest
import torch

from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.input_types.table_generator import TableRowGenerator
from leadline.data.preprocessors import build_preprocessor
from leadline.nn.rng import Rng

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
