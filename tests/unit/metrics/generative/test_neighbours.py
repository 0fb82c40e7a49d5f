"""Nearest rows against a search that compares every pair."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from leadline.metrics.generative import neighbours
from leadline.metrics.generative.neighbours import agreement, nearest, squared_distances, voted


@pytest.mark.parametrize("own", [False, True])
def test_nearest_rows_are_those_of_a_full_search(own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "VALUES", 300)  # several blocks
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 4)) + 1e3  # far from the origin, where squares are large
    query = rows if own else rng.normal(size=(23, 4)) + 1e3
    distance = cdist(query, rows)
    if own:
        np.fill_diagonal(distance, np.inf)
    found = nearest(query, rows, 3, own=own)
    assert np.array_equal(found.at_qk, np.argsort(distance, axis=1)[:, :3])
    assert np.allclose(found.distance_qk, np.sort(distance, axis=1)[:, :3], rtol=1e-9)
    blocks = np.concatenate([block for _, block in squared_distances(query, rows)])
    assert np.allclose(blocks, cdist(query, rows) ** 2, atol=1e-8)


def test_a_copy_is_exactly_nothing_away() -> None:
    rows = np.random.default_rng(1).normal(size=(40, 30)) * 1e4
    found = nearest(rows[[7, 3]], rows)
    assert found.at_qk[:, 0].tolist() == [7, 3]
    assert found.distance_qk.max() == 0


def test_most_neighbours_decide_and_of_as_many_the_nearest() -> None:
    rows, classes = np.array([[0.0], [1.0], [2.0], [10.0]]), np.array([5, 7, 7, 9])
    assert voted(np.array([[0.1]]), rows, classes, 3).tolist() == [7]
    assert voted(np.array([[0.1]]), rows, classes, 2).tolist() == [5]
    assert voted(np.array([[9.0]]), rows, classes, 100).tolist() == [7]


def test_agreement_counts_rows_and_groups() -> None:
    rows, classes = np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([0, 0, 1, 1])
    query, truth = np.array([[0.2], [0.9], [10.5], [0.5]]), np.array([0, 0, 1, 1])
    alone = agreement(query, truth, rows, classes, (0.95,), k=2)
    assert alone.value == 0.75
    assert alone.n == 4
    together = agreement(query, truth, rows, classes, (0.95,), k=2, group_q=np.array([0, 0, 1, 1]))
    assert together.intervals[0][1] - together.intervals[0][0] > alone.intervals[0][1] - alone.intervals[0][0]
    assert agreement(query[:0], truth[:0], rows, classes, (0.95,), k=2).value is None
