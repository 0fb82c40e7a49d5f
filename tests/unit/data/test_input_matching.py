"""Which inputs are the same, and what is taken over."""

from __future__ import annotations

import numpy as np
import polars as pl

from leadline.core.experiment import DataSpec
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.data.dataset import prepare
from leadline.data.input_matching import as_fitted_before, columns_differ, matching_input, same_state


def medium(name: str, kind: str = "image", size: int = 8) -> InputSchema:
    field = ColumnSchema(name=name, kind=kind, state={"height": size, "width": size})
    return InputSchema(name=name, kind=kind, fields=(field,), shape=(size, size, 1))


def table(**kinds: str) -> InputSchema:
    fields = tuple(ColumnSchema(name=name, kind=kind, state={"mean": 1.0}) for name, kind in kinds.items())
    return InputSchema(name="table", kind="table", fields=fields, shape=(len(fields),))


def test_inputs_are_the_same_by_name_or_as_the_only_ones_of_their_kind() -> None:
    known = Schema(inputs=(medium("photo"), table(a="number")))
    one, other = medium("photo"), medium("x")
    assert matching_input(one, Schema(inputs=(one, other)), known) == known.inputs[0]
    assert matching_input(other, Schema(inputs=(one, other)), known) is None  # which of two is it?
    assert matching_input(other, Schema(inputs=(other,)), known) == known.inputs[0]
    assert matching_input(medium("photo", "audio"), Schema(inputs=(medium("photo", "audio"),)), known) is None


def test_what_was_fitted_is_taken_over_where_columns_are_the_same() -> None:
    new, known = table(b="number", a="number"), table(a="number", b="number")
    known = known.model_copy(
        update={"fields": tuple(f.model_copy(update={"state": {"mean": 7.0}}) for f in known.fields)}
    )
    taken = as_fitted_before(Schema(inputs=(new,)), Schema(inputs=(known,))).inputs[0]
    assert same_state(taken, known)
    assert [f.name for f in taken.fields] == ["a", "b"]
    assert as_fitted_before(Schema(inputs=(new,)), Schema(inputs=(known,)), own=["table"]).inputs[0] == new


def test_other_columns_are_fitted_anew_and_named() -> None:
    new, known = table(a="number", c="number", d="category"), table(a="number", b="number", d="number")
    assert as_fitted_before(Schema(inputs=(new,)), Schema(inputs=(known,))).inputs[0] == new
    assert columns_differ(new, known) == "'c' is new; 'b' is missing; 'd' has a different type"


def test_a_medium_may_have_another_name_and_takes_the_shape() -> None:
    taken = as_fitted_before(Schema(inputs=(medium("x", size=28),)), Schema(inputs=(medium("photo", size=8),))).inputs[
        0
    ]
    assert (taken.name, taken.fields[0].name, taken.shape) == ("x", "x", (8, 8, 1))
    assert taken.fields[0].state["height"] == 8


def test_a_dataset_is_encoded_with_what_is_known() -> None:
    rng = np.random.default_rng(0)
    first = pl.DataFrame(
        {"size": rng.normal(10, 2, 60), "town": rng.choice(["a", "b"], 60), "kind": rng.choice(["u", "v"], 60)}
    )
    second = pl.DataFrame(
        {"size": rng.normal(0, 9, 60), "town": rng.choice(["b", "z"], 60), "kind": rng.choice(["u", "v"], 60)}
    )
    known = prepare(DataSpec(target="kind"), first)
    found = prepare(DataSpec(target="kind"), second, known=known.schema)
    assert found.schema.inputs == known.schema.inputs
    codes = found.splits["train"].batch(slice(0, 40)).inputs["table"][:, 1].tolist()
    assert set(codes) == {0.0, 2.0}  # b as before, z unknown
    assert prepare(DataSpec(target="kind"), second).schema.inputs != known.schema.inputs
