from __future__ import annotations

import numpy as np
import pytest

from leadline.objectives.self_supervised.kmeans import clusters_of, kmeans, nearest

PLACES = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])


def drawn(rows: int, seed: int = 0) -> np.ndarray:
    """Return codes around four places, more around the first ones."""
    rng = np.random.default_rng(seed)
    at = rng.choice(4, rows, p=[0.4, 0.3, 0.2, 0.1])
    return (PLACES[at] + rng.normal(size=(rows, 2))).astype(np.float32)


def test_centres_are_found_largest_first_and_their_number_by_silhouettes() -> None:
    found = clusters_of(drawn(600), drawn(200, 1), (2, 3, 4, 5, 8), 0)
    assert found.centre_KL == pytest.approx(PLACES, abs=0.4)
    assert found.unit == pytest.approx(2, abs=0.3)  # of two numbers with variance 1
    assert "200 others" in found.description
    assert "4: 0.8" in found.description


def test_a_number_that_is_given_is_kept() -> None:
    found = clusters_of(drawn(300), drawn(0), (2,), 0)
    assert len(found.centre_KL) == 2
    assert found.description == "k-means on 300 latent codes"


def test_the_same_seed_finds_the_same() -> None:
    one, other = (clusters_of(drawn(300), drawn(50, 1), (3, 4), 7) for _ in range(2))
    assert np.array_equal(one.centre_KL, other.centre_KL)


def test_there_are_never_more_clusters_than_different_codes() -> None:
    few = np.repeat(PLACES[:3], 5, axis=0)
    assert len(clusters_of(few, few, (8,), 0).centre_KL) == 3
    same = clusters_of(np.zeros((9, 2)), np.zeros((3, 2)), (2, 3), 0)
    assert same.centre_KL.tolist() == [[0.0, 0.0]]
    assert same.unit == 1


def test_nearest_is_by_distance() -> None:
    x_nL = drawn(100)
    square_nK = ((x_nL[:, None] - PLACES) ** 2).sum(2)
    assert np.array_equal(nearest(x_nL, PLACES), square_nK.argmin(1))
    assert len(kmeans(x_nL, 3, 0)) == 3
