"""The wide and deep network: what its layers see, and what the head sees beside them."""

from __future__ import annotations

import polars as pl
import pytest
import torch

from leadline.core.schema import ColumnSchema
from leadline.data.columns.contract import ColumnContext, column_type
from leadline.data.preprocessors import TablePreprocessor
from leadline.models.tabular.wide_deep import FAR, Options, WideDeep
from leadline.nn.batch import Signal, SignalSpec

TABLE = SignalSpec("table", (3,), edges=((-1.0, 0.0, 1.0), (), (0.0, 2.0)))


def test_the_head_sees_the_table_beside_the_last_layer_and_far_values_count_less() -> None:
    network = WideDeep(TABLE, Options(hidden=(5,))).eval()
    x_BF = torch.tensor([[0.1, -0.2, 0.3], [100.0, 1e30, -1e6]])
    found_BG = network(Signal(x_BF)).values
    torch.testing.assert_close(found_BG[0, 5:], x_BF[0], rtol=1e-3, atol=1e-3)
    assert torch.isfinite(found_BG[:, 5:]).all()
    torch.testing.assert_close(found_BG[1, 5:], torch.tensor([100 / 101**0.5, FAR, -FAR]))
    assert WideDeep(TABLE, Options(hidden=(5,), wide=False)).eval()(Signal(x_BF)).values.shape == (2, 5)


@pytest.mark.parametrize(("embedding", "width"), [("piecewise", 3 + 2 * 8), ("periodic", 3 + 2 * 8), ("none", 3)])
def test_only_numbers_are_embedded(embedding: str, width: int) -> None:
    network = WideDeep(TABLE, Options(embedding=embedding))
    assert network.layers[0].in_features == width
    assert network.numbers_Q.tolist() == [0, 2]


def test_a_table_without_numbers_needs_no_embedding() -> None:
    network = WideDeep(SignalSpec("table", (4,)), Options(hidden=(6,))).eval()
    assert network.embedding is None
    assert network(Signal(torch.randn(2, 4))).values.shape == (2, 10)


def field(name: str, kind: str, values: list[object]) -> ColumnSchema:
    series = pl.Series(name, values)
    return ColumnSchema(name=name, kind=kind, state=column_type(kind).fit(series, ColumnContext()))


def test_edges_are_the_distinct_values_as_the_network_sees_them() -> None:
    age = field("age", "number", [20, 30, 30, 70, None, 50])
    colour = field("colour", "category", ["red", "blue", "red", "blue", "red", "red"])
    preprocessor = TablePreprocessor([colour, age])
    raw_BF = torch.tensor([[1.0, 20.0], [2.0, 30.0], [1.0, 50.0], [1.0, 70.0], [0.0, torch.nan]])
    seen_BF = preprocessor(raw_BF).values
    assert [len(one) for one in preprocessor.edges].count(4) == 1
    at = next(at for at, one in enumerate(preprocessor.edges) if one)
    assert len(preprocessor.edges) == seen_BF.shape[1]
    torch.testing.assert_close(torch.tensor(preprocessor.edges[at]), seen_BF[:4, at])


@pytest.mark.parametrize(("rows", "intervals"), [(100, 8), (1_000, 15), (10_000, 48)])
def test_many_values_have_quantiles_for_edges_fewer_where_rows_are_few(rows: int, intervals: int) -> None:
    values = torch.randn(rows, generator=torch.Generator().manual_seed(0)).tolist()
    edges = field("x", "number", values).state["edges"]
    assert len(edges) == intervals + 1
    assert (edges[0], edges[-1]) == (min(values), max(values))
    share = sum(value <= edges[intervals // 2] for value in values) / rows
    assert share == pytest.approx((intervals // 2) / intervals, abs=0.02)


def test_each_distinct_value_is_an_edge_where_rows_are_many() -> None:
    values = [float(value % 100) for value in range(8_000)]
    assert field("x", "number", values).state["edges"] == sorted(set(values))
    assert len(field("x", "number", values[:200]).state["edges"]) == 9
