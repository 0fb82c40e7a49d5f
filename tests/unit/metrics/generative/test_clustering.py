from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_score

from leadline.metrics.generative.clustering import accuracy, adjusted_rand, counted, mutual_information, silhouettes

LEVELS = (0.95, 0.99)


def drawn(n: int, seed: int, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Return classes, and clusters that mostly follow them, with two of the classes in one."""
    rng = np.random.default_rng(seed)
    class_n = rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
    cluster_n = np.where(rng.random(n) < noise, rng.integers(0, 3, n), np.array([2, 0, 1, 1])[class_n])
    return cluster_n * 7 + 1, class_n  # numbers need not be in a row


@pytest.mark.parametrize("n", [30, 400])
def test_values_are_those_of_scikit_learn(n: int) -> None:
    cluster_n, class_n = drawn(n, 0)
    assert adjusted_rand(cluster_n, class_n, LEVELS).value == pytest.approx(adjusted_rand_score(class_n, cluster_n))
    assert mutual_information(cluster_n, class_n, LEVELS).value == pytest.approx(
        normalized_mutual_info_score(class_n, cluster_n)
    )


def test_accuracy_is_that_of_the_best_matching() -> None:
    cluster_n, class_n = np.array([5, 5, 5, 9, 9, 2]), np.array([0, 0, 1, 1, 1, 0])
    found = accuracy(cluster_n, class_n, LEVELS)
    assert found.value == pytest.approx(4 / 6)  # 5 is 0, 9 is 1, and there is no class left for 2
    assert len(found.intervals) == 2
    assert counted(cluster_n, class_n).tolist() == [[1, 0], [2, 1], [0, 2]]


def test_names_of_clusters_change_nothing_and_perfect_ones_score_one() -> None:
    _, class_n = drawn(200, 1)
    for measure in (accuracy, adjusted_rand, mutual_information):
        found = measure(9 - class_n, class_n, LEVELS)
        assert found.value == pytest.approx(1.0)
        (low, high), (wide_low, _) = found.intervals
        assert 0.85 < wide_low < low < high == 1
        few = measure(class_n[:12], class_n[:12], LEVELS)
        assert few.intervals[0][0] < low, "twelve rows say less"
    cluster_n, _ = drawn(200, 2)
    for measure in (accuracy, adjusted_rand, mutual_information):
        one, other = (measure(names_n, class_n, LEVELS) for names_n in (cluster_n, -cluster_n))
        assert one.value == pytest.approx(other.value)
        np.testing.assert_allclose(one.intervals, other.intervals)


def test_clusters_by_chance_have_a_rand_index_of_zero_within_its_interval() -> None:
    rng = np.random.default_rng(3)
    found = adjusted_rand(rng.integers(0, 5, 2_000), rng.integers(0, 4, 2_000), LEVELS)
    (low, high), (wide_low, wide_high) = found.intervals
    assert low < 0 < high
    assert wide_low < low < high < wide_high


@pytest.mark.parametrize("measure", [adjusted_rand, mutual_information])
def test_where_all_rows_are_alike_it_is_absent(measure: object) -> None:
    same, other = np.zeros(10, dtype=np.int64), np.arange(10) % 3
    for cluster_n, class_n in ((same, other), (other, same), (other[:0], other[:0])):
        found = measure(cluster_n, class_n, LEVELS)  # type: ignore[operator]
        assert found.value is None
        assert found.why
    assert accuracy(other[:0], other[:0], LEVELS).value is None


@pytest.mark.parametrize(("measure", "n"), [(adjusted_rand, 150), (mutual_information, 400)])
def test_intervals_cover_what_many_rows_would_give(measure: object, n: int) -> None:
    truth = measure(*drawn(400_000, 99), LEVELS).value  # type: ignore[operator]
    covered = 0
    for seed in range(300):
        ((low, high), _) = measure(*drawn(n, seed), LEVELS).intervals  # type: ignore[operator]
        covered += low <= truth <= high
    assert 0.91 <= covered / 300 <= 0.985


def test_rows_of_a_group_count_as_one() -> None:
    cluster_n, class_n = (np.repeat(one, 4) for one in drawn(100, 5))
    group_n = np.repeat(np.arange(100), 4)
    for measure in (accuracy, adjusted_rand, mutual_information):
        ((low, high), _) = measure(cluster_n, class_n, LEVELS, group_n).intervals
        ((near_low, near_high), _) = measure(cluster_n, class_n, LEVELS).intervals
        assert high - low > 1.7 * (near_high - near_low)


def test_silhouettes_are_zero_without_two_clusters_and_else_those_of_scikit_learn() -> None:
    x_nF = np.random.default_rng(0).normal(size=(60, 3))
    cluster_n = (x_nF[:, 0] > 0).astype(int)
    assert silhouettes(x_nF, cluster_n).mean() == pytest.approx(silhouette_score(x_nF, cluster_n))
    assert not silhouettes(x_nF, np.ones(60, dtype=int)).any()
    assert not silhouettes(x_nF, np.arange(60)).any()
