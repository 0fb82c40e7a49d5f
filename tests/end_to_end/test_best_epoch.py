"""The weights that ship are those of the epoch with the lowest validation loss, wherever in training it lies."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from leadline.core.report import Report


def overfitted_soon() -> pl.DataFrame:
    data = load_diabetes(as_frame=True, scaled=False).frame
    return pl.DataFrame({name: data[name].to_numpy() for name in data})


def classes() -> pl.DataFrame:
    data = load_breast_cancer(as_frame=True).frame
    return pl.DataFrame({name: data[name].to_numpy() for name in data})


@pytest.mark.parametrize("table", [overfitted_soon, classes])
def test_the_epoch_of_the_lowest_validation_loss_ships(table, cli, place: Path) -> None:
    table().write_csv("table.csv")
    options = ("--set", "baselines=[]", "--deterministic", "--epochs", "40", "--out", "run")
    assert cli("train", "table.csv", "--target", "target", *options) == 0
    epochs = pl.read_parquet("run/history.parquet").filter("epoch_end")
    lowest = epochs.row(int(epochs["val_loss"].arg_min() or 0), named=True)
    found = Report.read(Path("run/report.json")).find("best_epoch")
    assert found.value == pytest.approx(lowest["epoch"], abs=0.01)
    assert len(epochs) > 2
