"""What the report shows beside the findings."""

from __future__ import annotations

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.dataset import prepare
from leadline.evaluation.exhibits import about_data, learning_curves


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
    assert panels["Loss"] == {"train": [2.5, 6.5, 10.5], "validation": [2.0, 4.0, 6.0]}
    assert panels["Mae"] == {"validation": [None, None, None]}
    assert panels["Learning rate"] == {say("exhibits.learning-rate"): [0.1, 0.1, 0.1]}


def test_without_validation_only_the_loss_is_drawn() -> None:
    content = learning_curves(history(2, 2).drop("val_loss", "val_mae"), mark=None).content
    assert "mark" not in content
    assert [s["name"] for s in content["panels"][0]["series"]] == ["train"]


def test_players_have_a_line_each_and_parts_a_panel() -> None:
    parts = {"critic.loss": pl.Series([-1.0, -3.0, 1.0, 1.0]), "maker.loss": 2.0, "critic.discriminator_roc_auc": 0.75}
    played = history(2, 2).with_columns(**{name: pl.lit(v) if isinstance(v, float) else v for name, v in parts.items()})
    content = learning_curves(played.with_columns(val_discriminator_roc_auc=pl.col("val_loss")), mark=None).content
    panels = {panel["label"]: panel for panel in content["panels"]}
    assert [(s["name"], s["values"]) for s in panels["Loss"]["series"]] == [
        ("critic", [-2.0, 1.0]),
        ("maker", [2.0, 2.0]),
    ]
    assert panels["Loss"]["log"] is False  # a loss below zero has no place on it
    assert [s["name"] for s in panels["Discriminator_roc_auc"]["series"]] == ["train", "validation"]
    assert len(content["panels"]) == len(panels)  # not a second time by itself


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
