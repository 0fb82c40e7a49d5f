"""How columns of any type are read as text and as numbers."""

import math

import polars as pl
import pytest

from leadline.data.columns.options import choice, known_only
from leadline.data.columns.scalars.parsing import as_numbers, as_text, clean, natural_order
from leadline.errors import DataError, UsageError
from sentences import says


def test_clean_strips_blanks_and_empties_to_null() -> None:
    assert clean(pl.Series([" a ", "", "  ", None, "b"])).to_list() == ["a", None, None, None, "b"]


def test_clean_leaves_numbers_alone() -> None:
    column = pl.Series([1, None, 3])
    assert clean(column) is column


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pl.Series([3, None, -1]), ["3", None, "-1"]),
        (pl.Series([3.0, 2.5, None, math.nan, -7.0]), ["3", "2.5", None, None, "-7"]),
        (pl.Series([True, False]), ["true", "false"]),
        (pl.Series(["x ", "3.0"]), ["x", "3.0"]),
        (pl.Series(["u", "v"], dtype=pl.Categorical), ["u", "v"]),
        (pl.Series([1e300]), ["1e+300"]),
    ],
)
def test_as_text(values: pl.Series, expected: list[str | None]) -> None:
    assert as_text(values).to_list() == expected


def test_as_numbers_tells_missing_from_unreadable() -> None:
    values = as_numbers(pl.Series(["1.5", " 2 ", "", None, "abc", "nan", "1e3"]))
    assert [None if v is None else ("nan" if math.isnan(v) else v) for v in values] == [
        1.5,
        2.0,
        "nan",
        "nan",
        None,
        "nan",
        1000.0,
    ]


def test_nested_columns_are_refused_by_name() -> None:
    column = pl.Series("pixels", [[1, 2]], dtype=pl.Array(pl.UInt8, 2))
    with pytest.raises(DataError, match=says("columns.dtype-unreadable", column="pixels", wanted="numbers")):
        as_numbers(column)


def test_natural_order() -> None:
    assert natural_order(["10", "9", "-1"]) == ["-1", "9", "10"]
    assert natural_order(["10", "9", "x"]) == ["10", "9", "x"]
    assert natural_order(["1", "nan"]) == ["1", "nan"]
    assert natural_order([]) == []


def test_options_are_checked_with_the_nearest_name() -> None:
    with pytest.raises(
        UsageError, match=says("columns.type-without-option", option="scal", suggestion="Did you mean 'scale'?")
    ):
        known_only("number", {"scal": 1}, ("scale",))
    with pytest.raises(
        UsageError, match=says("columns.option-value", value="standart", suggestion="Did you mean 'standard'?")
    ):
        choice({"scale": "standart"}, "scale", ("standard", "minmax"))
    assert choice({}, "scale", ("standard", "minmax")) == "standard"
