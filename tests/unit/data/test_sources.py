import re
import subprocess
import sys
from pathlib import Path

import pytest

from leadline.data.sources import read
from leadline.data.table import Table
from leadline.errors import DataError, UsageError
from sentences import says


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_an_existing_path_wins_over_a_bundled_name(tmp_path: Path) -> None:
    for label in ("a", "b"):
        (tmp_path / "digits" / label).mkdir(parents=True)
        (tmp_path / "digits" / label / "1.png").write_bytes(b"x")
    assert len(read("digits").frame) == 2


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("digit", says("sources.source-or-bundled-not-found", name="digit")),
        ("adlt.csv", "'adult.csv'"),
        ("sub/peopl.csv", "'people.csv'"),
        ("nowhere/x.csv", says("sources.source-folder-not-found", folder="nowhere")),
        ("", says("sources.source-or-bundled-not-found-known", name="")),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(tmp_path: Path, source: str, words: str) -> None:
    (tmp_path / "adult.csv").write_text("x\n1\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "people.csv").write_text("x\n1\n")
    with pytest.raises(DataError) as caught:
        read(source)
    assert re.search(words, str(caught.value))


def test_formats_that_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "t.docx").write_bytes(b"x")
    with pytest.raises(DataError, match=says("sources.no-reader", suffix=".docx")):
        read(tmp_path / "t.docx")


@pytest.mark.parametrize("source", [3, None, [1, 2], (1, 2, 3), lambda: 3])
def test_objects_that_are_no_source(source: object) -> None:
    with pytest.raises(UsageError, match=says("sources.no-such-source-type")):
        read(source)


def test_tables_and_callables_of_tables_pass_through() -> None:
    table = read("iris")
    assert read(table) is table
    assert isinstance(read(lambda: table), Table)
    assert read(table, name="flowers").name == "flowers"


def test_reading_a_table_imports_no_pandas_and_no_sklearn(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x\n1\n")
    code = (
        "import sys; from leadline.data.sources import read; read('t.csv'); "
        "print({'pandas', 'sklearn', 'torch'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert out.stdout.strip() == "set()"


def test_a_name_with_a_tilde_that_is_no_user(tmp_path: Path) -> None:
    (tmp_path / "~nobody-of-this-name").mkdir()
    (tmp_path / "~nobody-of-this-name" / "t.csv").write_text("x\n1\n2\n")
    assert read("~nobody-of-this-name/t.csv").frame["x"].to_list() == [1, 2]
