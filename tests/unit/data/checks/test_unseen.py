"""What rows hold that no train row did is counted and said, with the first example; nothing is said of other rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare

ROWS = 60
DAYS = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 2, 29), eager=True)


def train_rows(**columns: Any) -> pl.DataFrame:
    """Return rows of a column of each kind, and those that are given."""
    at = np.arange(ROWS)
    usual = {
        "contract": np.array(["Monthly", "Yearly"])[at % 2],
        "level": np.array(["1", "2", "3"])[at % 3],
        "size": 100.0 + at,
        "since": DAYS,
        "paid": np.array(["no", "yes"])[at % 2],
        "y": np.array(["a", "b"])[at // 2 % 2],
    }
    return pl.DataFrame({**usual, **columns})


TYPES = {"contract": "category", "level": "category", "size": "number", "since": "date", "paid": "boolean"}


def read(frame: pl.DataFrame, trained_on: Dataset) -> Dataset:
    return prepare(DataSpec.model_validate({"target": "y"}), frame, schema=trained_on.schema, labelled=False)


def prepared(frame: pl.DataFrame, **more: Any) -> Dataset:
    types = {name: kind for name, kind in {**TYPES, **more.pop("types", {})}.items() if name in frame.columns}
    return prepare(DataSpec.model_validate({"target": "y", "types": types, **more}), frame)


def changed(column: str, *values: Any, first: int = 2) -> pl.DataFrame:
    """Return the train rows with other values in a column, from a row on."""
    frame = train_rows()
    own = frame[column].to_list()
    own[first : first + len(values)] = values
    return frame.with_columns(pl.Series(column, own, dtype=frame[column].dtype))


OF = say("checks.rows-of", rows=ROWS, subset="")
CASES = {
    "a new category": ("contract", ("Weekly", "Daily"), "checks.unseen-values", {"value": "'Weekly'"}),
    "a code of another form": ("level", ("01",), "checks.unseen-values", {"value": "'01'"}),
    "a word in other letters": ("contract", ("MONTHLY",), "checks.unseen-values", {"value": "'MONTHLY'"}),
    "a number far above": (
        "size",
        (1e4, 2e4, 3e4),
        "checks.unseen-range",
        {"value": "10000.0", "low": "100", "high": "159"},
    ),
    "a number far below": ("size", (-999.0,), "checks.unseen-range", {"value": "-999.0", "low": "100", "high": "159"}),
    "a number that is missing": ("size", (None, float("nan")), "checks.unseen-gaps", {}),
    "a date that is missing": ("since", (None,), "checks.unseen-gaps", {}),
    "a boolean that is missing": ("paid", (None,), "checks.unseen-gaps", {}),
}


@pytest.mark.parametrize(("column", "values", "key", "words"), CASES.values(), ids=CASES)
def test_it_is_counted_and_the_first_is_shown(column: str, values: tuple[Any, ...], key: str, words: Any) -> None:
    found = read(changed(column, *values), prepared(train_rows()))
    said = say(key, column=column, count=len(values), of=OF, place="row 3", **words)
    assert [one.said() for one in found.unseen] == [said]
    assert said in found.notes and said in found.about_rows()


def test_of_a_row_that_cannot_be_used_it_is_said_why_and_nothing_else() -> None:
    found = read(changed("paid", "perhaps"), prepared(train_rows()))
    assert found.unseen == ()
    assert any("perhaps" in note and "row 3" in note for note in found.about_rows())


def test_a_date_of_another_century_is_far_outside() -> None:
    found = read(changed("since", DAYS[0].replace(year=1924)), prepared(train_rows()))
    (said,) = (one.said() for one in found.unseen)
    assert "1924-01-01" in said and "2024-01-01 to 2024-02-29" in said and "row 3" in said


@pytest.mark.parametrize(
    ("column", "values"),
    [("size", (159.0, 200.0, 60.0)), ("since", (DAYS[-1],)), ("contract", ("Yearly", " Monthly ", None))],
    ids=["within twice the range", "the last day", "known words, blanks and gaps"],
)
def test_nothing_is_said_of_what_is_near(column: str, values: tuple[Any, ...]) -> None:
    found = read(changed(column, *values), prepared(train_rows()))
    assert found.unseen == ()


def test_a_gap_is_nothing_new_where_training_had_one() -> None:
    found = read(changed("size", None), prepared(changed("size", *[None] * 20, first=30)))
    assert found.unseen == ()


def test_rows_drawn_beside_the_train_rows_are_not_told_of() -> None:
    frame = train_rows(contract=[f"only {row}" if row % 5 == 0 else "often" for row in range(ROWS)])
    assert prepared(frame).unseen == ()


@pytest.mark.parametrize(("by", "name"), [("column", "part"), ("group", "part"), ("time", "since")])
def test_a_test_split_of_its_own_is_told_of_before_training(by: str, name: str) -> None:
    part = ["train"] * (ROWS - 10) + ["test"] * 10
    contract = ["often", "seldom"] * (ROWS // 2 - 5) + ["new"] * 10
    frame = train_rows(contract=contract, part=part, size=np.arange(ROWS) % 7.0)
    split = {"by": by, "column": name, "validation": 0.0, "test": 1 / 6}
    found = prepared(frame, split=split, ignore=["part"] if by == "time" else [])
    split_rows = found.splits["test"].rows
    said = [one.said() for one in found.unseen]
    if set(split_rows) & set(range(ROWS - 10, ROWS)):
        assert any(note.startswith("contract: ") and "test rows" in note and "'new'" in note for note in said)
        assert set(said) <= set(found.notes)
    else:  # the group that was drawn for the test holds nothing new
        assert said == []


TEXTS = ["the film was good", "the film was bad", "a plain film it was"] * 20


@pytest.mark.parametrize(
    ("texts", "count", "value"),
    [
        (["Der Streifen war schlecht", "the film was good", "schön"], 2, "'Der'"),
        (["the Verfilmung misslang uns", "the film was good"], 1, "'Verfilmung'"),
    ],
    ids=["another language", "the first unknown word within a text"],
)
def test_texts_that_consist_mostly_of_unknown_words(texts: list[str], count: int, value: str) -> None:
    trained = prepared(pl.DataFrame({"text": TEXTS, "y": ["a", "b"] * 30}), types={"text": "text"})
    (one,) = read(pl.DataFrame({"text": texts}), trained).unseen
    assert one.key == "checks.unseen-tokens-mostly"
    assert (one.rows, one.values["value"], one.values["place"]) == (count, value, "row 1")


def test_a_few_unknown_words_in_many_texts_are_told_as_a_share() -> None:
    trained = prepared(pl.DataFrame({"text": TEXTS, "y": ["a", "b"] * 30}), types={"text": "text"})
    (one,) = read(pl.DataFrame({"text": ["the film was lovely", "the film was gloomy"]}), trained).unseen
    assert (one.key, one.rows, one.values["share"], one.values["value"]) == (
        "checks.unseen-tokens",
        2,
        0.25,
        "'lovely'",
    )


def test_of_very_many_columns_those_with_most_rows_are_told_of() -> None:
    names = [f"c{k}" for k in range(15)]
    frame = pl.DataFrame({**{name: ["a", "b"] * 30 for name in names}, "y": ["a", "a", "b", "b"] * 15})
    trained = prepare(DataSpec.model_validate({"target": "y", "types": dict.fromkeys(names, "category")}), frame)
    rows = {name: ["new"] * (k + 1) + ["a"] * (59 - k) for k, name in enumerate(names)}
    found = read(pl.DataFrame(rows), trained).unseen
    assert [one.column for one in found] == names[5:]


def test_of_a_series_new_rows_are_told_of() -> None:
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 4, 9), eager=True)
    frame = pl.DataFrame({"day": days, "sold": np.sin(np.arange(100.0)) + 10})
    spec = DataSpec.model_validate({"series": {"time": "day", "horizon": 2, "context_length": 4}, "target": "sold"})
    schema = prepare(spec, frame).schema
    sold = frame["sold"].to_list()
    sold[-1] = 5_000.0
    found = prepare(spec, frame.with_columns(sold=pl.Series(sold)), schema=schema, labelled=False)
    assert any(note.startswith("sold: 1 of ") and "5000" in note for note in found.notes)
