from pathlib import Path

import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.data.sources import read
from leadline.errors import DataError
from sentences import says


def test_a_second_file_is_the_test(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,p\n2,q\n")
    (tmp_path / "b.csv").write_text("y,x\np,3.5\n")
    table = read(tmp_path / "a.csv", test=tmp_path / "b.csv", name="both")
    assert table.frame.rows() == [(1.0, "p", "train"), (2.0, "q", "train"), (3.5, "p", "test")]
    assert (table.name, table.split) == ("both", "split")
    assert table.where(1) == (str(tmp_path / "a.csv"), 2)
    assert table.where(2) == (str(tmp_path / "b.csv"), 1)
    assert table.fingerprint not in (read(tmp_path / "a.csv").fingerprint, read(tmp_path / "b.csv").fingerprint)


def test_columns_must_be_the_same() -> None:
    with pytest.raises(DataError, match=says("sources.subset-columns-differ")):
        read(pl.DataFrame({"x": [1], "y": [2]}), test=pl.DataFrame({"x": [1], "z": [2]}))


def test_the_first_keeps_its_own_validation_and_loses_its_own_test_rows() -> None:
    first = pl.DataFrame({"x": [1, 2, 3], "split": ["train", "val", "test"]})
    table = read(first, test=pl.DataFrame({"x": [9]}))
    assert table.frame.rows() == [(1, "train"), (2, "val"), (9, "test")]
    assert say("sources.own-subset-dropped", source="frame", rows=1, subset="test") in table.notes
    assert [table.where(row)[1] for row in range(3)] == [1, 2, 1]


def test_of_a_second_with_a_split_only_the_test_rows_are_taken() -> None:
    second = pl.DataFrame({"x": [7, 8], "split": ["train", "test"]})
    assert read(pl.DataFrame({"x": [1]}), test=second).frame.rows() == [(1, "train"), (8, "test")]
    all_train = second.with_columns(split=pl.lit("train"))
    assert len(read(pl.DataFrame({"x": [1]}), test=all_train).frame) == 3


def test_text_and_numbers_meet_as_text_and_pictures_of_other_sizes_do_not() -> None:
    table = read(pl.DataFrame({"x": ["1", "a"]}), test=pl.DataFrame({"x": [2]}))
    assert table.frame["x"].to_list() == ["1", "a", "2"]
    numbers = read(pl.DataFrame({"x": [1]}), test=pl.DataFrame({"x": ["b"]}))
    assert numbers.frame["x"].to_list() == [1.0, None]
    why = say("sources.not-a-number", value="b", expected="1234.5")
    assert numbers.unreadable.rows() == [(1, "x", why)]
    small, large = (pl.DataFrame({"x": pl.Series([[0] * n], dtype=pl.Array(pl.UInt8, n))}) for n in (2, 3))
    with pytest.raises(DataError, match=says("sources.subset-types-differ")):
        read(small, test=large)


def test_a_first_of_only_test_rows() -> None:
    with pytest.raises(DataError, match=says("sources.only-rows-of-subset")):
        read(pl.DataFrame({"x": [1], "split": ["test"]}), test=pl.DataFrame({"x": [1]}))


def test_pictures_of_a_second_folder_are_found(tmp_path: Path) -> None:
    for name in ("a/cat/1.png", "a/dog/2.png", "b/cat/1.png", "b/dog/3.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    table = read(tmp_path / "a", test=tmp_path / "b")
    assert table.base is not None
    assert [(table.base / path).read_text() for path in table.frame["image"]] == [
        "a/cat/1.png",
        "a/dog/2.png",
        "b/cat/1.png",
        "b/dog/3.png",
    ]
    assert table.target == "label"
    assert table.where(3) == ("dog/3.png", 2)


def test_validation_rows_come_from_a_source_of_their_own_beside_the_test() -> None:
    first = pl.DataFrame({"x": [1, 2, 3], "split": ["train", "val", "test"]})
    table = read(first, validation=pl.DataFrame({"x": [8]}), test=pl.DataFrame({"x": [9]}))
    assert table.frame.rows() == [(1, "train"), (8, "validation"), (9, "test")]
    assert say("sources.own-subset-dropped", source="frame", rows=1, subset="validation") in table.notes
    assert say("sources.subset-from", subset="Validation", rows=1, source="frame") in table.notes


def test_a_source_of_validation_rows_alone_leaves_the_test_to_be_drawn() -> None:
    table = read(pl.DataFrame({"x": [1, 2]}), validation=pl.DataFrame({"x": [8]}))
    assert table.frame.rows() == [(1, "train"), (2, "train"), (8, "validation")]
