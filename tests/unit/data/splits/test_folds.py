"""Folds: every row is tested once, classes and groups keep together as asked, and nothing later is learned from."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.catalogue import say
from leadline.core.experiment import SplitSpec
from leadline.data.splits.assign import split
from leadline.data.splits.folds import assign
from leadline.data.table import Table
from leadline.errors import DataError
from sentences import says

NONE = np.empty(0, dtype=np.int64)


def spec(by: str = "random", folds: int = 5, fold: int | None = None) -> SplitSpec:
    return SplitSpec(by=by, column=None if by == "random" else "c", folds=folds, fold=fold)


def test_plain_folds_share_the_rows_evenly_and_depend_on_the_seed() -> None:
    fold_N, words = assign(103, spec(), NONE, None, seed=0)
    assert sorted(np.bincount(fold_N, minlength=6)) == [0, 20, 20, 21, 21, 21]
    assert words == "random"
    assert np.array_equal(fold_N, assign(103, spec(), NONE, None, seed=0)[0])
    assert not np.array_equal(fold_N, assign(103, spec(), NONE, None, seed=1)[0])


def test_classes_keep_their_shares_and_rare_ones_are_dealt_out() -> None:
    class_N = np.array([0] * 50 + [1] * 50 + [2] * 3 + [3] * 4)
    fold_N, words = assign(len(class_N), spec(), NONE, class_N, seed=0)
    assert "stratified" in words
    for fold in range(1, 6):
        assert list(np.bincount(class_N[fold_N == fold], minlength=4)[:2]) == [10, 10]
    assert len(set(fold_N[class_N >= 2])) == 5


def test_one_very_rare_class_falls_back_to_random() -> None:
    class_N = np.array([0] * 50 + [1])
    fold_N, words = assign(51, spec(), NONE, class_N, seed=0)
    assert "rare" in words
    assert set(fold_N) == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("stratified", [False, True])
def test_groups_stay_whole(stratified: bool) -> None:
    group_N = np.repeat(np.arange(20), 5)
    class_N = group_N % 2 if stratified else None
    fold_N, _ = assign(100, spec("group"), group_N, class_N, seed=0)
    assert set(fold_N) == {1, 2, 3, 4, 5}
    assert all(len(set(fold_N[group_N == g])) == 1 for g in range(20))


@given(st.lists(st.integers(0, 30), min_size=8, max_size=60), st.integers(2, 5))
def test_time_folds_follow_each_other_and_keep_a_time_whole(times: list[int], folds: int) -> None:
    number_N = np.array(times)
    if len(set(times)) < folds + 1:
        with pytest.raises(DataError, match=says("splits.folds-too-many")):
            assign(len(times), spec("time", folds), number_N, None, seed=0)
        return
    fold_N, _ = assign(len(times), spec("time", folds), number_N, None, seed=0)
    assert set(fold_N) == set(range(folds + 1))
    order = np.argsort(number_N, kind="stable")
    assert np.all(np.diff(fold_N[order]) >= 0)
    assert all(len(set(fold_N[number_N == t])) == 1 for t in set(times))


@pytest.mark.parametrize(
    ("by", "number_N", "class_N", "said"),
    [
        ("random", NONE, None, "3 rows"),
        ("group", np.zeros(9, dtype=int), None, "distinct groups in column 'c'; there is 1"),
        ("random", NONE, np.arange(9), "most frequent class"),
    ],
)
def test_too_little_for_the_folds_is_refused(
    by: str, number_N: np.ndarray, class_N: np.ndarray | None, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        assign(3 if said == "3 rows" else 9, spec(by), number_N, class_N, seed=0)


def table(rows: int = 100) -> Table:
    frame = pl.DataFrame({"y": [i % 2 for i in range(rows)], "c": range(rows), "split": ["test"] * rows})
    return Table(frame, "t", "f", split="split")


def test_a_fold_is_the_test_split_and_the_sources_own_split_is_put_aside() -> None:
    tested = []
    for fold in range(1, 6):
        splits = split(table(), spec(fold=fold), "y", True, seed=0)
        made = say("splits.fold", fold=fold, folds=5, how=say("splits.folds-stratified"))
        how = say("splits.stratified", column="y")
        assert splits.by == say("splits.taken-from-train", given=made, subsets="validation", how=how)
        assert len(splits.rows["test"]) == 20
        assert sum(map(len, splits.rows.values())) == 100
        tested.append(splits.rows["test"])
    assert sorted(np.concatenate(tested)) == list(range(100))


def test_what_comes_after_a_time_fold_is_in_no_part() -> None:
    splits = split(table(), spec("time", fold=2), "y", False, seed=0)
    assert (
        max(splits.rows["train"])
        < min(splits.rows["validation"])
        < max(splits.rows["validation"])
        < min(splits.rows["test"])
    )
    assert max(splits.rows["test"]) < 99
    assert sum(map(len, splits.rows.values())) == max(splits.rows["test"]) + 1


def test_a_fold_needs_folds() -> None:
    with pytest.raises(ValueError, match="no fold 6"):
        SplitSpec(by="random", folds=5, fold=6)
