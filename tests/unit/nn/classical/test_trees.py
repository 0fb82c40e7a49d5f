from __future__ import annotations

import numpy as np
import torch

from leadline.nn.classical.trees import KNOWN, Forest, Trees


def stump(**changes: object) -> Forest:
    """One split and two leaves, worth 1 on the left and 2 on the right."""
    parts: dict[str, np.ndarray] = {
        "feature_N": np.array([0, 0, 0]),
        "number_N": np.array([0.5, 1.0, 2.0]),
        "left_N": np.array([1, 1, 2]),
        "right_N": np.array([2, 1, 2]),
        "missing_left_N": np.array([True, False, False]),
        "category_N": np.array([-1, -1, -1]),
        "left_S": np.zeros((0, 256), np.uint8),
        "root_T": np.array([0]),
        "output_T": np.array([0]),
    }
    return Forest(**{**parts, **{name: np.asarray(value) for name, value in changes.items()}})


def value(trees: Trees, *row: float) -> float:
    return float(trees(torch.tensor([row]))[0, 0])


def test_values_up_to_the_threshold_go_left_and_missing_ones_where_they_are_sent() -> None:
    for side in (True, False):
        trees = Trees(1, 1)
        trees.set(stump(missing_left_N=[side, False, False]), np.array([10.0]))
        assert [value(trees, x) for x in (-1.0, 0.5, 0.6)] == [11.0, 11.0, 12.0]
        assert value(trees, float("nan")) == (11.0 if side else 12.0)


def test_a_split_between_missing_and_everything_else_holds_for_the_largest_values() -> None:
    trees = Trees(1, 1)
    trees.set(stump(number_N=[np.inf, 1.0, 2.0], missing_left_N=[False, False, False]), np.zeros(1))
    assert value(trees, 3.4e38) == 1.0
    assert value(trees, float("nan")) == 2.0


def test_thresholds_between_two_float32_numbers_part_them() -> None:
    low = np.float32(0.1)
    high = np.nextafter(low, np.float32(1))
    for share in (0.01, 0.5, 0.99):
        trees = Trees(1, 1)
        trees.set(stump(number_N=[float(low) + share * (float(high) - float(low)), 1.0, 2.0]), np.zeros(1))
        assert [value(trees, float(x)) for x in (low, high)] == [1.0, 2.0]


def test_categories_go_by_their_set_and_unknown_ones_with_the_missing() -> None:
    left = np.zeros((1, 256), np.uint8)
    left[0, [0, 31, 32, 63]] = 1
    for side in (True, False):
        trees = Trees(2, 1, (0, 70))
        # code 0 is missing, class 70 was too rare to be told apart
        trees.set_codes(np.array([KNOWN, *range(69), KNOWN]))
        trees.set(
            stump(feature_N=[1, 0, 0], category_N=[0, -1, -1], left_S=left, missing_left_N=[side, False, False]),
            np.zeros(1),
        )
        went_left = {code for code in range(71) if value(trees, 9.0, float(code)) == 1.0}
        assert went_left == {1, 32, 33, 64} | ({0, 70} if side else set())
        assert value(trees, 9.0, 500.0) == value(trees, 9.0, 70.0)


def test_trees_of_several_outputs_add_up() -> None:
    two = stump(
        feature_N=np.zeros(6, int),
        number_N=[0.5, 1, 2, -0.5, 10, 20],
        left_N=[1, 1, 2, 4, 4, 5],
        right_N=[2, 1, 2, 5, 4, 5],
        missing_left_N=[True] * 6,
        category_N=[-1] * 6,
        root_T=[0, 3],
        output_T=[1, 1],
    )
    trees = Trees(1, 3)
    trees.set(two, np.array([0.1, 0.2, 0.3]))
    expected = torch.tensor([[0.1, 0.2 + 1 + 20, 0.3], [0.1, 0.2 + 2 + 20, 0.3]])
    torch.testing.assert_close(trees(torch.tensor([[0.0], [1.0]])), expected)
    assert trees.depth == 1
