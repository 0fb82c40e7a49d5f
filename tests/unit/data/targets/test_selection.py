"""Which columns are the target, and what they are taken for."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data import targets
from leadline.data.table import Table
from leadline.errors import DataError, UsageError
from sentences import says

RNG = np.random.default_rng(0)


def table(values: object, name: str = "label", **more: object) -> Table:
    return Table(pl.DataFrame({"x": range(len(pl.Series(values))), name: values}), "people", str(values), **more)  # type: ignore[arg-type]


def spec(**entries: object) -> DataSpec:
    return DataSpec.model_validate(entries)


def kind(values: object) -> str:
    return targets.choose(table(values), spec()).kind


@pytest.mark.parametrize("name", ["label", "Target", "CLASS", "y"])
def test_a_usual_name_is_found(name: str) -> None:
    assert targets.find(table([1, 2], name), spec()) == (name,)


def test_the_user_wins_over_the_source_and_the_source_over_names() -> None:
    of = Table(pl.DataFrame({"label": [0, 1], "price": [1.0, 2.0], "rooms": [1, 2]}), "houses", "f", target="price")
    assert targets.find(of, spec()) == ("price",)
    assert targets.find(of, spec(target="rooms")) == ("rooms",)


def test_two_usual_names_are_no_answer() -> None:
    of = Table(pl.DataFrame({"label": [0, 1], "y": [1, 0]}), "both", "f")
    assert targets.find(of, spec()) == ()
    with pytest.raises(DataError, match=says("targets.which-target", table="both", columns="label, y")):
        targets.choose(of, spec())


def test_a_target_that_is_not_there() -> None:
    with pytest.raises(
        UsageError,
        match=says(
            "data.no-column", where="target", column="lable", table="people", suggestion="Did you mean 'label'?"
        ),
    ):
        targets.choose(table([0, 1]), spec(target="lable"))


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
    choice = targets.choose(table([1, 2, 3] * 10), spec())
    assert choice.kind == "category"
    assert choice.note and choice.note == say("targets.whole-numbers-as-classes", column="label", different=3)
    assert targets.choose(table([1, 2, 3] * 10), spec(types={"label": "number"}))[:3] == ("label", "number", None)
    assert targets.choose(table([1, 2, 3] * 10, kinds={"label": "number"}), spec()).kind == "number"
    with pytest.raises(
        UsageError, match=says("data.no-column-type", type="numbr", suggestion="Did you mean 'number'?")
    ):
        targets.choose(table([1, 2]), spec(types={"label": "numbr"}))
    with pytest.raises(UsageError, match=says("targets.no-such-type", type="date")):
        targets.choose(table([1, 2]), spec(types={"label": "date"}))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["same"] * 4, says("targets.one-value", value="'same'")),
        ([1.0, None, 1.0], says("targets.one-value", value="1.0")),
        (pl.Series([None, None], dtype=pl.String), says("targets.no-values", column="label")),
        ([" ", ""], says("targets.no-values", column="label")),
        ([[1], [2]], says("targets.not-a-target-lists", column="label")),
        ([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], says("targets.not-a-target", column="label")),
        ([f"text {i}" for i in range(50)], says("targets.too-many-classes", column="label", different=50)),
    ],
)
def test_columns_that_cannot_be_a_target(values: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        targets.choose(table(values), spec())


def test_infinite_numbers_are_no_classes() -> None:
    inf = float("inf")
    assert kind([1.5, inf, 2.5, -inf, inf, 3.5]) == "number"
    with pytest.raises(DataError, match=says("targets.no-finite-values", column="label")):
        kind([inf, -inf])


def wide(**columns: object) -> Table:
    n = len(next(iter(columns.values())))  # type: ignore[arg-type]
    return Table(pl.DataFrame({"x": range(n), **columns}), "people", "f")


SHARE = np.linspace(0.1, 0.8, 20)
GENRES = ["war", "war;love", "love;art", "art;war;love"] * 10


def test_one_text_names_several_columns_unless_a_column_is_called_so() -> None:
    both = wide(a=[1, 2], b=[2, 3])
    assert targets.find(both, spec(target="a, b")) == ("a", "b")
    assert targets.find(both, spec(target=["a", "b"])) == ("a", "b")
    assert targets.find(wide(**{"a,b": [1, 2], "a": [1, 2], "b": [1, 2]}), spec(target="a,b")) == ("a,b",)
    with pytest.raises(UsageError, match=says("targets.column-twice", column="a")):
        targets.find(both, spec(target="a,b,a"))
    with pytest.raises(
        UsageError, match=says("data.no-column", column="aa", table="people", suggestion="Did you mean 'a'?")
    ):
        targets.find(both, spec(target="b,aa"))


def test_columns_that_add_up_to_one_are_probabilities() -> None:
    sums = wide(yes=SHARE, no=1 - SHARE)
    choice = targets.choose(sums, spec(target="yes,no"))
    assert (choice.kind, choice.name, choice.columns) == ("probabilities", "yes, no", ("yes", "no"))
    assert choice.note and choice.note == say("targets.probabilities-found", columns="yes, no", classes=2)
    assert targets.choose(sums, spec(target="yes,no"), {"*": ("several",)}).kind == "several", "where the user says so"
    assert targets.choose(wide(a=SHARE, b=SHARE), spec(target="a,b")).kind == "several"
    assert targets.choose(wide(a=SHARE, b=SHARE), spec(target="a,b"), {"*": ("probabilities",)}).kind == "probabilities"


def test_several_columns_are_targets_of_their_own_kind_each() -> None:
    found = targets.choose(wide(kind=["a", "b"] * 10, price=RNG.normal(size=20)), spec(target="kind,price"))
    assert (found.kind, [(task.name, task.kind) for task in found.tasks]) == (
        "several",
        [("kind", "category"), ("price", "number")],
    )
    visits = wide(kind=["a", "b"] * 10, visits=[0, 1, 2, 3] * 5)
    assert targets.choose(visits, spec(target="kind,visits")).tasks[1].kind == "category"
    assert targets.choose(visits, spec(target="kind,visits"), {"visits": ("count",)}).tasks[1].kind == "count"
    assert targets.choose(visits, spec(target="kind,visits", types={"visits": "count"})).tasks[1].kind == "count"


@pytest.mark.parametrize(
    ("values", "wanted", "expected"),
    [
        ([1, 2, 3] * 10, "number", "number"),
        ([1, 2, 3] * 10, "count", "count"),
        (["1", "2", "3"] * 10, "number", "number"),
        ([0.2, 0.4, 0.9], "probabilities", "probabilities"),
        (["a", "b"] * 10, "number", "category"),  # which the objective then refuses, in words
        (["a", "b"] * 10, "labels", "labels"),
        ([0.5, 1.5] * 10, "category", "number"),
    ],
)
def test_the_objective_decides_where_values_leave_it_open(values: object, wanted: str, expected: str) -> None:
    assert targets.choose(table(values), spec(), {"*": (wanted,)}).kind == expected


def test_what_the_user_says_of_a_column_wins_over_the_objective() -> None:
    assert (
        targets.choose(table([1, 2, 3] * 10), spec(types={"label": "category"}), {"*": ("number",)}).kind == "category"
    )


def test_labels_that_recur_in_combinations_are_sets() -> None:
    choice = targets.choose(table(GENRES), spec())
    assert choice.kind == "labels"
    assert choice.note and choice.note == say("targets.labels-found-or-classes", column="label", labels=3)
    lists = targets.choose(table([value.split(";") for value in GENRES]), spec())
    assert lists.kind == "labels"
    assert lists.note and lists.note == say("targets.labels-found", column="label", labels=3)
    assert targets.choose(table(GENRES), spec(types={"label": "category"})).kind == "category"
    assert targets.choose(table([value.replace(";", ", ") for value in GENRES]), spec()).kind == "category"
    assert targets.choose(table(["a,b", "b"] * 4), spec(types={"label": "labels"})).kind == "labels"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[], [], []], says("targets.no-labels", column="label")),
        ([None, None], says("targets.no-values", column="label")),
    ],
)
def test_sets_without_any_label(values: list[object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        targets.choose(table(pl.Series(values, dtype=pl.List(pl.String))), spec(types={"label": "labels"}))


def test_lists_that_are_no_sets_can_be_taken_for_them() -> None:
    with pytest.raises(DataError, match=says("targets.not-a-target-lists", column="label")):
        targets.choose(table([["a"], ["b"]]), spec())
