"""Quantities."""

import json
import math

import numpy as np
import polars as pl
import pytest
import torch

from leadline.core.catalogue import say
from leadline.data.columns.contract import ColumnContext
from leadline.data.columns.number import COLUMN
from leadline.errors import UsageError
from sentences import says

CONTEXT = ColumnContext()


def fit(values: list[object] | np.ndarray, **options: str) -> dict[str, object]:
    state = dict(COLUMN.fit(pl.Series("x", values), ColumnContext(options=options)))
    return json.loads(json.dumps(state, allow_nan=False))


def raw(values: object, state: object) -> torch.Tensor:
    return torch.from_numpy(COLUMN.encode(pl.Series("x", values), state, CONTEXT).values)


def test_state_holds_population_statistics() -> None:
    state = fit([1.0, 2.0, 4.0, None, math.nan])
    expected = np.array([1.0, 2.0, 4.0])
    assert state["mean"] == pytest.approx(expected.mean())
    assert state["std"] == pytest.approx(expected.std(ddof=0))
    assert (state["min"], state["max"], state["median"], state["missing"], state["offset"]) == (1, 4, 2, True, 0)


def test_infinite_and_unreadable_values_stay_out_of_the_fit() -> None:
    state = fit(["1", "3", "inf", "abc"])
    assert (state["mean"], state["std"], state["missing"]) == (2.0, 1.0, False)


def test_encode_reports_what_is_no_number() -> None:
    encoded = COLUMN.encode(pl.Series(["1", "abc", None, "-inf", "1e39", " 2.5 ", "nan", ""]), fit([1.0, 2.0]), CONTEXT)
    assert encoded.problems == {
        1: say("columns.not-a-number", value="abc"),
        3: say("columns.not-a-finite-number", value="-inf"),
        4: "'1e39' is too large for float32 (beyond 3.4e38)",
    }
    assert encoded.values.dtype == np.float32
    assert encoded.values.shape == (8, 1)
    np.testing.assert_array_equal(encoded.values[[0, 2, 5, 6, 7], 0], [1, np.nan, 2.5, np.nan, np.nan])


def test_infinite_values_of_a_float_column_are_problems() -> None:
    assert COLUMN.encode(pl.Series([1.0, math.inf]), fit([1.0, 2.0]), CONTEXT).problems == {
        1: say("columns.not-a-finite-number", value=math.inf)
    }


def test_offset_keeps_small_differences_of_large_numbers() -> None:
    values = 1.7e9 + np.arange(100.0)
    state = fit(values)
    assert state["offset"] in values
    z = COLUMN.preprocessor([state])(raw(values, state))[:, 0]
    np.testing.assert_allclose(z.numpy(), (values - values.mean()) / values.std(), rtol=1e-5, atol=1e-5)
    assert COLUMN.decode(raw(values[:3], state).numpy(), state) == values[:3].tolist()


def test_no_offset_where_float32_is_fine() -> None:
    assert fit([0.1, 0.2, 900.0])["offset"] == 0


@pytest.mark.parametrize(
    ("scale", "formula"),
    [
        ("standard", lambda x: (x - x.mean()) / x.std()),
        ("minmax", lambda x: (x - x.min()) / (x.max() - x.min())),
        ("none", lambda x: x),
    ],
)
def test_front_follows_the_formula(scale: str, formula: object) -> None:
    x = np.array([3.0, -1.0, 8.0, 2.0])
    state = fit(x, scale=scale)
    z = COLUMN.preprocessor([state])(raw(x, state))
    np.testing.assert_allclose(z[:, 0].numpy(), formula(x), rtol=1e-6)


@pytest.mark.parametrize("scale", ["standard", "minmax", "none"])
def test_missing_values_become_the_mean_and_an_indicator_where_train_had_gaps(scale: str) -> None:
    a, b = fit([1.0, 3.0, None], scale=scale), fit([5.0, 9.0], scale=scale)
    front = COLUMN.preprocessor([a, b])
    x = torch.tensor([[1.0, 5.0], [math.nan, math.nan], [2.0, 7.0]])
    z = front(x)
    assert z.shape == (3, 3)
    torch.testing.assert_close(z[1, :2], z[2, :2])
    assert z[:, 2].tolist() == [0, 1, 0]


def test_constant_column_gives_zero() -> None:
    state = fit([5.0, 5.0])
    assert COLUMN.preprocessor([state])(raw([5.0, 5.0], state)).tolist() == [[0.0], [0.0]]


def test_a_column_without_values_gives_zero_and_the_indicator() -> None:
    state = fit(np.array([math.nan, math.nan]))
    assert COLUMN.preprocessor([state])(torch.tensor([[math.nan]])).tolist() == [[0.0, 1.0]]


def test_gradient_flows_and_is_finite_beside_missing_values() -> None:
    x = torch.tensor([[1.0], [math.nan]], requires_grad=True)
    COLUMN.preprocessor([fit([1.0, 3.0])])(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[1.0], [0.0]]


@pytest.mark.parametrize(
    ("column", "low", "high"),
    [
        (pl.Series([1.5, 2.0]), 0.8, 1),
        (pl.Series([1, 2]), 0.8, 1),
        (pl.Series(["1", "2.5", " 3"]), 0.8, 1),
        (pl.Series(["02139", "10001"]), 0.01, 0.25),  # a zip code
        (pl.Series(["a", "1"]), 0, 0),
        (pl.Series([True]), 0, 0),
        (pl.Series([None, ""], dtype=pl.String), 0, 0),
    ],
)
def test_infer(column: pl.Series, low: float, high: float) -> None:
    assert low <= COLUMN.infer(column, CONTEXT) <= high


def test_decode_gives_short_numbers() -> None:
    assert COLUMN.decode(np.array([[0.1], [np.nan], [3.0]], np.float32), fit([0.1, 3.0])) == [0.1, None, 3.0]


def test_unknown_option_is_refused() -> None:
    with pytest.raises(UsageError, match=says("columns.type-without-option", suggestion="Did you mean 'scale'?")):
        fit([1.0], scal="minmax")


def test_only_the_offset_decides_the_encoded_values() -> None:
    assert COLUMN.recipe(fit([1.0, 2.0])) == COLUMN.recipe(fit([3.0, 9.0, None])) == {"offset": 0.0}


def test_numbers_that_cannot_be_squared_leave_the_statistics_finite() -> None:
    state = fit([1.0, 1e300, -1e300, 1e308])
    assert all(math.isfinite(value) for value in state.values() if isinstance(value, float))
