"""Runs side by side, and paired differences on the rows that both predicted."""

from __future__ import annotations

import polars as pl
import pytest

import leadline
from leadline.errors import UsageError
from leadline.metrics.statistics import paired
from leadline.run import folder as files
from leadline.verbs.compare import Difference, compare
from sentences import says


def test_a_longer_training_is_compared_on_the_same_rows(train) -> None:
    first, second = train(epochs=1), train(epochs=40)
    compared = compare(first.folder, second.folder)
    assert compared.differences[0] is None
    difference = compared.differences[1]
    assert difference is not None
    one, two = compared.findings["accuracy"]
    assert difference.n == one.n
    assert difference.value == pytest.approx(two.value - one.value)
    assert {"accuracy", "params", "train_seconds"} <= set(compared.findings)


def test_rows_of_one_group_are_no_independent_evidence(train) -> None:
    first, second = (train(epochs=e, split="group:farm", settings={"data.split.test": 0.3}) for e in (1, 40))
    difference = compare(first.folder, second.folder).differences[1]
    assert difference is not None
    assert "group" in difference.method
    tables = [pl.read_parquet(run.folder / files.PREDICTIONS).filter(split="test") for run in (first, second)]
    right = [(t["predicted"] == t["target"]).to_numpy() for t in tables]
    expected = paired.accuracy_difference(right[1], right[0], group_n=tables[0]["group"].to_numpy())
    assert difference.interval == expected.intervals[0]


def test_held_out_predictions_are_kept_in_words(train) -> None:
    table = pl.read_parquet(train().folder / files.PREDICTIONS)
    assert table.columns == ["split", "file", "row", "target", "predicted", "p(ja)", "p(nein)"]
    assert set(table["target"]) == {"ja", "nein"}
    assert set(table["split"]) == {"validation", "test"}


def test_rows_of_different_data_in_memory_are_not_the_same_rows(train) -> None:
    frame = pl.read_csv("blobs.csv")
    first, second = train(frame), train(frame.with_columns(pl.col("length") + 1))
    assert compare(first.folder, second.folder).differences[1] is None
    assert compare(first.folder, train(frame, epochs=3).folder).differences[1] is not None


def test_one_run_is_not_enough(train) -> None:
    with pytest.raises(UsageError, match=says("verbs.compare-needs-two")):
        compare("runs/a")


def test_what_speaks_of_one_class_is_left_out_where_runs_speak_of_two(train) -> None:
    train(out="ja", positive="ja")
    train(out="nein", positive="nein")
    assert "sensitivity" in leadline.compare("ja", "ja").findings
    both = leadline.compare("ja", "nein").findings
    assert "accuracy" in both
    assert not {"sensitivity", "specificity", "ppv", "npv", "average_precision"} & set(both)


@pytest.mark.parametrize(
    ("value", "interval", "share", "said"),
    [
        (0.0, (-0.0229, 0.0229), True, "no difference in accuracy: 0.0 points (95 % CI −2.3 to 2.3, n = 80)"),
        (0.05, (-0.01, 0.11), True, "difference in accuracy 5.0 points (95 % CI −1 to 11, n = 80); it could be zero"),
        (0.05, (0.02, 0.08), True, "accuracy better by 5.0 points (95 % CI 2.0–8.0, n = 80)"),
        (-0.05, (-0.08, -0.02), True, "accuracy worse by 5.0 points (95 % CI 2.0–8.0, n = 80)"),
        (-0.5, (-0.8, -0.2), False, "accuracy worse by 0.50 (95 % CI 0.20–0.80, n = 80)"),
        (0.0, None, False, "no difference in accuracy: 0 (n = 80)"),
    ],
)
def test_a_difference_is_a_line_in_the_unit_that_people_read(
    value: float, interval: tuple[float, float] | None, share: bool, said: str
) -> None:
    assert repr(Difference("accuracy", value, interval, 80, "paired", share)) == said


def test_a_run_does_not_differ_from_itself(train, place) -> None:
    run = train()
    difference = compare(run, run).differences[1]
    assert difference is not None and difference.share
    assert repr(difference).startswith("no difference in accuracy: 0.0 points (95 % CI ")
