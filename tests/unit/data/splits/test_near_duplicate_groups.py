"""Families of rows are not torn, and classes keep their shares as far as they can."""

from __future__ import annotations

import numpy as np
import pytest

from leadline.core.catalogue import say
from leadline.data.splits.near_duplicate_groups import in_one_fold, keep_together

RNG = np.random.default_rng(0)


def drawn(count: int) -> np.ndarray:
    part = np.zeros(count, dtype=np.int8)
    part[: count // 10], part[count // 10 : count // 5] = 1, 2
    return RNG.permutation(part)


def test_without_families_nothing_changes() -> None:
    part = drawn(100)
    moved, notes = keep_together(part, np.arange(100), np.zeros(100, dtype=np.int64), RNG)
    np.testing.assert_array_equal(moved, part)
    assert notes == ()


@pytest.mark.parametrize("seed", range(5))
def test_families_are_whole_and_classes_keep_their_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    part = drawn(1_000)
    family = np.concatenate([np.repeat(np.arange(100), 3), np.arange(100, 800)])
    label = rng.integers(0, 4, 1_000)
    moved, notes = keep_together(part, family, label, rng)
    assert all(len(np.unique(moved[family == f])) == 1 for f in range(100))
    for k in range(4):
        np.testing.assert_array_equal(
            np.bincount(moved[label == k], minlength=3), np.bincount(part[label == k], minlength=3)
        )
    assert notes == (say("splits.near-duplicates-together", rows=300, groups=100),)


def test_train_keeps_a_row_of_every_class() -> None:
    label = np.array([0] * 58 + [1, 1])
    for seed in range(20):
        part = np.zeros(60, dtype=np.int8)
        part[:6], part[6:12] = 1, 2
        part[58] = 2  # the first of the family of the rare class
        moved, _ = keep_together(part, np.r_[np.arange(58), 58, 58], label, np.random.default_rng(seed))
        assert set(moved[58:]) == {0}


def test_families_larger_than_a_part_are_torn_and_it_is_said() -> None:
    part = drawn(100)
    family = np.r_[np.zeros(60, dtype=np.int64), np.arange(1, 41)]
    moved, notes = keep_together(part, family, np.zeros(100, dtype=np.int64), RNG)
    np.testing.assert_array_equal(moved, part)
    assert notes == (say("splits.near-duplicates-torn", rows=60, groups=1),)


@pytest.mark.parametrize("seed", range(10))
def test_no_part_is_empty_where_all_rows_have_a_family(seed: int) -> None:
    part = np.zeros(40, dtype=np.int8)
    part[[1, 3]], part[[5, 7]] = 1, 2  # second rows, which follow their first ones into train
    moved, _ = keep_together(
        part, np.repeat(np.arange(20), 2), np.zeros(40, dtype=np.int64), np.random.default_rng(seed)
    )
    assert set(moved) == {0, 1, 2}
    assert all(len(np.unique(moved[2 * f : 2 * f + 2])) == 1 for f in range(20))


def test_a_family_is_in_the_fold_of_its_first_row() -> None:
    np.testing.assert_array_equal(in_one_fold(np.array([1, 2, 3, 1, 2]), np.array([7, 8, 7, 9, 8])), [1, 2, 1, 1, 2])
