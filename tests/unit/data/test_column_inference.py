"""Kinds are inferred from the values; columns that cannot help are left out with the reason."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.column_inference import kinds
from leadline.data.table import Table
from leadline.errors import DataError, UsageError
from sentences import says

N = 60
WORDS = [f"word{i}" for i in range(1000)]


def table(**columns: object) -> Table:
    return Table(pl.DataFrame(columns), "people", "f" * 64)


def infer(of: Table, *, asked: tuple[str, ...] = (), **spec: object):
    return kinds(of, DataSpec.model_validate(spec), of.frame.columns, asked=asked)


def test_each_kind_is_recognised() -> None:
    rng = np.random.default_rng(0)
    found = infer(
        table(
            length=rng.normal(size=N),
            count=rng.integers(0, 1000, N),
            colour=rng.choice(["red", "green", "blue"], N),
            agreed=rng.choice(["yes", "no"], N),
            day=[f"2024-01-{1 + i % 28:02d}" for i in range(N)],
            picture=pl.Series(np.zeros((N, 4, 4), dtype=np.uint8)),
        )
    )
    assert found.kinds == {
        "length": "number",
        "count": "number",
        "colour": "category",
        "agreed": "boolean",
        "day": "date",
        "picture": "image",
    }
    assert found.left_out == {}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([None] * N, "all values are missing"),
        (["same"] * N, "the only value is 'same'"),
        (list(range(N)), "row numbers"),
        (list(range(N, 0, -1)), "row numbers"),  # from 1, the last row first
        (np.random.default_rng(2).permutation(N).tolist(), "row numbers"),  # the rows were shuffled
        ([f"{WORDS[i].title()} {WORDS[i + 1].title()}" for i in range(N)], "names or codes"),
        ([[1, 2]] * N, "no column type fits its dtype"),
    ],
)
def test_columns_that_cannot_help_are_left_out(values: list[object], why: str) -> None:
    found = infer(table(x=pl.Series(values, strict=False)))
    assert found.kinds == {}
    assert why in found.left_out["x"]


def test_whole_numbers_named_id_are_left_out_in_any_order() -> None:
    values = np.random.default_rng(1).permutation(np.arange(N) * 7)
    assert infer(table(customer_id=values)).left_out["customer_id"]
    assert infer(table(area=values)).kinds == {"area": "number"}, (
        "all different, but neither a counter nor named like one"
    )
    assert infer(table(avid=values)).kinds == {"avid": "number"}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("row", [float(i) for i in range(N)]),  # counts, though stored as floats
        ("user_id", [7.0 * ((i * 17) % N) for i in range(N)]),
        ("id", [None, *range(1, N)]),
    ],
)
def test_identifiers_are_left_out_however_they_are_stored(name: str, values: list[object]) -> None:
    assert infer(table(**{name: pl.Series(values, strict=False)})).left_out[name] == say("data.looks-like-identifier")


@pytest.mark.parametrize(
    "values",
    [
        [float(i) for i in range(N)],  # though stored as floats
        [*range(30), None, *range(31, N)],  # one row has lost its number
    ],
)
def test_numbers_of_rows_are_left_out_however_they_are_stored(values: list[object]) -> None:
    assert infer(table(x=pl.Series(values, strict=False))).left_out["x"] == say("data.numbers-rows")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("x", [i / 2 for i in range(N)]),  # halves are measured
        ("x", [float(i * i) for i in range(N)]),  # grows, as measures may
        ("x", [i * i for i in range(N)]),  # in whole numbers too
        ("year", list(range(1960, 1960 + N))),  # each year once
        ("depth", list(range(5 + N, 5, -1))),
        ("x", [*range(20), *[None] * 20, *range(40, N)]),  # a third is missing
        ("x", [float(i % 50) for i in range(N)]),
    ],
)
def test_measures_are_kept(name: str, values: list[object]) -> None:
    assert infer(table(**{name: pl.Series(values, strict=False)})).kinds == {name: "number"}


def test_a_constant_with_gaps_is_kept() -> None:
    assert infer(table(x=[1.0, None] * 30)).kinds == {"x": "number"}, "that it is missing may say something"


def test_a_value_that_only_differs_in_one_of_many_rows_is_no_constant() -> None:
    values = np.zeros(50_000)
    values[12_345] = 1.0
    assert "x" in infer(table(x=values)).kinds


def test_what_the_user_says_wins_over_what_the_source_says_and_that_over_what_is_inferred() -> None:
    of = Table(
        pl.DataFrame({"zip": [1000, 2000] * 30, "area": [1, 2] * 30}),
        "people",
        "f",
        kinds={"zip": "category", "area": "category"},
    )
    assert infer(of, types={"area": "number"}).kinds == {"zip": "category", "area": "number"}
    identifier = table(id=list(range(N)))
    assert infer(identifier, types={"id": "number"}).kinds == {"id": "number"}


def test_a_named_column_is_taken_even_if_it_looks_like_an_identifier() -> None:
    of = table(id=list(range(N)))
    assert infer(of, asked=("id",)).kinds == {"id": "number"}


def test_a_named_column_that_fits_no_kind_is_an_error() -> None:
    with pytest.raises(
        DataError, match=says("data.column-unusable", table="people", column="x", reason=say("data.all-missing"))
    ):
        infer(table(x=pl.Series([None] * N)), asked=("x",))


def test_unknown_names_are_answered_with_the_nearest() -> None:
    of = table(colour=["red", "blue"] * 30)
    with pytest.raises(
        UsageError,
        match=says(
            "data.no-column", where="data.types", column="color", table="people", suggestion="Did you mean 'colour'?"
        ),
    ):
        infer(of, types={"color": "category"})
    with pytest.raises(
        UsageError,
        match=says(
            "data.no-column-type",
            where="data.types",
            column="colour",
            type="categry",
            suggestion="Did you mean 'category'?",
        ),
    ):
        infer(of, types={"colour": "categry"})


def test_kinds_are_inferred_from_the_values_that_are_there() -> None:
    rare: list[str | None] = [None] * 100_000
    rare[99_990:] = ["2024-01-31"] * 5 + ["2024-02-01"] * 5
    assert infer(table(day=rare)).kinds == {"day": "date"}


@pytest.mark.parametrize("name", ["cases", "index", "row"])
def test_variables_of_a_series_are_no_identifiers(name: str) -> None:
    counts = np.cumsum(np.random.default_rng(3).poisson(300, N) + 1)
    of = table(**{name: counts})
    assert kinds(of, DataSpec(), [name], series=True).kinds == {name: "number"}
    numbered = table(index=range(N), cases=counts)
    found = kinds(numbered, DataSpec(), ["index", "cases"], series=True)
    assert found.kinds == {"cases": "number"} and found.left_out == {"index": say("data.looks-like-identifier")}
