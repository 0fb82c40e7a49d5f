"""Which column is the target, whether it is classes or a quantity, and how it is encoded."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
import torch

from leadline.data import target
from leadline.data.table import Table
from leadline.errors import DataError, UsageError
from leadline.facts.experiment import DataSpec

RNG = np.random.default_rng(0)
ALL = np.arange(6)


def table(values: object, name: str = "label", **more: object) -> Table:
    return Table(pl.DataFrame({"x": range(len(pl.Series(values))), name: values}), "people", str(values), **more)  # type: ignore[arg-type]


def spec(**entries: object) -> DataSpec:
    return DataSpec.model_validate(entries)


def kind(values: object) -> str:
    return target.choose(table(values), spec()).kind


@pytest.mark.parametrize("name", ["label", "Target", "CLASS", "y"])
def test_a_usual_name_is_found(name: str) -> None:
    assert target.find(table([1, 2], name), spec()) == name


def test_the_user_wins_over_the_source_and_the_source_over_names() -> None:
    of = Table(pl.DataFrame({"label": [0, 1], "price": [1.0, 2.0], "rooms": [1, 2]}), "houses", "f", target="price")
    assert target.find(of, spec()) == "price"
    assert target.find(of, spec(target="rooms")) == "rooms"


def test_two_usual_names_are_no_answer() -> None:
    of = Table(pl.DataFrame({"label": [0, 1], "y": [1, 0]}), "both", "f")
    assert target.find(of, spec()) is None
    with pytest.raises(DataError, match=r"both: which column is to be predicted\? --target names it. Columns: label, y"):
        target.choose(of, spec())


def test_a_target_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=r"--target: there is no column 'lable' in people. Did you mean 'label'"):
        target.choose(table([0, 1]), spec(target="lable"))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["cat", "dog"] * 3, "category"),
        ([True, False] * 3, "category"),
        (["yes", "no"] * 3, "category"),
        ([0, 1] * 3, "category"),
        ([0.0, 1.0, None, float("nan")] * 3, "category"),
        (["0", "1", "2"] * 10, "category"),
        ([1.5, 2.5, 3.25, 2.0], "number"),
        (list(range(30)), "number"),
        (RNG.integers(0, 400, 1000), "number"),
        (np.repeat(np.arange(100), 30), "category"),  # numbered classes, equally frequent
        (RNG.poisson(12, 20_000), "number"),  # a count: no gap, but far from equally frequent
        ([str(v) for v in RNG.normal(size=200)], "number"),
        ([*(str(v) for v in RNG.normal(size=200)), "unknown"], "number"),  # one slip of the pen
    ],
)
def test_classes_and_quantities_are_told_apart(values: object, expected: str) -> None:
    assert kind(values) == expected


def test_doubtful_choices_are_told_and_can_be_overridden() -> None:
    choice = target.choose(table([1, 2, 3] * 10), spec())
    assert choice.kind == "category"
    assert choice.note and "--set data.kinds.label=number" in choice.note
    assert target.choose(table([1, 2, 3] * 10), spec(kinds={"label": "number"})) == ("label", "number", None)
    assert target.choose(table([1, 2, 3] * 10, kinds={"label": "number"}), spec()).kind == "number"
    with pytest.raises(UsageError, match=r"there is no kind 'numbr'. Did you mean 'number'"):
        target.choose(table([1, 2]), spec(kinds={"label": "numbr"}))
    with pytest.raises(UsageError, match="a target is a number, a category or a boolean, not 'date'"):
        target.choose(table([1, 2]), spec(kinds={"label": "date"}))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["same"] * 4, "only one value, 'same'"),
        ([1.0, None, 1.0], "only one value, 1.0"),
        (pl.Series([None, None], dtype=pl.String), "every value of the target 'label' is missing"),
        ([" ", ""], "every value of the target 'label' is missing"),
        ([[1], [2]], "neither classes nor numbers"),
        ([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], "neither classes nor numbers"),
        ([f"text {i}" for i in range(50)], "too many for classes"),
    ],
)
def test_columns_that_cannot_be_a_target(values: object, says: str) -> None:
    with pytest.raises(DataError, match=f"people: .*{says}.*--target names another column"):
        target.choose(table(values), spec())


def test_class_numbers_follow_the_natural_order() -> None:
    of = table(["10", "9", "2", "10", "2", "9"])
    field = target.fit(of, target.Choice("label", "category"), ALL)
    encoded = target.encoded(of, field)
    assert field.state["classes"] == ["2", "9", "10"]
    assert encoded.values.dtype == torch.int64
    assert encoded.values.tolist() == [2, 1, 0, 2, 0, 1]
    assert encoded.problems.is_empty()


@pytest.mark.parametrize(("values", "classes"), [([True, False] * 3, ["false", "true"]), ([0.0, 1.0] * 3, ["0", "1"])])
def test_truth_values_and_floats_become_classes(values: list[object], classes: list[str]) -> None:
    of = table(values)
    field = target.fit(of, target.choose(of, spec()), ALL)
    assert field.state["classes"] == classes
    assert target.encoded(of, field).values.tolist() == [int(bool(v)) for v in values]


def test_a_boolean_target_has_two_classes_too() -> None:
    of = table(["yes", "no", "no", None, "yes", "perhaps"])
    field = target.fit(of, target.choose(of, spec(kinds={"label": "boolean"})), np.array([0, 1, 2]))
    encoded = target.encoded(of, field)
    assert encoded.values[[0, 1, 2, 4]].tolist() == [1, 0, 0, 1]
    assert encoded.problems["row"].to_list() == [5, 3]
    assert "perhaps" in encoded.problems["reason"][0]


def test_missing_and_unseen_classes_are_problems() -> None:
    of = table(["a", "b", None, "c", "a", "b"])
    field = target.fit(of, target.choose(of, spec()), np.array([0, 1]))
    encoded = target.encoded(of, field)
    assert dict(encoded.problems.select("row", "reason").iter_rows()) == {
        2: "the target is missing",
        3: "'c' does not occur in the train rows",
    }


def test_numbers_are_encoded_as_they_are_and_what_is_none_is_a_problem() -> None:
    of = table(["1.5", "-2", "1e400", "n/a", None, "7"])
    field = target.fit(of, target.Choice("label", "number"), np.array([0, 1, 5]))
    encoded = target.encoded(of, field)
    assert encoded.values.dtype == torch.float32
    assert encoded.values[[0, 1, 5]].tolist() == [1.5, -2.0, 7.0]
    assert sorted(encoded.problems["row"].to_list()) == [2, 3, 4]
    assert target.present(of.frame["label"], "number").tolist() == [True, True, False, False, False, True]


def test_a_target_far_from_zero_keeps_its_unit() -> None:
    of = table([1e9, 1e9 + 64, 1e9 + 128, 1e9, 1e9 + 64, 1e9 + 128])
    field = target.fit(of, target.choose(of, spec()), ALL)
    assert target.encoded(of, field).values.tolist() == of.frame["label"].to_list()


def test_numbers_that_float32_cannot_tell_apart_are_refused() -> None:
    close = table([10.0**12 + at + 0.5 for at in range(6)])
    with pytest.raises(DataError, match=r"varies by about 1\.71 around 1e\+12; .* Subtract a constant"):
        target.fit(close, target.Choice("label", "number"), ALL)
    assert target.fit(table([0.1] * 6), target.Choice("label", "number"), ALL).state["std"] == 0
    apart = table([10.0**12 + 1e9 * at for at in range(6)])
    assert target.fit(apart, target.Choice("label", "number"), ALL).state["min"] == 10.0**12


def test_infinite_numbers_are_no_classes() -> None:
    inf = float("inf")
    assert kind([1.5, inf, 2.5, -inf, inf, 3.5]) == "number"
    with pytest.raises(DataError, match="no value of the target 'label' is a finite number"):
        kind([inf, -inf])
