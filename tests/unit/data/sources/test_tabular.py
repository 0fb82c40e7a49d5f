from pathlib import Path

import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.data.sources import read
from leadline.errors import DataError
from sentences import says

FRAME = pl.DataFrame({"x": [1, 2, None], "c": pl.Series(["a", "b", "a"], dtype=pl.Categorical), "t": ["p", None, " ?"]})


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "feather", "stream.arrow"])
def test_columnar_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"some.data.{suffix}"
    if suffix == "parquet":
        FRAME.write_parquet(path)
    elif suffix.startswith("stream"):
        FRAME.write_ipc_stream(path)
    else:
        FRAME.write_ipc(path)
    table = read(path)
    assert table.frame["c"].dtype == pl.String
    assert table.frame.rows() == [(1, "a", "p"), (2, "b", None), (None, "a", None)]
    assert table.kinds == {"c": "category"}
    assert say("sources.words-read-as-missing", column="t", words="'?'", cells=1) in table.notes
    assert table.base == tmp_path
    assert table.where(1) == (str(path), 2)


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
@pytest.mark.parametrize("content", [b"", b"rubbish that is no table at all"])
def test_damaged_columnar_files(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"t.{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataError, match=says("sources.unreadable-as")):
        read(path)


def test_a_split_column_is_found_and_said(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,Split\n1,train\n2,VAL\n3,Test\n")
    table = read(path)
    assert table.split == "Split"
    assert any("Split" in note for note in table.notes)


def test_a_split_column_of_other_values_is_a_column(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,split\n1,train\n2,banana\n")
    assert read(path).split is None


def test_the_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    one, two, other = (tmp_path / f"{name}.csv" for name in ("one", "two", "other"))
    one.write_text("x\n1\n2\n")
    two.write_text("x\n1\n2\n")
    other.write_text("x\n1\n3\n")
    assert read(one).fingerprint == read(two).fingerprint != read(other).fingerprint


def test_pictures_that_a_table_names_are_part_of_the_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"one")
    path = tmp_path / "t.csv"
    path.write_text("photo,y\na.png,1\n")
    before = read(path).fingerprint
    (tmp_path / "a.png").write_bytes(b"another")
    assert read(path).fingerprint != before


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "csv"])
def test_brackets_in_a_name_are_no_pattern(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t[1].{suffix}"
    {"parquet": FRAME.write_parquet, "arrow": FRAME.write_ipc, "csv": FRAME.write_csv}[suffix](path)
    assert read(path).frame["x"].to_list() == [1, 2, None]
