"""Which of two classes is the positive one, and why it is said to be."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare
from leadline.errors import UsageError
from sentences import says

N = 400


def labelled(labels: list[object], **spec: object) -> Dataset:
    frame = pl.DataFrame({"x": np.random.default_rng(0).normal(size=len(labels)), "y": pl.Series(labels)})
    return prepare(DataSpec.model_validate({"target": "y", **spec}), frame)


def positive(dataset: Dataset) -> str:
    assert dataset.schema.positive is not None
    return dataset.schema.classes[dataset.schema.positive]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(
    ("no", "yes"),
    [
        ("no", "yes"),
        ("No", "Yes"),
        ("N", "Y"),
        (0, 1),
        (False, True),
        ("False", "True"),
        ("f", "t"),
        ("off", "on"),
        ("-1", "1"),
        ("negative", "positive"),
        ("Neg", "Pos"),
        ("absent", "present"),
        ("Success", "Failure")[::-1],
    ],
)
def test_a_class_whose_name_says_so_is_the_positive_one_however_rare(no: object, yes: object, share: float) -> None:
    labels = [yes if i % 10 < 10 * share else no for i in range(N)]
    dataset = labelled(labels)
    assert positive(dataset).lower() == str(yes).lower()
    other = next(one for one in dataset.schema.classes if one != positive(dataset))
    assert say("targets.positive-by-name", column="y", positive=positive(dataset), negative=other) in dataset.notes


@pytest.mark.parametrize(("rare", "common"), [("square", "circle"), ("circle", "square"), ("1", "2"), ("2", "1")])
def test_of_other_classes_the_rarer_one_is_positive_with_its_count(rare: str, common: str) -> None:
    dataset = labelled([rare if i % 5 == 0 else common for i in range(N)], types={"y": "category"})
    assert positive(dataset) == rare
    (said,) = (note for note in dataset.notes if note.startswith("Positive class"))
    assert "rarer" in said and f"of {len(dataset.splits['train'])} training rows" in said


@pytest.mark.parametrize("seed", range(6))
def test_of_equally_frequent_classes_the_second_is_positive_whatever_the_split_drew(seed: int) -> None:
    frame = pl.DataFrame({"x": range(100, 220), "y": ["square", "circle"] * 60})
    dataset = prepare(DataSpec(target="y"), frame, seed=seed)
    assert positive(dataset) == "square"
    assert say("targets.positive-second", column="y", positive="square") in dataset.notes


def test_what_the_user_names_wins_over_the_name_and_the_counts() -> None:
    dataset = labelled(["no", "yes"] * (N // 2), positive="no")
    assert positive(dataset) == "no" and not any(note.startswith("Positive class") for note in dataset.notes)


@pytest.mark.parametrize(
    ("labels", "named"),
    [(["no", "yes"], "yess"), (["no", "yes"], "maybe"), ([0, 1], "2"), (["cat", "dog"], "CAT"), ([False, True], "1")],
)
def test_a_positive_class_that_does_not_exist_is_refused_with_the_classes(labels: list[object], named: str) -> None:
    classes = ", ".join(repr(label) for label in labelled(labels * (N // 2)).schema.classes)
    with pytest.raises(UsageError, match=says("targets.positive-unknown", positive=named, classes=classes)):
        labelled(labels * (N // 2), positive=named)


def test_a_positive_class_is_refused_where_there_are_not_two_classes() -> None:
    with pytest.raises(UsageError, match=says("targets.positive-of-many-classes", classes=4)):
        labelled(["a", "b", "c", "d"] * (N // 4), positive="a")
    with pytest.raises(UsageError, match=says("targets.positive-without-classes")):
        labelled(np.random.default_rng(1).normal(size=N).tolist(), positive="a")
