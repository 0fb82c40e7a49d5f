"""Files that parsers fail on end in one sentence that names the file; faults of our own stay faults."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import polars as pl
import pytest

from leadline.data import sources
from leadline.data.sources import read
from leadline.data.sources.boundary import PANIC, check_in_child, panics_unsaid, parsing
from leadline.errors import DataError
from sentences import says


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _npz() -> bytes:
    written = io.BytesIO()
    np.savez(written, x=np.arange(40.0).reshape(20, 2), y=np.arange(20) % 2)
    return written.getvalue()


def _header(text: str) -> bytes:
    """Return an NPZ whose one array has a header of this text."""
    length = len(text) + 1
    array = b"\x93NUMPY\x01\x00" + length.to_bytes(2, "little") + text.encode() + b"\n" + bytes(160)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("x.npy", array)
    return written.getvalue()


def _xlsx() -> bytes:
    book, written = openpyxl.Workbook(), io.BytesIO()
    for row in [("a", "y"), *((i, "uv"[i % 2]) for i in range(20))]:
        book.active.append(row)
    book.save(written)
    return written.getvalue()


def _arrow() -> bytes:
    written = io.BytesIO()
    pl.DataFrame({"a": range(40), "y": ["u", "v"] * 20}).write_ipc(written)
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("deep.json", lambda: b'[{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}]", "sources.cannot-parse"),
        ("huge.jsonl", lambda: b'{"a": 1, "y": 2}\n{"a": ' + b"7" * 5_000 + b', "y": 2}\n', "sources.cannot-parse"),
        ("sep.csv", "sep=é\na,y\n0,u\n1,v\n".encode, "sources.cannot-parse"),
        ("cr.csv", lambda: b"a,note,y\n" + b"0,ok,u\n" * 30 + b"1,o\rk,v\n" * 30, "sources.cannot-parse"),
        (
            "header.npz",
            lambda: _header("{'descr': '<f8', 'fortran_order': False, 'shape': (20,"),
            "sources.cannot-parse",
        ),
        ("bit.npz", lambda: _flipped(_npz(), 150), "sources.zip-member-damaged"),
    ],
)
def test_what_a_parser_raises_names_the_file(
    tmp_path: Path, name: str, data: Callable[[], bytes], sentence: str
) -> None:
    (tmp_path / name).write_bytes(data())
    with pytest.raises(DataError, match=says(sentence, path=tmp_path / name)):
        sources.read(tmp_path / name)


@pytest.mark.parametrize("seed", range(20))
def test_one_flipped_bit_in_a_sheet_is_never_read_as_other_values(tmp_path: Path, seed: int) -> None:
    whole = _xlsx()
    file = tmp_path / "sheet.xlsx"
    file.write_bytes(whole)
    honest = sources.read(file).frame
    file.write_bytes(_flipped(whole, int(np.random.default_rng(seed).integers(len(whole)))))
    try:
        assert sources.read(file).frame.equals(honest)  # the bit says nothing of values
    except DataError as error:
        assert str(file) in str(error)


@pytest.mark.parametrize("seed", range(20))
def test_flipped_bytes_in_an_arrow_file_end_in_a_sentence(tmp_path: Path, seed: int) -> None:
    rng, data = np.random.default_rng(seed), bytearray(_arrow())
    for at in rng.integers(8, len(data), 8):
        data[at] = rng.integers(256)
    file = tmp_path / "rows.arrow"
    file.write_bytes(data)
    try:
        assert sources.read(file).frame.height > 0
    except DataError as error:
        assert "\n" not in str(error) and str(file) in str(error)


def test_panics_are_errors_of_the_file_and_print_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match=says("sources.cannot-parse")), parsing(tmp_path / "x"), panics_unsaid():
        os.write(2, b"thread '<unnamed>' panicked")
        raise PANIC("boom")
    with panics_unsaid():
        os.write(2, b"a warning")
    assert capfd.readouterr().err == "a warning"


def test_faults_of_our_own_and_full_disks_stay_what_they_are(tmp_path: Path) -> None:
    def ours() -> None:
        raise IndexError("ours")

    code = compile("def ours():\n    raise IndexError('ours')\n", str(Path(sources.__file__)), "exec")
    held: dict[str, Callable[[], None]] = {}
    exec(code, held)
    with pytest.raises(IndexError), parsing(tmp_path / "x"):
        held["ours"]()
    with pytest.raises(DataError), parsing(tmp_path / "x"):
        ours()  # of code that is not ours
    with pytest.raises(OSError, match="No space"), parsing(tmp_path / "x"):
        raise OSError(28, "No space left on device")


def _of_sizes_it_has_not(tmp_path: Path) -> Path:
    """Return an Arrow file whose metadata says that a column takes exabytes."""
    file = tmp_path / "huge.arrow"
    pl.DataFrame({"a": ["some text", "more"] * 50}).write_ipc(file)
    content, length = bytearray(file.read_bytes()), (100 * 16).to_bytes(8, "little")
    at = content.find(length)
    assert at > 0
    content[at : at + 8] = (1 << 47).to_bytes(8, "little")
    file.write_bytes(content)
    return file


def test_an_arrow_file_of_impossible_sizes_does_not_end_the_process(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(DataError, match=r"huge\.arrow"):
        read(_of_sizes_it_has_not(tmp_path))


def test_what_ends_a_process_is_seen_from_outside(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says("sources.cannot-parse", path=tmp_path)):
        check_in_child(tmp_path, "os", "kill(os.getpid(),9) or str")
    check_in_child(tmp_path, "os", "nothing")  # an exception, which this process can hear


def _rezipped(path: Path, member: str, change: Callable[[bytes], bytes]) -> Path:
    """Change one member of a ZIP archive, whose checksums are right again."""
    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, data in content.items():
            new.writestr(name, change(data) if name == member else data)
    return path


def test_an_array_that_claims_more_values_than_there_are_is_named(tmp_path: Path) -> None:
    path = tmp_path / "huge.npz"
    path.write_bytes(_npz())
    assert read(path).frame.height == 20
    _rezipped(path, "x.npy", lambda data: data.replace(b"(20, 2), }         ", b"(2000000000, 2), } "))
    with pytest.raises(DataError, match=says("sources.array-larger-than-file", path=path, name="x.npy")):
        read(path)


@pytest.mark.parametrize("place", ["XFD1048576", "xfd1048576", "E999999999999999", "ABCD7"])
def test_cells_that_lie_far_apart_are_named(tmp_path: Path, place: str) -> None:
    book, path = openpyxl.Workbook(), tmp_path / "far.xlsx"
    for row in (["a", "b"], [1, 2], [3, 4]):
        book.active.append(row)
    book.save(path)
    assert read(path).frame.height == 2
    _rezipped(path, "xl/worksheets/sheet1.xml", lambda data: data.replace(b'r="B3"', f'r="{place}"'.encode()))
    with pytest.raises(DataError, match=says("sources.cells-far-apart", path=path, at=place.upper(), cells=6)):
        read(path)
