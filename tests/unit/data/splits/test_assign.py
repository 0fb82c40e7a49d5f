from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.core.catalogue import say
from leadline.core.experiment import SplitSpec
from leadline.data.splits.assign import Split, _apportion, split
from leadline.data.table import Table
from leadline.errors import DataError, UsageError
from sentences import says

RNG = np.random.default_rng(0)
AUTO = SplitSpec()


def table(split: str | None = None, **columns: Any) -> Table:
    return Table(pl.DataFrame(columns), "things", "0", origin="things.csv", split=split)


def sizes(result: Split) -> dict[str, int]:
    return {name: len(rows) for name, rows in result.rows.items()}


def assert_partition(result: Split, count: int) -> None:
    everything = np.concatenate(list(result.rows.values()))
    assert np.array_equal(np.sort(everything), np.arange(count))
    for rows in result.rows.values():
        assert rows.dtype == np.int64
        assert (np.diff(rows) > 0).all()


def test_random_keeps_the_shares_of_classes() -> None:
    labels = np.repeat(["a", "b", "c"], [500, 300, 200])
    result = split(table(y=labels), AUTO, "y", True, 0)
    assert_partition(result, 1000)
    assert sizes(result) == {"train": 800, "validation": 100, "test": 100}
    assert Counter(labels[result.rows["test"]].tolist()) == {"a": 50, "b": 30, "c": 20}
    assert Counter(labels[result.rows["validation"]].tolist()) == {"a": 50, "b": 30, "c": 20}
    assert result.by == "random, stratified by 'y'"
    assert result.group is None


def test_the_seed_decides() -> None:
    data = table(y=RNG.integers(0, 3, 200))
    own = [AUTO.model_copy(update={"seed": seed}) for seed in (0, 0, 1)]
    first, again, other = (split(data, spec, "y", True, 0).rows["test"] for spec in own)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_seed_of_a_run_decides_only_where_the_split_has_none() -> None:
    data = table(y=RNG.integers(0, 3, 200))
    first, second = (split(data, AUTO, "y", True, seed).rows["test"] for seed in (0, 1))
    assert np.array_equal(first, second)
    free = AUTO.model_copy(update={"seed": None})
    third, fourth = (split(data, free, "y", True, seed).rows["test"] for seed in (0, 1))
    assert np.array_equal(first, third)
    assert not np.array_equal(third, fourth)


def test_without_classes_any_row_may_go_anywhere() -> None:
    result = split(table(y=RNG.normal(size=1000)), SplitSpec(validation=0.2, test=0.05), "y", False, 0)
    assert sizes(result) == {"train": 750, "validation": 200, "test": 50}
    assert result.by == "random"
    assert abs(result.rows["test"].mean() - 500) < 130  # not the first rows, not the last


def test_small_classes_are_in_every_part_and_single_rows_in_train() -> None:
    labels = np.array(["big"] * 95 + ["rare"] * 3 + ["one", "lone"])
    result = split(table(y=labels), AUTO, "y", True, 0)
    assert sizes(result) == {"train": 80, "validation": 10, "test": 10}
    assert [Counter(labels[rows].tolist())["rare"] for rows in result.rows.values()] == [1, 1, 1]
    assert {"one", "lone"} <= set(labels[result.rows["train"]].tolist())
    assert "'lone', 'one'" in result.notes[0]


def test_two_rows_are_never_both_taken_from_train() -> None:
    labels = np.repeat(np.arange(20), 2)
    result = split(table(y=labels), SplitSpec(validation=0.25, test=0.25), "y", True, 0)
    assert set(labels[result.rows["train"]].tolist()) == set(range(20))


def test_rows_without_a_target_are_shared_out_too() -> None:
    result = split(table(y=["a", "b", None] * 40), AUTO, "y", True, 0)
    assert_partition(result, 120)


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(1, 40), min_size=2, max_size=30).filter(lambda c: sum(c) >= 20),
    validation=st.floats(0.05, 0.4),
    test=st.floats(0.05, 0.4),
)
def test_any_classes_and_fractions_give_the_wanted_sizes(counts: list[int], validation: float, test: float) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    result = split(table(y=labels), SplitSpec(validation=validation, test=test), "y", True, 0)
    assert_partition(result, len(labels))
    assert set(labels[result.rows["train"]].tolist()) == set(range(len(counts)))
    to_spare = len(labels) - len(counts)
    wanted_test, wanted_validation = int(len(labels) * test + 0.5), int(len(labels) * validation + 0.5)
    assert sizes(result)["test"] == min(wanted_test, to_spare)
    assert sizes(result).get("validation", 0) == min(wanted_validation, to_spare - sizes(result)["test"])


def test_largest_remainders() -> None:
    share = _apportion(np.array([1.5, 2.9, 0.6]), np.zeros(3, int), np.array([9, 9, 9]), 5, np.random.default_rng(0))
    assert share.tolist() == [1, 3, 1]
    bounded = _apportion(
        np.array([4.0, 0.1, 0.9]), np.array([0, 1, 1]), np.array([9, 9, 9]), 5, np.random.default_rng(0)
    )
    assert bounded.tolist() == [3, 1, 1]


@pytest.mark.parametrize("spec", [AUTO, SplitSpec(by="column", column="fold")])
def test_a_given_split_is_kept(spec: SplitSpec) -> None:
    folds = ["train", " VAL", "test", "Dev", "train"]
    result = split(table("fold", fold=folds, y=[0, 1, 0, 1, 1]), spec, "y", True, 0)
    assert {name: rows.tolist() for name, rows in result.rows.items()} == {
        "train": [0, 4],
        "validation": [1, 3],
        "test": [2],
    }
    assert result.by == say(
        "splits.as-given" if spec is AUTO else "splits.by-column", **({} if spec is AUTO else {"column": "fold"})
    )


def test_what_a_given_split_lacks_is_carved_from_train() -> None:
    folds = np.array(["train"] * 100 + ["test"] * 50)
    labels = np.tile(["a", "b"], 75)
    result = split(table("fold", fold=folds, y=labels), AUTO, "y", True, 0)
    assert sizes(result) == {"train": 90, "validation": 10, "test": 50}
    assert result.rows["test"].tolist() == list(range(100, 150))
    assert Counter(labels[result.rows["validation"]].tolist()) == {"a": 5, "b": 5}
    stratified = say("splits.stratified", column="y")
    given = {"given": say("splits.as-given"), "subsets": "validation"}
    assert result.by == say("splits.taken-from-train", **given, how=stratified)
    both = split(table("fold", fold=["train"] * 100, y=labels[:100]), AUTO, "y", True, 0)
    assert sizes(both) == {"train": 80, "validation": 10, "test": 10}


def test_a_part_that_is_not_wanted_is_not_carved() -> None:
    result = split(table(y=[0, 1] * 50), SplitSpec(validation=0), "y", True, 0)
    assert sizes(result) == {"train": 90, "test": 10}


def test_random_sets_a_given_split_aside() -> None:
    result = split(
        table("fold", fold=["train"] * 50 + ["test"] * 50, y=[0, 1] * 50), SplitSpec(by="random"), "y", True, 0
    )
    assert sizes(result) == {"train": 80, "validation": 10, "test": 10}


def test_groups_stay_whole() -> None:
    groups = RNG.integers(0, 60, 1000)
    result = split(table(g=groups, y=RNG.normal(size=1000)), SplitSpec(by="group", column="g"), "y", False, 0)
    assert_partition(result, 1000)
    members = [set(groups[rows].tolist()) for rows in result.rows.values()]
    assert sum(map(len, members)) == len(set.union(*members))
    assert abs(sizes(result)["test"] - 100) <= 5
    assert abs(sizes(result)["validation"] - 100) <= 5
    assert result.group is not None
    assert result.group.dtype == np.int64
    assert len(set(zip(result.group.tolist(), groups.tolist(), strict=True))) == 60
    other = split(table(g=groups, y=RNG.normal(size=1000)), SplitSpec(by="group", column="g", seed=1), "y", False, 0)
    assert not np.array_equal(other.rows["test"], result.rows["test"])


def test_groups_that_are_too_large_are_noted() -> None:
    groups = np.repeat(["p", "q", "r"], [40, 30, 30])
    result = split(table(g=groups, y=np.arange(100)), SplitSpec(by="group", column="g"), "y", False, 0)
    assert len(result.rows) == 3
    assert len(result.notes) == 2


def test_groups_are_carved_beside_a_given_test_and_never_torn() -> None:
    folds, groups = ["train"] * 80 + ["test"] * 20, np.arange(100) // 4
    spec = SplitSpec(by="group", column="g")
    result = split(table("fold", fold=folds, g=groups, y=np.arange(100)), spec, "y", False, 0)
    assert sizes(result) == {"train": 72, "validation": 8, "test": 20}
    assert not set(groups[result.rows["train"]].tolist()) & set(groups[result.rows["validation"]].tolist())
    groups[99] = 0
    with pytest.raises(
        DataError, match=says("splits.group-across-subsets", group=0, column="g", subsets="train and test")
    ):
        split(table("fold", fold=folds, g=groups, y=np.arange(100)), spec, "y", False, 0)


@pytest.mark.parametrize("form", ["number", "date", "text"])
def test_the_latest_rows_are_the_test(form: str) -> None:
    day = RNG.permutation(100) // 2  # two rows a day
    dates = pl.Series(day).cast(pl.Date)
    stamps: Any = {"number": day, "date": dates, "text": dates.dt.to_string("%d.%m.%Y")}[form]
    result = split(table(t=stamps, y=np.arange(100)), SplitSpec(by="time", column="t"), "y", False, 0)
    assert sizes(result) == {"train": 80, "validation": 10, "test": 10}
    assert day[result.rows["train"]].max() < day[result.rows["validation"]].min()
    assert day[result.rows["validation"]].max() < day[result.rows["test"]].min()
    assert result.by == "by time 't'"


@pytest.mark.parametrize("fold", [1, 2, 3])
def test_a_fold_by_time_learns_from_nothing_that_comes_later(fold: int) -> None:
    spec = SplitSpec(by="time", column="t", folds=3, fold=fold)
    result = split(table(t=np.arange(120), y=np.arange(120)), spec, "y", False, 0)
    first, last = result.rows["test"].min(), result.rows["test"].max()
    learned = np.concatenate([result.rows["train"], result.rows["validation"]])
    assert learned.max() < first
    assert len(np.concatenate(list(result.rows.values()))) == last + 1  # later rows are in no split


def test_equal_times_are_not_torn_apart() -> None:
    times = np.repeat([1, 2, 3], [50, 30, 20])
    result = split(table(t=times, y=np.arange(100)), SplitSpec(by="time", column="t"), "y", False, 0)
    assert sizes(result) == {"train": 50, "validation": 30, "test": 20}
    assert len(result.notes) == 2


@pytest.mark.parametrize(
    ("data", "spec", "words"),
    [
        ({"y": ["a"] * 50}, AUTO, "only one value, 'a'"),
        ({"y": [None, None]}, AUTO, "no values"),
        ({"y": [0, 1, 0]}, AUTO, "3 rows are too few.*about 5"),
        ({"y": list(range(40))}, AUTO, "only one row"),
        (
            {"y": [0, 1, 0], "fold": ["train", "test", "banana"]},
            SplitSpec(by="column", column="fold"),
            "row 3.*'banana'",
        ),
        ({"y": [0, 1, 0], "fold": ["train", None, "test"]}, SplitSpec(by="column", column="fold"), "row 2.*nothing"),
        (
            {"y": [0, 1, 0], "fold": ["test"] * 3},
            SplitSpec(by="column", column="fold"),
            "no row with the value 'train'",
        ),
        ({"y": [0, 1] * 10, "g": ["p"] * 10 + ["q"] * 10}, SplitSpec(by="group", column="g"), "2 distinct"),
        ({"y": [0, 1] * 10, "g": ["p"] * 19 + [None]}, SplitSpec(by="group", column="g"), "row 20.*no group"),
        (
            {"y": [0, 1] * 10, "t": [1.0] * 18 + [float("nan"), None]},
            SplitSpec(by="time", column="t"),
            "row 19.*no time",
        ),
        ({"y": [0, 1] * 10, "t": ["2024-01-31"] * 19 + ["soon"]}, SplitSpec(by="time", column="t"), "row 20.*no time"),
    ],
)
def test_what_cannot_be_split_is_said(data: dict[str, Any], spec: SplitSpec, words: str) -> None:
    with pytest.raises(DataError, match=words):
        split(table(**data), spec, "y", True, 0)


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=says("splits.no-split-column", suggestion="Did you mean 'patient'?")):
        split(table(y=[0, 1], patient=[1, 2]), SplitSpec(by="group", column="pateint"), "y", True, 0)
