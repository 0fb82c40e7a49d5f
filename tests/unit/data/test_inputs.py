"""Columns are shared among inputs as the user says, or by what they are."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data import inputs
from leadline.data.table import Table
from leadline.errors import DataError, UsageError
from sentences import says

N = 30
RNG = np.random.default_rng(0)


def pixels() -> pl.Series:
    return pl.Series(RNG.integers(0, 256, (N, 4, 6, 3), dtype=np.uint8))


HOUSES = Table(
    pl.DataFrame(
        {
            "id": range(N),
            "front": pixels(),
            "back.side": pixels(),
            "area": RNG.normal(size=N),
            "rooms": RNG.integers(1, 100, N),
            "town": RNG.choice(["Bath", "York"], N),
            "price": RNG.normal(size=N),
        }
    ),
    "houses",
    "f",
)


def plan(table: Table = HOUSES, **spec: object) -> inputs.InputLayout:
    return inputs.input_layout(table, DataSpec.model_validate(spec), {"price": "it is the target"})


def columns(of: inputs.InputLayout) -> dict[str, tuple[str, list[str]]]:
    return {group.name: (group.kind, list(group.columns)) for group in of.groups}


def test_media_are_inputs_of_their_own_and_scalars_are_the_table() -> None:
    found = plan()
    assert columns(found) == {
        "front": ("image", ["front"]),
        "back_side": ("image", ["back.side"]),
        "table": ("table", ["area", "rooms", "town"]),
    }
    assert found.left_out["price"] == "it is the target"
    assert list(found.judged) == ["id"]
    assert inputs.notes(found) == (
        say("data.left-out", columns="'id'", reason=say("data.looks-like-identifier"), column="id"),
    )


def test_columns_and_ignore_choose_among_them() -> None:
    assert columns(plan(columns=["area", "front"])) == {"front": ("image", ["front"]), "table": ("table", ["area"])}
    found = plan(ignore=["front", "back.side"])
    assert columns(found) == {"table": ("table", ["area", "rooms", "town"])}
    assert found.left_out["front"] == say("data.reason-ignored")
    assert inputs.notes(plan(ignore=["id"])) == ()


def test_an_entry_that_names_columns_makes_the_list_complete() -> None:
    found = plan(inputs={"view": {"columns": ["front"], "augment": ["flip"]}, "sizes": {"columns": ["rooms", "area"]}})
    assert columns(found) == {"view": ("image", ["front"]), "sizes": ("table", ["rooms", "area"])}
    assert found.groups[0].augment[0].name == "flip"
    assert found.left_out["town"] == say("data.reason-in-no-input")


def test_a_table_without_columns_is_the_rest_of_the_table() -> None:
    found = plan(inputs={"front": {"columns": ["front"]}, "table": {"scale": "minmax"}})
    assert columns(found) == {"front": ("image", ["front"]), "table": ("table", ["area", "rooms", "town"])}
    assert found.groups[1].options == {"scale": "minmax"}


def test_an_entry_without_columns_only_says_how_an_input_is_prepared() -> None:
    found = plan(inputs={"front": {"augment": ["flip"], "size": 8}})
    assert columns(found) == columns(plan())
    assert found.groups[0].augment[0].name == "flip" and found.groups[0].options == {"size": 8}
    assert plan(inputs={"back_side": {"size": 8}}).groups[0].options == {"size": 8}, "by the name the input has"


def test_an_entry_may_name_a_kind() -> None:
    assert plan(inputs={"rooms": "category", "table": {}}).groups[0].columns == {"rooms": "category"}
    with pytest.raises(
        UsageError,
        match=says(
            "data.no-column-type",
            where="data.inputs",
            column="rooms",
            type="catgory",
            suggestion="Did you mean 'category'?",
        ),
    ):
        plan(inputs={"rooms": "catgory"})
    with pytest.raises(UsageError, match=says("data.input-of-one-column", name="both", type="image", columns=2)):
        plan(inputs={"both": {"type": "image", "columns": ["front", "back.side"]}})
    with pytest.raises(UsageError, match=says("data.entry-type-of-own-input", name="all", type="image")):
        plan(inputs={"all": {"columns": ["front", "area"]}})


def test_the_columns_a_split_comes_from_are_no_inputs_unless_named() -> None:
    assert "rooms" not in columns(plan(split="group:rooms"))["table"][1]
    assert columns(plan(split="group:rooms", columns=["rooms"])) == {"table": ("table", ["rooms"])}
    table = Table(HOUSES.frame.with_columns(split=pl.lit("train")), "houses", "f", split="split")
    assert plan(table).left_out["split"] == say("data.reason-split")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"ignore": ["rom"]}, "ignore: there is no column 'rom'"),
        ({"columns": ["aera"]}, "inputs: there is no column 'aera' in houses. Did you mean 'area'"),
        ({"split": "group:tow"}, "split: there is no column 'tow' in houses. Did you mean 'town'"),
        ({"inputs": {"frnt": {}}}, "data.inputs.frnt: there is no column 'frnt' in houses. Did you mean 'front'"),
        ({"inputs": {"a": {"columns": ["aera"]}}}, "data.inputs.a.columns: there is no column 'aera'"),
        ({"columns": ["price"]}, "Column 'price' cannot be an input: it is the target"),
        ({"columns": ["area"], "ignore": ["area"]}, "both an input and ignored"),
    ],
)
def test_names_that_do_not_fit(spec: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        plan(**spec)


def test_nothing_left_is_an_error_that_says_why() -> None:
    table = Table(pl.DataFrame({"id": range(N), "price": RNG.normal(size=N)}), "houses", "f")
    with pytest.raises(DataError, match=says("data.no-input-column", targets="'price'")):
        plan(table)


def test_two_inputs_never_have_one_name() -> None:
    table = Table(HOUSES.frame.rename({"front": "table"}), "houses", "f")
    with pytest.raises(UsageError, match=says("data.input-name-twice", name="table")):
        plan(table)


def test_fields_are_fitted_on_the_train_rows_only() -> None:
    table = Table(
        pl.DataFrame({"area": [0.0, 2.0, 100.0], "town": ["Bath", "York", "Ely"], "price": [1.0, 2.0, 3.0]}), "t", "f"
    )
    group = inputs.Group("table", "table", {"area": "number", "town": "category"})
    fitted = inputs.fit(group, table, np.array([0, 1]))
    assert fitted.shape == (2,)
    assert fitted.fields[0].state["mean"] == 1.0
    assert fitted.fields[1].state["classes"] == ["Bath", "York"]


def test_options_reach_the_field() -> None:
    group = inputs.Group("front", "image", {"front": "image"}, options={"size": 8})
    assert inputs.fit(group, HOUSES, np.arange(5)).shape == (8, 8, 3)


@pytest.mark.parametrize(
    "entries", [{"t": {"columns": ["area", "area"]}}, {"t": {"columns": ["area"]}, "u": {"columns": ["area"]}}]
)
def test_a_column_is_in_one_input_once(entries: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=says("data.column-in-two-inputs", column="area")):
        plan(inputs=entries)
