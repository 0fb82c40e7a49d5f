"""The encoded target: class numbers, values, sets of labels, probabilities, several targets; and where it is
missing.
"""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
import torch

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.schema import ColumnSchema, Schema
from leadline.data import targets
from leadline.data.table import Table
from leadline.data.targets.tasks import tasks_of
from leadline.errors import DataError
from sentences import says

ALL = np.arange(6)


def table(values: object, name: str = "label", **more: object) -> Table:
    return Table(pl.DataFrame({"x": range(len(pl.Series(values))), name: values}), "people", str(values), **more)  # type: ignore[arg-type]


def wide(**columns: object) -> Table:
    return Table(pl.DataFrame(columns), "people", str(columns), origin="people.csv")


def spec(**entries: object) -> DataSpec:
    return DataSpec.model_validate(entries)


def single(name: str, kind: str) -> targets.TargetSelection:
    return targets.TargetSelection(name, kind, None, (name,))


def test_class_numbers_follow_the_natural_order() -> None:
    of = table(["10", "9", "2", "10", "2", "9"])
    field = targets.fit(of, single("label", "category"), ALL)
    encoded = targets.encoded(of, field)
    assert field.state["classes"] == ["2", "9", "10"]
    assert encoded.values.dtype == torch.int64
    assert encoded.values.tolist() == [2, 1, 0, 2, 0, 1]
    assert encoded.problems.is_empty()


@pytest.mark.parametrize(("values", "classes"), [([True, False] * 3, ["false", "true"]), ([0.0, 1.0] * 3, ["0", "1"])])
def test_truth_values_and_floats_become_classes(values: list[object], classes: list[str]) -> None:
    of = table(values)
    field = targets.fit(of, targets.choose(of, spec()), ALL)
    assert field.state["classes"] == classes
    assert targets.encoded(of, field).values.tolist() == [int(bool(v)) for v in values]


def test_a_boolean_target_has_two_classes_too() -> None:
    of = table(["yes", "no", "no", None, "yes", "perhaps"])
    field = targets.fit(of, targets.choose(of, spec(types={"label": "boolean"})), np.array([0, 1, 2]))
    encoded = targets.encoded(of, field)
    assert encoded.values[[0, 1, 2, 4]].tolist() == [1, 0, 0, 1]
    assert encoded.problems["row"].to_list() == [5, 3]
    assert "perhaps" in encoded.problems["reason"][0]


def test_missing_and_unseen_classes_are_problems() -> None:
    of = table(["a", "b", None, "c", "a", "b"])
    field = targets.fit(of, targets.choose(of, spec()), np.array([0, 1]))
    encoded = targets.encoded(of, field)
    assert dict(encoded.problems.select("row", "reason").iter_rows()) == {
        2: "the target is missing",
        3: say("targets.value-unseen", value="'c'"),
    }


def test_numbers_are_encoded_as_they_are_and_what_is_none_is_a_problem() -> None:
    of = table(["1.5", "-2", "1e400", "n/a", None, "7"])
    field = targets.fit(of, single("label", "number"), np.array([0, 1, 5]))
    encoded = targets.encoded(of, field)
    assert encoded.values.dtype == torch.float32
    assert encoded.values[[0, 1, 5]].tolist() == [1.5, -2.0, 7.0]
    assert sorted(encoded.problems["row"].to_list()) == [2, 3, 4]
    assert targets.present(of.frame, field).tolist() == [True, True, False, False, False, True]


def test_a_target_far_from_zero_keeps_its_unit() -> None:
    of = table([1e9, 1e9 + 64, 1e9 + 128, 1e9, 1e9 + 64, 1e9 + 128])
    field = targets.fit(of, targets.choose(of, spec()), ALL)
    assert targets.encoded(of, field).values.tolist() == of.frame["label"].to_list()


def test_numbers_that_float32_cannot_tell_apart_are_refused() -> None:
    close = table([10.0**12 + at + 0.5 for at in range(6)])
    with pytest.raises(DataError, match=says("targets.lost-in-float32")):
        targets.fit(close, single("label", "number"), ALL)
    assert targets.fit(table([0.1] * 6), single("label", "number"), ALL).state["std"] == 0
    apart = table([10.0**12 + 1e9 * at for at in range(6)])
    assert targets.fit(apart, single("label", "number"), ALL).state["min"] == 10.0**12


def test_counts_are_whole_numbers_from_zero_on() -> None:
    of = table([0, 3, 1, 2, 0, 7])
    field = targets.fit(of, single("label", "count"), ALL)
    assert (field.kind, field.state["mean"]) == ("count", pytest.approx(13 / 6))
    assert targets.encoded(of, field).values.tolist() == [0, 3, 1, 2, 0, 7]
    for values, words in (
        ([1, 2, -3], says("targets.not-a-count", row=3, column="label", value="-3")),
        ([1.0, 2.5, 3.0], says("targets.not-a-count", row=2, value="2.5")),
    ):
        with pytest.raises(DataError, match=words):
            targets.encoded(table(values), field)


def test_sets_become_a_one_for_each_label() -> None:
    of = table(["a;b", "b", None, "[]", "c;a", "z"])
    field = targets.fit(of, single("label", "labels"), np.array([0, 1, 3, 4]))
    assert field.state["labels"] == ["a", "b", "c"]
    assert field.state["shares"] == [0.5, 0.5, 0.25]
    found = targets.encoded(of, field)
    assert found.values.dtype == torch.float32
    assert found.values[[0, 1, 3, 4]].tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0], [1, 0, 1]]
    assert dict(found.problems.select("row", "reason").iter_rows()) == {
        2: "the target is missing",
        5: say("targets.value-unseen", value="'z'"),
    }
    assert targets.present(of.frame, field).tolist() == [True, True, False, True, True, True]
    assert targets.stratum(field) is None


def test_one_label_is_a_column_still() -> None:
    of = table(["a", "[]", "a"])
    found = targets.encoded(of, targets.fit(of, single("label", "labels"), np.arange(3)))
    assert found.values.tolist() == [[1], [0], [1]]


def test_probabilities_of_classes_are_made_to_add_up() -> None:
    of = wide(a=[0.333, 0.5, None], b=[0.333, 0.25, 0.5], c=[0.333, 0.25, 0.5])
    choice = targets.choose(of, spec(target="a,b,c"))
    field = targets.fit(of, choice, np.arange(2))
    assert field.state["labels"] == ["a", "b", "c"]
    assert field.state["mean"] == pytest.approx([(1 / 3 + 0.5) / 2, (1 / 3 + 0.25) / 2, (1 / 3 + 0.25) / 2])
    found = targets.encoded(of, field)
    assert found.values[0].tolist() == pytest.approx([1 / 3] * 3)
    assert found.problems.select("row", "column", "reason").rows() == [(2, "a, b, c", "the target is missing")]


def test_one_probability_is_that_of_an_event() -> None:
    of = wide(rain=[0.25, 1.0, 0.0])
    field = targets.fit(of, targets.choose(of, spec(target="rain"), {"*": ("probabilities",)}), np.arange(3))
    assert field.state["labels"] == ["not rain", "rain"]
    assert targets.encoded(of, field).values.tolist() == [[0.75, 0.25], [0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (
            {"a": [0.5, 1.2], "b": [0.5, -0.2]},
            say("targets.not-a-probability", place="people.csv, row 2", column="a", value=1.2),
        ),
        (
            {"a": [0.5, 0.9], "b": [0.5, 0.9]},
            say("targets.probabilities-sum", place="people.csv, row 2", columns="'a', 'b'", total=1.8),
        ),
        (
            {"a": ["0.5", "much"], "b": [0.5, 0.5]},
            say("targets.not-a-probability", place="people.csv, row 2", column="a", value="much"),
        ),
    ],
)
def test_what_is_no_probability_is_named(columns: dict[str, object], words: str) -> None:
    of = wide(**columns)
    with pytest.raises(DataError, match=re.escape(words)):
        targets.fit(of, targets.TargetSelection("a, b", "probabilities", None, ("a", "b")), np.arange(1))


SEVERAL = {
    "kind": ["x", "y", None, None, "x", "z"],
    "price": [1.5, None, 2.5, None, 3.5, 4.5],
    "genres": [["a"], ["b"], ["a", "b"], None, None, ["a"]],
}


def several() -> tuple[Table, ColumnSchema]:
    of = wide(**SEVERAL)
    chosen = targets.choose(of, spec(target="kind,price,genres", types={"genres": "labels"}))
    return of, targets.fit(of, chosen, np.array([0, 1, 2, 4]))


def test_a_missing_task_is_left_out_and_a_row_without_any_is_set_aside() -> None:
    of, field = several()
    found = targets.encoded(of, field)
    nan = float("nan")
    expected = [[0, 1.5, 1, 0], [1, nan, 0, 1], [nan, 2.5, 1, 1], [nan] * 4, [0, 3.5, nan, nan]]
    np.testing.assert_array_equal(found.values[:5].numpy(), np.array(expected, dtype=np.float32))
    assert dict(found.problems.select("row", "reason").iter_rows()) == {
        3: say("targets.values-missing"),
        5: say("targets.value-unseen", value="'z'"),
    }
    assert targets.present(of.frame, field).tolist() == [True, True, True, False, True, True]
    assert targets.stratum(field) == ("kind", True)


def test_the_schema_knows_its_tasks_and_where_they_stand() -> None:
    _, field = several()
    assert field.columns == ("kind", "price", "genres")
    assert sum(targets.target_type(one.kind).encoding.width(one.state) for one in targets.parts(field)) == 4
    tasks = tasks_of(Schema(inputs=(), target=field))
    assert [(task.name, task.columns) for task in tasks] == [
        ("kind", slice(0, 1)),
        ("price", slice(1, 2)),
        ("genres", slice(2, 4)),
    ]
    assert tasks[0].schema.classes == ("x", "y")
    assert tasks[2].schema.labels == ("a", "b")
    assert tasks_of(Schema.model_validate_json(Schema(inputs=(), target=field).model_dump_json())) == tasks


def test_a_task_whose_known_targets_are_all_the_same_teaches_nothing() -> None:
    _, field = several()
    schema, nan = Schema(inputs=(), target=field), float("nan")
    varied = np.array([[0, 1, 0, 1], [1, 2, 0, 0], [nan, nan, nan, nan]], dtype=np.float32)
    assert targets.unvaried(schema, varied) is None
    varied[:, 1] = [1, 1, nan]
    assert targets.unvaried(schema, varied) == "target 'price'"
    assert targets.unvaried(Schema(inputs=(), target=single_field()), np.array([1, 1])) == "target"
    assert targets.unvaried(Schema(inputs=(), target=single_field()), np.array([0, 1])) is None


def single_field() -> ColumnSchema:
    return ColumnSchema(name="kind", kind="category", state={"classes": ["x", "y"]})
