"""Strict readers of other libraries: where one of them and Leadline both read a file, both read the same values."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from leadline.core.experiment import DataSpec

Columns = Mapping[str, Sequence[Any]]
MISSING = {word.casefold() for word in DataSpec().nulls} | {""}


def of_csv(path: Path, separator: str = ",") -> Columns:
    """Read UTF-8 with a header of different names, and as many cells in each row; raises ValueError otherwise."""
    text = path.read_bytes().decode("utf-8", "strict").removeprefix("\ufeff")
    if "\r" in text or "\0" in text:
        raise ValueError("ends of lines that readers understand differently")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    head, body = rows[0], rows[1:]
    if len(set(head)) < len(head) or any(len(row) != len(head) for row in body):
        raise ValueError("not a rectangle")
    return {name: [row[i] for row in body] for i, name in enumerate(head)}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; raises ValueError where it has a name twice, of which readers take the one or the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def of_jsonl(path: Path) -> Columns:
    return _of_rows(
        [
            json.loads(line, object_pairs_hook=_once)
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.strip()
        ]
    )


def of_json(path: Path) -> Columns:
    return _of_rows(json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once))


def _of_rows(rows: Any) -> Columns:
    json.dumps(rows, ensure_ascii=False).encode()  # half a character is no text
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("not rows")
    return {name: [row.get(name) for row in rows] for name in dict.fromkeys(name for row in rows for name in row)}


def of_xlsx(path: Path) -> Columns:
    book = openpyxl.load_workbook(path, data_only=True)
    if len(book.worksheets) != 1:
        raise ValueError("several sheets")
    head, *body = book.worksheets[0].iter_rows(values_only=True)
    if not all(isinstance(name, str) for name in head) or len(set(head)) < len(head):
        raise ValueError("no header")
    return {str(name): [row[i] for row in body] for i, name in enumerate(head)}


def of_npz(path: Path) -> Columns:
    found = {}
    with zipfile.ZipFile(path) as archive:
        if archive.testzip() is not None:
            raise ValueError("a checksum is wrong")
        for name in archive.namelist():
            with archive.open(name) as member:
                found[name.removesuffix(".npy")] = np.lib.format.read_array(member, allow_pickle=False)
    x = found.pop("x")
    columns = {f"x{i}": x[:, i].tolist() for i in range(x.shape[1])}
    return {**columns, **{name: array.tolist() for name, array in found.items()}}


def of_parquet(path: Path) -> Columns:
    return dict(pq.read_table(io.BytesIO(path.read_bytes()), page_checksum_verification=True).to_pydict())


def of_arrow(path: Path) -> Columns:
    with pa.ipc.open_file(io.BytesIO(path.read_bytes())) as file:
        table = file.read_all()
    table.validate(full=True)
    return dict(table.to_pydict())


SECOND: Mapping[str, Callable[[Path], Columns]] = {
    ".csv": of_csv,
    ".tsv": lambda path: of_csv(path, "\t"),
    ".jsonl": of_jsonl,
    ".json": of_json,
    ".xlsx": of_xlsx,
    ".npz": of_npz,
    ".parquet": of_parquet,
    ".arrow": of_arrow,
}


DROPPING = (".xlsx",)  # formats whose second reader passes over cells of types that it does not know


def difference(table: pl.DataFrame, path: Path) -> str | None:
    """Return where a table differs from what the strict reader of the file's format reads; None where it does not, or
    where that reader does not read the file, or reads other rows or columns than there are (a matter of dialect).
    """
    second = SECOND.get(path.suffix)
    if second is None:
        return None
    try:
        columns = second(path)
    except Exception:  # noqa: BLE001  it does not read the file, in whatever words
        return None
    if set(columns) != set(table.columns) or any(len(values) != table.height for values in columns.values()):
        return None
    for name, theirs in columns.items():
        for row, (mine, other) in enumerate(zip(table[name].to_list(), theirs, strict=True), start=1):
            unread = other is None and path.suffix in DROPPING
            if not unread and not _same(mine, other):
                return f"column {name!r}, row {row}: {mine!r}, and strictly {other!r}"
    return None


def _same(mine: Any, other: Any) -> bool:
    if mine is None or other is None:
        return mine is other or str(other if mine is None else mine).strip().casefold() in MISSING
    if isinstance(mine, float | int) and not isinstance(mine, bool):
        return _number(mine, other)
    return str(mine).strip() == str(other).strip() or _truth(mine) == _truth(other) is not None


def _number(mine: float, other: Any) -> bool:
    try:
        theirs = float(other)
    except ValueError:  # a point or a comma may stand for either, which is judged by all of a column
        return any(float(mine) == _parsed(str(other), mark) for mark in (",", "."))
    except TypeError:
        return False
    if math.isnan(mine) or math.isnan(theirs):
        return math.isnan(mine) and math.isnan(theirs)
    return mine == theirs or math.isclose(mine, theirs, rel_tol=1e-6)  # of single precision


def _parsed(text: str, mark: str) -> float | None:
    """Return the number that a text is with this decimal mark; None where it is none."""
    other = {",": ".", ".": ","}[mark]
    try:
        return float(text.replace(other, "").replace(mark, "."))
    except ValueError:
        return None


def _truth(value: Any) -> bool | None:
    return {"true": True, "false": False}.get(str(value).strip().casefold())
