"""Plain text files, a text a line."""

import gzip
from pathlib import Path

import polars as pl
import polars.testing
import pytest

from leadline.data.sources import memory_mapped, read, text_lines
from leadline.errors import DataError
from sentences import says


def test_a_line_is_a_row(tmp_path: Path) -> None:
    file = tmp_path / "songs.txt"
    file.write_bytes('one two\r\n\n  three, "four" \u2028five\n\tsix'.encode())
    table = read(str(file))
    assert table.frame["text"].to_list() == ["one two", None, 'three, "four" \u2028five', "six"]
    assert (table.name, table.kinds, table.target) == ("songs", {"text": "text"}, None)
    assert table.where(2) == (str(file), 3)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings(tmp_path: Path, codec: str) -> None:
    file = tmp_path / "songs.txt"
    file.write_bytes("Ein Stück für Übermütige\nein anderes\n".encode(codec))
    assert read(str(file)).frame["text"].to_list() == ["Ein Stück für Übermütige", "ein anderes"]


def test_an_encoding_that_shows_late(tmp_path: Path) -> None:
    file = tmp_path / "songs.txt"
    file.write_bytes(b"all of this is plain\n" * 20_000 + "für Übermütige\n".encode("cp1252"))
    table = read(str(file))
    assert table.frame["text"][-1] == "für Übermütige"
    assert "not UTF-8" in table.notes[0]


def test_compressed_files(tmp_path: Path) -> None:
    file = tmp_path / "songs.txt.gz"
    file.write_bytes(gzip.compress(b"one\ntwo\n"))
    table = read(str(file))
    assert (table.name, table.frame["text"].to_list()) == ("songs", ["one", "two"])


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_nothing_in_it(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "songs.txt"
    file.write_bytes(content)
    with pytest.raises(DataError, match=says("sources.empty-file")):
        read(str(file))


def test_no_text(tmp_path: Path) -> None:
    file = tmp_path / "songs.txt"
    file.write_bytes(b"ab\0\0\0\1\2" * 9)
    with pytest.raises(DataError, match=says("sources.nul-bytes")):
        read(str(file))


def test_large_files_are_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    file = tmp_path / "songs.txt"
    file.write_text("\n".join(f"line {i}" if i % 7 else "" for i in range(1_000)), encoding="utf-8")
    whole = read(str(file))
    told = []
    monkeypatch.setattr(memory_mapped, "LARGE", 1)
    monkeypatch.setattr(text_lines, "_PIECE", 64)
    mapped = text_lines.read(file, progress=lambda *said: told.append(said))
    pl.testing.assert_frame_equal(mapped.frame, whole.frame)
    assert mapped.fingerprint == whole.fingerprint
    assert told
