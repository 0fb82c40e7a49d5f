"""What the report shows beside the findings."""

from __future__ import annotations

import numpy as np
import polars as pl

from leadline.data.dataset import prepare
from leadline.facts.experiment import DataSpec
from leadline.measuring.exhibits import about_data, examples, learning_curves, mistakes


def history(epochs: int, ticks: int) -> pl.DataFrame:
    rows = []
    for step in range(1, epochs * ticks + 1):
        end = step % ticks == 0
        row = {"step": step, "epoch": step / ticks, "epoch_end": end, "loss": float(step), "lr": 0.1}
        rows.append({**row, "val_loss": step / 2 if end else None, "val_mae": float("nan") if end else None})
    return pl.DataFrame(rows, infer_schema_length=None)


def test_curves_are_means_of_epochs_beside_validation() -> None:
    content = learning_curves(history(3, 4), mark=2).content
    assert content["x"]["values"] == [1.0, 2.0, 3.0]
    assert content["mark"]["x"] == 2
    panels = {panel["label"]: {s["name"]: s["values"] for s in panel["series"]} for panel in content["panels"]}
    assert panels["loss"] == {"train": [2.5, 6.5, 10.5], "validation": [2.0, 4.0, 6.0]}
    assert panels["mae"] == {"validation": [None, None, None]}
    assert panels["learning rate"] == {"learning rate": [0.1, 0.1, 0.1]}


def test_without_validation_only_the_loss_is_drawn() -> None:
    content = learning_curves(history(2, 2).drop("val_loss", "val_mae"), mark=None).content
    assert "mark" not in content
    assert [s["name"] for s in content["panels"][0]["series"]] == ["train"]


def dataset(values: pl.DataFrame, **spec):
    return prepare(DataSpec.model_validate({"target": "y", **spec}), values)


def numbers(n: int = 40) -> pl.DataFrame:
    return pl.DataFrame({"x": np.arange(n) % (n - 4), "y": np.arange(n) * 2.0}).cast({"x": pl.Float64})


def test_duplicates_across_splits_are_shown_with_both_places() -> None:
    split = ["train"] * 30 + ["validation"] * 5 + ["test"] * 5
    found = dataset(numbers().with_columns(part=pl.Series(split)), split={"column": "part"})
    draft = next(d for d in about_data(found) if d.name == "duplicates")
    assert draft.content["columns"][0] == "split"
    for first, where, second, other in draft.content["rows"]:
        assert (first, second) == ("train", "test")
        a, b = (int(text.rpartition(" ")[2]) for text in (where, other))
        assert b - a == 36
    assert len(draft.content["rows"]) == 4


def test_the_largest_errors_come_first_with_their_rows() -> None:
    found = dataset(numbers())
    part = found.parts["test"]
    error = np.arange(len(part), dtype=np.float64)
    draft = mistakes(found, part, {"prediction": part.target + error})
    assert draft is not None
    said = [row[0] for row in draft.content["rows"]]
    assert len(said) == len(part)
    assert said[0].startswith(f"{part.target[-1]:.5g}, predicted")
    assert draft.content["rows"][0][1] == part.place(len(part) - 1)


def test_a_classifier_that_is_always_right_has_no_mistakes() -> None:
    rows = numbers().with_columns(y=pl.when(pl.int_range(40) % 2 == 0).then(pl.lit("a")).otherwise(pl.lit("b")))
    found = dataset(rows)
    part = found.parts["test"]
    sure = np.eye(2, dtype=np.float32)[part.target]
    assert mistakes(found, part, {"prediction": part.target, "probability": sure}) is None
    draft = mistakes(found, part, {"prediction": 1 - part.target, "probability": sure[:, ::-1]})
    assert draft is not None
    assert "100.0% sure" in draft.content["rows"][0][0]


def test_examples_of_a_table_are_rows() -> None:
    (draft,) = examples(dataset(numbers()), seed=0)
    assert draft.kind == "table"
    assert "x" in draft.content["columns"]
