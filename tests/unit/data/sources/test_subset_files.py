"""A folder with a file for each subset is a source."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from leadline.data.sources import read
from leadline.errors import DataError
from sentences import says

ROWS = pl.DataFrame({"x": [1, 2, 3, 4], "y": ["p", "q", "p", "q"]})


def _write(path: Path, rows: pl.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        rows.write_parquet(path)
    elif path.suffix == ".jsonl":
        rows.write_ndjson(path)
    else:
        rows.write_csv(path, separator="\t" if path.suffix == ".tsv" else ",")


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        pytest.param(["train.csv", "test.csv"], ["train", "test"], id="train and test"),
        pytest.param(["train.csv", "val.csv", "test.csv"], ["train", "validation", "test"], id="with validation"),
        pytest.param(["Train.parquet", "dev.parquet"], ["train", "validation"], id="parquet, dev"),
        pytest.param(["adult_train.tsv", "adult-test.tsv"], ["train", "test"], id="named after the dataset"),
        pytest.param(["train.jsonl", "valid.csv"], ["train", "validation"], id="of two formats"),
    ],
)
def test_a_folder_with_a_file_for_each_subset_is_a_source(tmp_path: Path, names: list[str], splits: list[str]) -> None:
    for at, name in enumerate(names):
        _write(tmp_path / "set" / name, ROWS.with_columns(x=pl.col("x") + 10 * at))
    (tmp_path / "set" / "README.md").write_text("about the data")
    table = read(tmp_path / "set")
    assert table.name == "set"
    assert table.split is not None
    assert table.frame[table.split].to_list() == [split for split in splits for _ in range(4)]
    assert table.frame["x"].to_list() == [x + 10 * at for at in range(len(names)) for x in (1, 2, 3, 4)]
    assert table.where(4) == (str(tmp_path / "set" / names[1]), 1)


def test_the_test_file_of_a_competition_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    _write(tmp_path / "train.csv", ROWS)
    _write(tmp_path / "test.csv", ROWS.drop("y"))
    _write(tmp_path / "sample_submission.csv", ROWS.select("y"))
    table = read(tmp_path)
    assert len(table.frame) == 4
    said = says("sources.subset-file-without-column", file="test.csv", column="y", train="train.csv")
    assert any(re.fullmatch(said, note) for note in table.notes)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        pytest.param(["train.csv", "train.tsv", "test.csv"], "sources.several-files-of-subset", id="two train files"),
        pytest.param(["train.csv", "prices.csv"], "sources.folder-holds-tables", id="no other subset"),
        pytest.param(
            ["a_train.csv", "a_test.csv", "b_train.csv", "b_test.csv"], "sources.folder-holds-tables", id="two sets"
        ),
    ],
)
def test_files_that_are_no_subsets_of_one_set_are_refused(tmp_path: Path, names: list[str], said: str) -> None:
    for name in names:
        _write(tmp_path / name, ROWS)
    with pytest.raises(DataError, match=says(said)):
        read(tmp_path)


def test_columns_that_differ_are_refused(tmp_path: Path) -> None:
    _write(tmp_path / "train.csv", ROWS)
    _write(tmp_path / "validation.csv", ROWS.rename({"x": "z"}))
    with pytest.raises(DataError, match=says("sources.subset-columns-differ", subset="validation")):
        read(tmp_path)


def test_lines_of_text_have_subsets_too(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("one\ntwo\n")
    (tmp_path / "valid.txt").write_text("three\n")
    table = read(tmp_path)
    assert table.frame.rows() == [("one", "train"), ("two", "train"), ("three", "validation")]


def test_codes_of_the_test_file_are_read_as_those_of_the_train_file(tmp_path: Path) -> None:
    _write(tmp_path / "train.csv", pl.DataFrame({"zip": ["01234", "98765"], "y": ["p", "q"]}))
    _write(tmp_path / "test.csv", pl.DataFrame({"zip": ["98765", "12345"], "y": ["p", "q"]}))
    assert read(tmp_path).frame["zip"].to_list() == ["01234", "98765", "98765", "12345"]
