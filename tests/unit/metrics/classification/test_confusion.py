from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leadline.core.catalogue import say
from leadline.metrics.classification import confusion as cm

LEVELS = (0.95, 0.99)


def counted(target: list[int], predicted: list[int], classes: int, group: list[int] | None = None) -> cm.Confusion:
    return cm.confusion_of(np.array(target), np.array(predicted), classes, None if group is None else np.array(group))


def test_rows_are_true_classes_and_columns_predicted_ones() -> None:
    assert counted([0, 0, 1, 2], [0, 1, 1, 0], 3).counts_CC.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_small_integers_do_not_overflow() -> None:
    target_n = np.full(10, 99, dtype=np.uint8)
    assert cm.confusion_of(target_n, target_n, 100).counts_CC[99, 99] == 10


def test_precision_is_absent_where_a_class_was_never_predicted() -> None:
    c = counted([0, 1, 0, 1], [0, 0, 0, 0], 2)
    never = cm.precision(c, LEVELS)[1]
    assert never.value is None
    assert never.why is not None and "predicted" in never.why
    macro = cm.precision_macro(c, LEVELS)
    assert macro.value is None
    assert macro.why is not None and "1 class" in macro.why
    assert cm.f1(c, LEVELS)[1].value == 0.0


def test_a_class_that_does_not_occur_is_left_out_of_means() -> None:
    c = counted([0, 0, 1, 1], [0, 1, 1, 1], 3)
    assert cm.recall(c, LEVELS)[2].value is None
    balanced = cm.balanced_accuracy(c, LEVELS)
    assert balanced.value == pytest.approx(0.75)
    assert "of the 2 classes that occur" in balanced.method
    assert cm.f1_macro(c, LEVELS).value == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert cm.precision_macro(c, LEVELS).value == pytest.approx((1 + 2 / 3) / 2)


def test_n_is_what_each_share_is_of() -> None:
    c = counted([0, 0, 0, 1], [0, 0, 1, 1], 2)
    assert [m.n for m in cm.recall(c, LEVELS)] == [3, 1]
    assert [m.n for m in cm.precision(c, LEVELS)] == [2, 2]
    assert [m.n for m in cm.f1(c, LEVELS)] == [3, 2]
    assert cm.accuracy(c, LEVELS).n == 4


def test_no_rows_are_absent_everywhere() -> None:
    c = counted([], [], 2)
    for m in (
        cm.accuracy(c, LEVELS),
        cm.balanced_accuracy(c, LEVELS),
        cm.precision_macro(c, LEVELS),
        cm.f1_macro(c, LEVELS),
    ):
        assert m.value is None
        assert m.why == say("metrics.no-examples")


@pytest.mark.parametrize("group", [None, [0, 0, 1, 1, 2, 2, 3, 3], [5] * 8])
@pytest.mark.parametrize("predicted", [[0, 1, 0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1, 1, 1]])
def test_intervals_hold_the_value_and_no_nan(predicted: list[int], group: list[int] | None) -> None:
    c = counted([0, 1] * 4, predicted, 2, group)
    whole = [
        cm.accuracy(c, LEVELS),
        cm.balanced_accuracy(c, LEVELS),
        cm.precision_macro(c, LEVELS),
        cm.f1_macro(c, LEVELS),
    ]
    for m in (*whole, *cm.recall(c, LEVELS), *cm.precision(c, LEVELS), *cm.f1(c, LEVELS)):
        assert m.value is not None
        assert len(m.intervals) == 2
        assert all(0 <= low <= m.value <= high <= 1 for low, high in m.intervals)
        assert m.intervals[1][0] <= m.intervals[0][0] and m.intervals[0][1] <= m.intervals[1][1]


def test_one_group_says_nothing_about_others() -> None:
    assert cm.accuracy(counted([0, 1], [0, 1], 2, [3, 3]), LEVELS).intervals == ((0.0, 1.0), (0.0, 1.0))


def test_groups_that_agree_within_widen_every_interval() -> None:
    rng = np.random.default_rng(0)
    target_n = rng.integers(3, size=300)
    group_n = np.repeat(np.arange(30), 10)
    wrong_n = np.repeat(rng.random(30) < 0.3, 10)
    predicted_n = np.where(wrong_n, (target_n + 1) % 3, target_n)
    alone = cm.confusion_of(target_n, predicted_n, 3)
    grouped = cm.confusion_of(target_n, predicted_n, 3, group_n)
    for measure in (cm.accuracy, cm.balanced_accuracy, cm.precision_macro, cm.f1_macro):
        ((low, high),) = measure(alone, (0.95,)).intervals
        ((wide_low, wide_high),) = measure(grouped, (0.95,)).intervals
        assert wide_high - wide_low > 2 * (high - low)
        assert measure(alone, (0.95,)).value == measure(grouped, (0.95,)).value


def test_balanced_binary_f1_macro_is_as_certain_as_accuracy() -> None:
    c = counted([0, 1] * 50, [0, 1] * 45 + [1, 0] * 5, 2)
    assert cm.f1_macro(c, (0.95,)).intervals[0] == pytest.approx(cm.accuracy(c, (0.95,)).intervals[0], abs=5e-3)


MACRO = (cm.balanced_accuracy, cm.precision_macro, cm.f1_macro)


@pytest.mark.parametrize("measure", MACRO)
@pytest.mark.parametrize("grouped", [False, True])
def test_a_class_without_rows_leaves_its_share_of_the_interval_open(measure: Any, grouped: bool) -> None:
    target_n = np.arange(60) % 2
    predicted_n = np.where(np.arange(60) % 15 == 0, 1 - target_n, target_n)
    group_n = np.arange(60) // 3 if grouped else None
    two, three = (measure(cm.confusion_of(target_n, predicted_n, C, group_n), LEVELS) for C in (2, 3))
    (low, high), (wide_low, wide_high) = two.intervals[0], three.intervals[0]
    assert three.value == two.value
    assert (wide_low, wide_high) == pytest.approx((2 * low / 3, (2 * high + 1) / 3))
    assert "interval over all 3" in three.method


def test_a_class_that_is_predicted_but_never_seen_may_be_predicted_well() -> None:
    target_n, predicted_n = np.repeat([0, 1], 30), np.r_[np.repeat([0, 1], [28, 32])]
    predicted_n[0] = 2
    found = cm.f1_macro(cm.confusion_of(target_n, predicted_n, 3), LEVELS)
    assert found.value is not None
    low, high = found.intervals[0]
    assert low < found.value < high
    assert high > 0.97  # what is known of the two others, and nothing of the third


def test_a_class_that_is_only_taken_for_one_without_rows_does_not_break_the_interval() -> None:
    found = cm.f1_macro(cm.confusion_of(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 2]), 3), LEVELS)
    low, high = found.intervals[0]
    assert 0 <= low <= high <= 1
