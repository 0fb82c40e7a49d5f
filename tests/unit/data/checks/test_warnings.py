"""What is said about a dataset before training, and what is not."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare
from leadline.errors import DataError
from sentences import says

N = 600
RNG = np.random.default_rng(0)


def said(frame: pl.DataFrame, **spec: object) -> str:
    return "\n".join(prepared(frame, **spec).notes)


def prepared(frame: pl.DataFrame, **spec: object) -> Dataset:
    return prepare(DataSpec.model_validate({"target": "y", **spec}), frame)


def plain(**columns: object) -> pl.DataFrame:
    return pl.DataFrame(
        {"a": RNG.normal(size=N), "b": RNG.normal(size=N), **columns, "y": RNG.choice(["no", "yes"], N)}
    )


def test_of_plain_data_there_is_little_to_say() -> None:
    assert [note for note in prepared(plain()).notes if not re.fullmatch(says("targets.positive-by-name"), note)] == []


def test_columns_that_give_the_target_away_are_named_with_what_to_do() -> None:
    frame = plain().with_columns(code=pl.col("y").replace({"yes": "J", "no": "N"}), copy=pl.col("y"))
    text = said(frame)
    assert re.search(says("checks.leak-equal", columns="'copy'", target="y"), text)
    assert re.search(says("checks.leak-determines", columns="'code'", target="y"), text)
    assert "Warning" not in said(frame, ignore=("code", "copy"))
    assert "code" in {f.name for f in prepared(frame).schema.inputs[0].fields}, (
        "it is not dropped behind the user's back"
    )


DAYS = [f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(N)]


def test_a_split_by_time_is_proposed_where_there_is_a_date() -> None:
    assert say("columns.split-by-time", column="sold") in said(plain(sold=DAYS))
    for quiet in (
        said(plain(sold=DAYS), split="time:sold"),
        said(plain(sold=DAYS), ignore=("sold",)),
        said(plain(birth_date=DAYS)),
        said(plain(sold=DAYS, split=["train"] * 500 + ["test"] * 100)),
    ):
        assert "split='time" not in quiet


@pytest.mark.parametrize("name", ["patient_id", "user", "SpeakerID", "customerNo", "subject", "session.id"])
def test_a_split_by_group_is_proposed_where_an_identifier_repeats(name: str) -> None:
    text = said(plain(**{name: RNG.permutation(N) % 100}))
    assert say("checks.groups", column=name, values=100, rows=600) in text


def test_values_may_look_like_identifiers_too() -> None:
    assert "split='group:who'" in said(plain(who=[f"P{i:04d}" for i in RNG.integers(0, 100, N)]))
    assert "split='group:who'" in said(plain(who=[f"{i:032x}" for i in RNG.integers(0, 100, N)]))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("zipcode", RNG.integers(10_000, 10_100, N)),
        ("patient_id", RNG.permutation(N)),  # each once
        ("user", RNG.integers(0, 5, N)),  # a few kinds of users
        ("colour", RNG.choice([f"shade {i}" for i in range(50)], N)),
        ("width", RNG.integers(0, 100, N)),
        ("user_score", RNG.integers(0, 100, N)),
    ],
)
def test_other_columns_are_no_groups(name: str, values: np.ndarray) -> None:
    assert "split='group" not in said(plain(**{name: values}))


def test_a_patient_who_has_one_diagnosis_is_a_group_and_no_leak() -> None:
    patient = RNG.integers(0, 60, N)
    frame = plain(patient_id=patient).with_columns(y=pl.Series(np.where(patient % 2, "ill", "well")))
    text = said(frame)
    assert "split='group:patient_id'" in text
    assert "Warning" not in text


def test_uneven_classes_are_named() -> None:
    y = np.where(RNG.random(N) < 0.04, "fraud", "fine")
    text = said(plain().with_columns(y=pl.Series(y)))
    assert re.search(says("checks.imbalanced", commonest="fine", rarest="fraud"), text)
    assert "imbalance" not in said(plain().with_columns(y=pl.Series(np.where(RNG.random(N) < 0.3, "fraud", "fine"))))


def test_classes_with_few_rows_and_classes_that_are_not_tested_are_named() -> None:
    y = np.array(["a"] * 300 + ["b"] * 296 + ["rare"] * 4)
    text = said(plain().with_columns(y=pl.Series(y)))
    assert say("checks.rare-classes", fewest=5, classes="'rare'") in text
    splits = ["train"] * 400 + ["test"] * 200
    given = plain(split=splits).with_columns(y=pl.Series(["a", "b"] * 150 + ["c"] * 100 + ["a", "b"] * 100))
    assert say("checks.untested-classes", classes="'c'") in said(given)


def test_a_class_that_only_the_test_rows_have_is_named_and_its_rows_are_set_aside() -> None:
    y = ["a", "b"] * 200 + ["new"] * 20 + ["قديم"] * 10 + ["a", "b"] * 85
    frame = plain(split=["train"] * 400 + ["test"] * 200).with_columns(y=pl.Series(y))
    dataset = prepared(frame)
    assert len(dataset.splits["test"]) == 170
    assert dataset.invalid_rows.height == 30
    assert dataset.schema.classes == ("a", "b")
    note = next(note for note in dataset.notes if note.startswith("Warning"))
    assert note == say("checks.unseen-classes", count=30, subset="test", classes="'new', 'قديم'")
    assert not any("single row" in note for note in dataset.notes)


def test_one_group_cannot_be_split() -> None:
    with pytest.raises(DataError, match=says("splits.too-few-groups", groups=1)):
        prepared(plain(site=["north"] * N), split="group:site")


def test_a_target_of_one_value_in_train_is_refused() -> None:
    frame = plain(split=["train"] * 500 + ["test"] * 100).with_columns(y=pl.Series(["no"] * 500 + ["yes"] * 100))
    with pytest.raises(DataError, match=says("data.constant")):
        prepared(frame)


@pytest.mark.parametrize("split", [{}, {"near_duplicates": "ignore"}], ids=["together", "ignored"])
def test_copies_make_no_column_give_the_target_away(split: dict[str, str]) -> None:
    once = plain()[:120]
    frame = pl.concat([once] * 5)
    text = said(frame, split=split)
    assert not re.search(says("checks.leak-determines"), text), "a copy of the row says it, not the column"
    assert not re.search(says("checks.near-leak-classes"), text)
    coded = frame.with_columns(code=pl.col("y").replace({"yes": "J", "no": "N"}))
    assert re.search(says("checks.leak-determines", columns="'code'"), said(coded, split=split))


def test_a_class_all_of_whose_training_rows_are_unusable_is_named() -> None:
    frame = plain(since=["2024-01-31"] * N).with_columns(y=pl.Series(["no", "yes", "maybe"] * (N // 3)))
    when = pl.when(pl.col("y") == "maybe").then(pl.lit("soon")).otherwise(pl.col("since"))
    frame = frame.with_columns(since=when)
    notes = said(frame, types={"since": "date"})
    assert say("checks.untrained-classes", count=1, classes="'maybe'") in notes


def test_a_target_that_looks_like_numbers_is_refused_with_what_to_write() -> None:
    shares = [f"{number / 7:.3f} %" for number in range(N)]
    with pytest.raises(DataError, match=re.escape("%")) as caught:
        prepared(plain().with_columns(y=pl.Series(shares)))
    assert "different" in str(caught.value) or "classes" in str(caught.value)
