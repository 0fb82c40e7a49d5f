"""Equal rows hash alike, different ones do not, and duplicates are counted across splits."""

from __future__ import annotations

import numpy as np
import pytest

from leadline.data.checks.duplicates import Pair, combine, find, hash_ragged, hash_rows

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "values",
    [
        RNG.integers(0, 256, (500, 5, 5, 3), dtype=np.uint8),  # 75 bytes: not a whole number of words
        RNG.normal(size=(500, 7)).astype(np.float32),
        RNG.normal(size=(500, 1)).astype(np.float32),
    ],
)
def test_hashes_are_those_of_the_rows(values: np.ndarray) -> None:
    hashes = hash_rows(values)
    assert hashes.shape == (500, 2)
    assert len(np.unique(hashes, axis=0)) == len(np.unique(values, axis=0))
    assert np.array_equal(hash_rows(values[100:200]), hashes[100:200]), "a row's hash depends on nothing but the row"


def test_every_single_bit_counts() -> None:
    row = np.zeros((1, 6), dtype=np.float32)
    changed = np.repeat(row.view(np.uint32), 6 * 32, axis=0)
    changed[np.arange(6 * 32), np.repeat(np.arange(6), 32)] ^= np.tile(
        np.uint32(1) << np.arange(32, dtype=np.uint32), 6
    )
    hashes = hash_rows(changed.view(np.uint8).reshape(6 * 32, -1))
    assert len(np.unique(hashes[:, 0])) == len(np.unique(hashes[:, 1])) == 6 * 32


def test_flipped_signs_do_not_cancel() -> None:
    values = np.array([[1, 2, 3, 4], [-1, 2, -3, 4], [1, -2, 3, -4], [-1, -2, -3, -4]], dtype=np.float32)
    assert len(np.unique(hash_rows(values), axis=0)) == 4


def test_missing_values_are_equal_and_so_are_the_two_zeros() -> None:
    values = np.array([[np.nan, 0.0], [-np.nan, -0.0]], dtype=np.float32)
    before = values.copy()
    first, second = hash_rows(values)
    assert np.array_equal(first, second)
    assert values.tobytes() == before.tobytes(), "the rows themselves are left alone"


def test_rows_are_duplicates_only_where_all_inputs_agree() -> None:
    one = hash_rows(np.array([[1], [1], [2]], dtype=np.float32))
    other = hash_rows(np.array([[5], [6], [5]], dtype=np.float32))
    assert len(np.unique(combine([one, other]), axis=0)) == 3
    assert len(np.unique(combine([one, one]), axis=0)) == 2
    assert not np.array_equal(combine([one, other]), combine([other, one]))


def test_duplicates_are_counted_for_each_pair_of_splits() -> None:
    content = np.array([[1], [2], [3], [1], [2], [9], [2], [2], [9]], dtype=np.float32)
    splits = {"train": np.array([0, 1, 2]), "validation": np.array([3, 4, 5]), "test": np.array([6, 7, 8])}
    found = find(hash_rows(content), splits)
    assert found.counts == {("train", "validation"): 2, ("train", "test"): 2, ("validation", "test"): 3}
    assert Pair("train", 0, "validation", 3) in found.examples
    assert Pair("validation", 5, "test", 8) in found.examples
    for pair in found.examples:
        assert content[pair.first_row] == content[pair.second_row]
        assert pair.first_row in splits[pair.first] and pair.second_row in splits[pair.second]


def test_duplicates_within_a_split_are_none_of_its_business() -> None:
    content = np.array([[1], [1], [2], [3]], dtype=np.float32)
    found = find(hash_rows(content), {"train": np.array([0, 1]), "test": np.array([2, 3])})
    assert found.counts == {("train", "test"): 0}
    assert found.examples == ()


def test_an_empty_split_has_no_duplicates() -> None:
    found = find(
        hash_rows(np.ones((2, 1), dtype=np.float32)), {"train": np.array([0, 1]), "test": np.array([], dtype=np.int64)}
    )
    assert found.counts == {("train", "test"): 0}


def test_rows_of_different_lengths_have_hashes_of_their_own_whatever_stands_beside_them() -> None:
    rows = [[1, 2, 3], [], [1, 2], [1, 2, 3], [1, 2, 0], [1, 2, 0, 0, 0, 0, 0, 0, 0]]
    lengths = np.array([len(row) for row in rows])
    hashes = hash_ragged(np.array([word for row in rows for word in row], dtype=np.int32), lengths)
    assert len(np.unique(hashes, axis=0)) == 5
    assert np.array_equal(hashes[0], hashes[3])
    alone = hash_ragged(np.array(rows[2], dtype=np.int32), lengths[2:3])
    assert np.array_equal(hashes[2:3], alone)
