"""What is said before training: every column by kind, what the split takes, where unusable rows are listed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from leadline.core.catalogue import say
from leadline.core.experiment import Experiment
from leadline.data.dataset import prepare
from leadline.pipeline.data_summary import describe_data, few_tested, provable
from leadline.pipeline.progress import Lines
from sentences import says


@pytest.fixture
def said():
    """Return what is told about the data of an experiment."""

    def said(**data: object) -> list[str]:
        experiment = Experiment.model_validate({"data": data})
        lines: list[str] = []
        describe_data(prepare(experiment.data, seed=0), experiment, Lines(lines.append))
        return lines

    return said


def test_every_column_is_told_by_kind(said) -> None:
    rng = np.random.default_rng(0)
    numbers = {f"x{i}": rng.normal(size=60) for i in range(14)}
    pl.DataFrame({**numbers, "town": ["Bath", "York"] * 30, "kind": ["a", "b", "c"] * 20}).write_csv("wide.csv")
    lines = said(source="wide.csv", target="kind")
    assert f"Input table: 14 numbers ({', '.join(numbers)}); 1 category (town)" in lines
    assert "Target kind: 3 classes (a, b, c)" in lines


def test_a_column_that_the_split_takes_is_told(said) -> None:
    left_out = say("pipeline.split-column-not-input", column="farm")
    data = {"source": "blobs.csv", "target": "kind", "split": "group:farm"}
    assert left_out in said(**data)
    assert left_out not in said(**data, columns=["length", "farm"])


def test_rows_dropped_are_told_once_with_the_place_of_the_list(said, place: Path) -> None:
    for kind in ("cat", "dog"):
        (place / "photos" / kind).mkdir(parents=True)
        for i in range(12):
            Image.new("RGB", (4, 4), (i, 9, 9)).save(place / "photos" / kind / f"{i}.png")
    (place / "photos" / "cat" / "broken.png").write_text("no picture")
    lines = said(source="photos")
    (aside,) = [line for line in lines if "dropped, listed" in line]
    assert aside.startswith("1 row dropped, listed in invalid_rows.parquet of the run folder: cat/broken.png: ")
    assert "Input image: 4×4×3 image" in lines


def test_a_series_is_told_by_its_windows(said) -> None:
    frame = pl.DataFrame({"day": pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 3, 31), eager=True)})
    waves = {name: np.sin(np.arange(91) / k) for k, name in enumerate(("sold", "wind", "promo"), start=2)}
    frame.with_columns(**waves).write_csv("days.csv")
    lines = said(
        source="days.csv",
        target="sold",
        series={"horizon": 3, "context_length": 7, "known_covariates": ["promo"], "calendar": True},
    )
    assert lines[:3] == [
        "days: 78 windows: 64 train, 7 validation, 7 test (by time 'day')",
        "Input series: the last 7 steps of 1d, with wind, promo; known ahead: promo, the calendar",
        "Target sold: the next 3 steps of 1 variable",
    ]


def test_columns_that_a_forecasting_network_overlooks_are_named() -> None:
    day = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 6, 30), eager=True)
    rng = np.random.default_rng(0)
    pl.DataFrame({"day": day, "load": rng.normal(size=len(day)), "promo": rng.normal(size=len(day))}).write_csv(
        "load.csv"
    )
    data = {"source": "load.csv", "target": "load", "series": {"horizon": 3, "known_covariates": ["promo"]}}
    for network, overlooks in (("nlinear", True), ("tcn", False)):
        experiment = Experiment.model_validate({"data": data, "network": {"encoders": {"series": network}}})
        dataset = prepare(experiment.data, seed=0)
        assert [one.name for one in dataset.schema.inputs] == ["series"]
        lines: list[str] = []
        describe_data(dataset, experiment, Lines(lines.append))
        assert any("ignores promo" in line for line in lines) == overlooks


def test_what_the_test_rows_can_prove() -> None:
    told = provable(Experiment.model_validate({"require": ["accuracy >= 0.9", "size_mb <= 2"]}), 180)
    assert told == ["With 180 test rows, accuracy >= 0.9 needs 172 correct predictions to pass."]
    assert "cannot pass" in provable(Experiment.model_validate({"require": ["accuracy >= 0.99"]}), 20)[0]


@pytest.mark.parametrize(
    ("rows", "given", "pointed"),
    [
        pytest.param(300, {}, True, id="30 test rows"),
        pytest.param(1200, {}, False, id="120 test rows"),
        pytest.param(300, {"folds": 5, "fold": 1}, False, id="a fold of a cross-validation"),
    ],
)
def test_a_cross_validation_is_pointed_to_where_few_rows_are_tested(rows, given, pointed) -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"x": rng.normal(size=rows), "z": rng.normal(size=rows), "y": rng.choice(["a", "b"], rows)})
    experiment = Experiment.parse({"data": {"target": "y", "split": given}} if given else {"data": {"target": "y"}})
    dataset = prepare(experiment.data, frame, seed=0)
    lines = list(few_tested(dataset, experiment))
    assert bool(lines) == pointed
    said = says("pipeline.few-test-rows", rows=30, total=300)
    assert all(re.fullmatch(said, line) for line in lines)


def test_copies_are_no_rows_of_their_own_for_what_can_be_proven(said, place: Path) -> None:
    rng = np.random.default_rng(0)
    once = pl.DataFrame({"x": rng.normal(size=120), "z": rng.normal(size=120), "y": rng.choice(["a", "b"], 120)})
    pl.concat([once] * 5).write_csv("five.csv")
    lines = said(source="five.csv", target="y")
    (line,) = [line for line in lines if "leadline crossval" in line]
    units = int(re.search(r"only (\d+) distinct rows", line).group(1))  # type: ignore[union-attr]
    assert re.fullmatch(
        says("pipeline.few-test-groups", units=f"{units} distinct rows", margin=98 / units**0.5, total=600), line
    )
    assert not any(re.search(says("pipeline.few-test-rows"), line) for line in lines)
