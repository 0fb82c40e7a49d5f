from __future__ import annotations

import numpy as np
import pytest

from leadline.data.splits.time_blocks import FEWEST, time_blocks


@pytest.mark.parametrize(("rows", "wanted"), [(100, 20), (5000, 20), (30_000, 31)])
def test_a_part_is_cut_into_stretches_of_time_of_about_as_many_rows(rows: int, wanted: int) -> None:
    time_N = np.random.default_rng(0).permutation(rows)
    block_N = time_blocks(time_N, [np.arange(rows)])
    sizes = np.bincount(block_N)
    assert len(sizes) == wanted
    assert sizes.max() - sizes.min() <= 1
    assert (np.diff(block_N[np.argsort(time_N)]) >= 0).all()


def test_parts_share_no_block_and_rows_outside_have_none() -> None:
    block_N = time_blocks(np.arange(300), [np.arange(0, 100), np.arange(150, 300)])
    assert not set(block_N[:100]) & set(block_N[150:])
    assert set(block_N[100:150]) == {-1}
    assert time_blocks(np.arange(3), [np.empty(0, dtype=np.int64)]).tolist() == [-1, -1, -1]


def test_rows_of_one_time_stay_together_even_where_that_leaves_few_blocks() -> None:
    time_N = np.repeat(np.arange(7), [5, 90, 1, 1, 300, 40, 63])
    block_N = time_blocks(time_N, [np.arange(500)])
    for time in range(7):
        assert len(set(block_N[time_N == time])) == 1
    assert len(set(block_N)) == 6  # two of the times are so short that they share a block
    assert len(set(block_N)) < FEWEST


def test_blocks_are_as_long_as_windows_reach_ahead() -> None:
    times, splits = np.arange(400), [np.arange(300), np.arange(300, 400)]
    block_N = time_blocks(times, splits, least=40)
    assert np.bincount(block_N[:300]).min() >= 40
    assert len(np.unique(block_N[:300])) == 7
    assert len(np.unique(time_blocks(times, splits, least=90)[300:])) == 2  # never fewer
    assert len(np.unique(time_blocks(times, splits, least=2)[:300])) == FEWEST
