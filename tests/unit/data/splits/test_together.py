"""Files of one speaker or patient, by their names, are kept in one subset; what a given split tears apart is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec, Experiment
from leadline.data.dataset import Dataset, prepare
from sentences import says

SPEAKERS, TAKES = 24, 6


@pytest.fixture
def pictures(tmp_path: Path) -> pl.DataFrame:
    """Return a table of pictures, several of each speaker, of two classes."""
    rng, rows = np.random.default_rng(0), []
    for speaker in range(SPEAKERS):
        for take in range(TAKES):
            name, word = f"{0x4C6167CA + 7919 * speaker:08x}_nohash_{take}.png", ("yes", "no")[take % 2]
            Image.fromarray(rng.integers(0, 255, (12, 12), dtype=np.uint8)).save(tmp_path / name)
            rows.append({"file": str(tmp_path / name), "word": word, "speaker": speaker})
    return pl.DataFrame(rows)


def prepared(frame: pl.DataFrame, **split: Any) -> Dataset:
    spec = DataSpec.model_validate({"target": "word", "ignore": ["speaker"], "split": split})
    return prepare(spec, frame, seed=0)


def speakers(frame: pl.DataFrame, data: Dataset) -> dict[str, set[int]]:
    return {name: set(frame["speaker"][part.rows].to_list()) for name, part in data.splits.items()}


def test_no_source_is_in_two_subsets_and_intervals_count_sources(pictures: pl.DataFrame) -> None:
    data = prepared(pictures)
    found = speakers(pictures, data)
    assert not found["train"] & found["test"] and not found["train"] & found["validation"]
    assert not found["test"] & found["validation"]
    for name, part in data.splits.items():
        assert part.group is not None and len(np.unique(part.group)) == len(found[name])
        assert part.target is not None and set(part.target) == {0, 1}
    said = "\n".join(data.notes)
    assert say("splits.file-groups-together", column="file", count=SPEAKERS, example="4c6167ca") in said
    assert say("splits.by-file-groups", column="file") in data.split_by


def test_it_can_be_switched_off_and_runs_of_before_are_split_as_they_were(pictures: pl.DataFrame) -> None:
    data = prepared(pictures, file_groups="ignore")
    found = speakers(pictures, data)
    assert found["train"] & found["test"] and data.splits["test"].group is None
    assert "nohash" not in "".join(data.notes)
    before = Experiment.recorded({"data": {"target": "word", "split": {"by": "random", "seed": 3}}})
    assert before.data.split.file_groups == "ignore"
    assert before.hash == before.model_copy(update={}).hash


def test_validation_carved_from_given_train_rows_keeps_sources_and_torn_ones_are_named(pictures: pl.DataFrame) -> None:
    torn = pictures.with_columns(
        split=pl.when((pl.col("speaker") < 4) & (pl.int_range(pl.len()) % TAKES > 2))
        .then(pl.lit("test"))
        .otherwise(pl.lit("train"))
    )
    data = prepared(torn, by="column", column="split")
    found = speakers(torn, data)
    assert not found["train"] & found["validation"], "what is drawn is drawn by source"
    said = "\n".join(data.notes)
    count = len(found["train"] & found["test"])
    assert count and say("splits.file-groups-torn", column="file", count=count, subset="test") in said
    whole = pictures.with_columns(split=pl.when(pl.col("speaker") < 6).then(pl.lit("test")).otherwise(pl.lit("train")))
    said = "\n".join(prepared(whole, by="column", column="split").notes)
    assert not re.search(says("splits.file-groups-torn"), said)


@pytest.mark.parametrize("fold", [1, 2])
def test_folds_keep_sources_whole(pictures: pl.DataFrame, fold: int) -> None:
    found = speakers(pictures, prepared(pictures, folds=3, fold=fold))
    assert not found["train"] & found["test"] and not found["train"] & found["validation"]
    assert len(found["test"]) == SPEAKERS / 3


def test_a_run_and_its_evaluation_split_alike_and_new_rows_count_by_source(pictures: pl.DataFrame) -> None:
    data = prepared(pictures)
    spec = DataSpec.model_validate({"target": "word", "ignore": ["speaker"]})
    again = prepare(spec, pictures, seed=0, schema=data.schema, resplit=True)
    assert {name: part.rows.tolist() for name, part in again.splits.items()} == {
        name: part.rows.tolist() for name, part in data.splits.items()
    }
    other = prepare(spec, pictures, seed=0, schema=data.schema)
    group = other.splits["all"].group
    assert group is not None and len(np.unique(group)) == SPEAKERS
