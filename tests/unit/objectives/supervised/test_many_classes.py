"""Of very many classes a report shows those with most errors; nothing that happened is lost."""

from __future__ import annotations

import numpy as np
import pytest

from leadline.objectives.supervised.many_classes import MOST, confusion_drafts, most_mistaken

FEW = np.array([[5, 1], [2, 7]])


def many(classes: int = 200) -> np.ndarray:
    counts = np.diag(np.full(classes, 3))
    counts[7, 9], counts[150, 3] = 8, 6
    return counts


def test_few_classes_all_stand_in_the_matrix() -> None:
    assert most_mistaken(FEW).tolist() == [0, 1]
    (draft,) = confusion_drafts(["no", "yes"], FEW, "Rows: true class.", "test")
    assert draft.content == {"labels": ["no", "yes"], "counts": [[5, 1], [2, 7]]}
    assert draft.caption == "Rows: true class."


def test_of_many_classes_those_with_most_errors_are_shown_in_their_order() -> None:
    shown = most_mistaken(many())
    assert len(shown) == MOST
    assert shown.tolist() == sorted(shown.tolist())
    assert {3, 7, 9, 150} <= set(shown.tolist())


@pytest.mark.parametrize("classes", [MOST + 1, 200, 1500])
def test_the_others_stand_as_one_and_no_row_is_lost(classes: int) -> None:
    counts = many(max(classes, 200))[:classes, :classes]
    labels = [f"c{k}" for k in range(classes)]
    matrix, confusions = confusion_drafts(labels, counts, "Rows: true class.", "test")
    assert len(matrix.content["labels"]) == MOST + 1
    assert np.sum(matrix.content["counts"]) == counts.sum()
    assert str(classes - MOST) in matrix.content["labels"][-1].replace(",", "")
    errors = counts.sum() - np.trace(counts)
    assert sum(row[-1] for row in confusions.content["rows"]) == errors
    assert confusions.content["rows"][0] == ["c7", "c9", 8]
