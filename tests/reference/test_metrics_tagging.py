"""Measures of tags against scikit-learn, and of entities against the rules of conlleval read token by token."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from leadline.metrics.classification import tagging

TAGS = ("B-per", "B-loc", "I-per", "I-loc", "O")


def chunks(tags: list[str]) -> set[tuple[int, int, str]]:
    """Return entities as (first token, last token, kind), found as conlleval does: tag by tag, beside the tag
    before.
    """
    found, start, before = set(), None, ("O", "")
    for place, tag in enumerate([*tags, "O"]):
        mark, _, kind = tag.partition("-")
        was, was_kind = before
        ends = was in ("B", "I") and (mark in ("B", "O") or kind != was_kind)
        if ends and start is not None:
            found.add((start, place - 1, was_kind))
            start = None
        if mark == "B" or (mark == "I" and (was == "O" or kind != was_kind)):
            start = place
        before = (mark, kind)
    return found


def padded(rows: list[list[int]]) -> np.ndarray:
    steps = max(map(len, rows))
    return np.array([row + [-1] * (steps - len(row)) for row in rows])


@st.composite
def texts(draw: st.DrawFn) -> tuple[list[list[int]], list[list[int]]]:
    lengths = draw(st.lists(st.integers(1, 8), min_size=1, max_size=6))
    one = st.integers(0, len(TAGS) - 1)
    true, said = ([draw(st.lists(one, min_size=n, max_size=n)) for n in lengths] for _ in range(2))
    return true, said


@given(texts())
def test_entities_are_those_of_conlleval(found: tuple[list[list[int]], list[list[int]]]) -> None:
    true, said = found
    truth, answer = ([chunks([TAGS[tag] for tag in row]) for row in rows] for rows in (true, said))
    results = tagging.measure_all(padded(true), padded(said), TAGS)
    right = sum(len(a & b) for a, b in zip(truth, answer, strict=True))
    there, given_ = sum(map(len, truth)), sum(map(len, answer))
    assert results["entity_precision"].value == (right / given_ if given_ else None)
    assert results["entity_recall"].value == (right / there if there else None)
    f1 = results["entity_f1"].value
    assert f1 == (pytest.approx(2 * right / (there + given_)) if there + given_ else None)
    for number, kind in enumerate(("per", "loc")):
        own = sum(len({c for c in a & b if c[2] == kind}) for a, b in zip(truth, answer, strict=True))
        all_own = sum(len({c for c in a if c[2] == kind}) for a in truth)
        assert results["entity_recall", number].value == (own / all_own if all_own else None)


@pytest.mark.parametrize("grouped", [False, True])
def test_tokens_are_measured_as_scikit_learn_does(grouped: bool) -> None:
    rng = np.random.default_rng(0)
    target = rng.integers(0, 5, (40, 9))
    said = np.where(rng.uniform(size=target.shape) < 0.7, target, rng.integers(0, 5, target.shape))
    target[np.arange(9) >= rng.integers(1, 10, 40)[:, None]] = -1
    group = np.arange(40) // 4 if grouped else None
    found = tagging.measure_all(target, said, TAGS, group=group)
    known = target >= 0
    y, z = target[known], said[known]
    assert found["token_accuracy"].value == pytest.approx(accuracy_score(y, z))
    assert found["token_accuracy"].n == len(y)
    assert found["f1_macro"].value == pytest.approx(f1_score(y, z, average="macro"))
    assert found["sequence_accuracy"].value == pytest.approx(((target == said) | ~known).all(1).mean())
    for name, values in zip(
        ("precision", "recall", "f1"), precision_recall_fscore_support(y, z, zero_division=0), strict=False
    ):
        for tag, value in enumerate(values):
            assert found[name, tag].value == pytest.approx(value)
    assert np.array_equal(tagging.confusion(target, said, 5), confusion_matrix(y, z, labels=range(5)))


def test_texts_that_hang_together_leave_more_doubt() -> None:
    target = np.zeros((40, 10), dtype=int)
    said = np.zeros_like(target)
    said[:10] = 1  # whole texts are wrong
    alone = said.ravel().reshape(40, 10, order="F")  # as many tokens, spread over all texts
    tags = ("a", "b")
    low, high = tagging.measure_all(target, said, tags)["token_accuracy"].intervals[0]
    close, by = tagging.measure_all(target, alone, tags)["token_accuracy"].intervals[0]
    assert high - low > 2 * (by - close)


@pytest.mark.parametrize(
    ("tags", "kinds"),
    [
        (TAGS, ("per", "loc")),
        (("I-x", "O"), ("x",)),
        (("DET", "NOUN"), None),
        (("O",), None),
        (("B-x", "I-x", "o"), None),
    ],
)
def test_what_tags_spell(tags: tuple[str, ...], kinds: tuple[str, ...] | None) -> None:
    scheme = tagging.scheme_of(tags)
    assert (scheme.kinds if scheme else None) == kinds


def test_without_a_known_token_everything_is_absent() -> None:
    for target in (np.empty((0, 3), dtype=int), np.full((4, 3), -1)):
        found = tagging.measure_all(target, target, TAGS)
        assert len(found) == 3 + 3 + 3 * 5 + 3 * 2
        assert all(one.value is None and one.why for one in found.values())
