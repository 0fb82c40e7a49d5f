"""JSON: an object for each row, one a line (JSONL, NDJSON) or all of them in one array.

Objects within objects become columns named with a dot, lists stay lists, what a row lacks is missing.
"""

from __future__ import annotations

import glob
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from leadline.core.catalogue import say
from leadline.core.wording import quoted
from leadline.data.sources import encodings, fingerprints, memory_mapped
from leadline.data.sources.encodings import Encoding
from leadline.data.sources.frames import check_width, tidy
from leadline.data.table import Progress
from leadline.errors import DataError, first_line

Notes = tuple[str, ...]
_GROWS = 8  # times that a compressed file grows, about
_SAMPLE = 1 << 18  # bytes that the encoding is judged by
_CALLED = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}


def read_lines(path: Path, encoding: str | None = None, progress: Progress | None = None) -> tuple[pl.DataFrame, Notes]:
    """Return a file with a JSON object a line as a frame; raises DataError naming the line that is none, or does not
    fit.
    """
    found = _encoding(path, encoding)
    compressed = encodings.is_compressed(path)
    is_large = memory_mapped.is_large(path, _GROWS if compressed else 1)
    if is_large and memory_mapped.can_map() and not compressed and found.codec == encodings.UTF_8:
        return _mapped(path, found, progress), ()
    content = "".join(encodings.texts(path, found)).removeprefix("\ufeff")
    if not content.strip():
        raise DataError(say("sources.empty-file", path=path))
    notes = (*found.note(path), *((memory_mapped.advice(path),) if is_large and not memory_mapped.can_map() else ()))
    return _frame(content.encode(), path, found), notes


def read_array(path: Path, encoding: str | None = None, progress: Progress | None = None) -> tuple[pl.DataFrame, Notes]:
    """Return a file that holds one JSON array of objects as a frame, or one with an object a line, whatever it is
    called.
    """
    found = _encoding(path, encoding)
    text = "".join(encodings.texts(path, found)).removeprefix("\ufeff")
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip().startswith("{"):
            return read_lines(path, encoding, progress)
        raise DataError(
            say("sources.not-json", path=path, line=error.lineno, error=error.msg, character=error.colno)
        ) from None
    if not isinstance(value, list):
        keys = quoted(value) if isinstance(value, dict) else ""
        found_there = say("sources.json-object", keys=keys) if keys else _called(value)
        raise DataError(say("sources.json-not-rows", path=path, found=found_there))
    for number, row in enumerate(value, start=1):
        if not isinstance(row, dict):
            raise DataError(say("sources.json-item-not-object", path=path, number=number, found=_called(row)))
    if not value:
        raise DataError(say("sources.no-rows", where=path))
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in value)
    return _frame(lines.encode(errors="replace"), path, found, array=value), found.note(path)


def _encoding(path: Path, named: str | None) -> Encoding:
    if named:
        return encodings.named(named)
    return encodings.of_sample(next(encodings.blocks(path), b"")[:_SAMPLE], path)


def _frame(content: bytes, path: Path, encoding: Encoding, array: list[dict[str, Any]] | None = None) -> pl.DataFrame:
    try:
        frame = pl.read_ndjson(content, infer_schema_length=None)
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise _why(path, encoding, error, array) from None
    return _flat(frame, path)


def _mapped(path: Path, encoding: Encoding, progress: Progress | None) -> pl.DataFrame:
    total = path.stat().st_size // 10**6

    def build(folder: Path) -> None:
        try:
            lazy = pl.scan_ndjson(glob.escape(str(path)), infer_schema_length=None)
            step = memory_mapped.rows_of(len(lazy.collect_schema()))
            with memory_mapped.Writer(folder / "0.arrow", step) as writer:
                done = 0.0
                for piece in lazy.collect_batches(chunk_size=step, maintain_order=True):
                    writer.write(_flat(piece, path))
                    done += piece.estimated_size() / 10**6
                    if progress:
                        progress(say("stages.reading", file=path.name), min(int(done), total - 1), total)
        except pl.exceptions.PolarsError as error:
            raise _why(path, encoding, error) from None

    return memory_mapped.mapped([fingerprints.of_file(path, progress), "json"], build).frame


def _flat(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Return a frame with the parts of objects as columns of their own."""
    while structs := [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Struct)]:
        frame = frame.drop(name for name in structs if not frame[name].struct.fields)
        parts = [[column] if column.name not in structs else _parts(column) for column in frame]
        columns = [column for some in parts for column in some]
        repeated = [name for name, count in Counter(column.name for column in columns).items() if count > 1]
        if repeated:
            raise DataError(say("sources.json-column-twice", path=path, column=repeated[0]))
        frame = pl.DataFrame(columns)
    check_width(frame.width, str(path))
    return tidy(frame, str(path))


def _parts(column: pl.Series) -> list[pl.Series]:
    return [column.struct.field(name).alias(f"{column.name}.{name}") for name in column.struct.fields]


def _why(path: Path, encoding: Encoding, error: Exception, array: list[dict[str, Any]] | None = None) -> DataError:
    """Return the error for objects that make no table: the line (or item) that is no object, or that does not fit
    another.
    """
    seen: dict[str, tuple[str, int]] = {}
    for number, row in enumerate(array, start=1) if array is not None else _parsed(path, encoding):
        if isinstance(row, json.JSONDecodeError):
            return DataError(say("sources.not-json", path=path, line=number, error=row.msg, character=row.colno))
        if not isinstance(row, dict):
            return DataError(say("sources.json-line-not-object", path=path, line=number, found=_called(row)))
        for name, value in _leaves(row):
            called, before = seen.setdefault(name, (_called(value), number))
            if called != _called(value):
                return DataError(
                    say(
                        "sources.json-types-differ" if array is None else "sources.json-item-types-differ",
                        path=path,
                        number=number,
                        column=name,
                        found=_called(value),
                        first=before,
                        expected=called,
                    )
                )
    return DataError(say("sources.unreadable-as-json", path=path, error=first_line(error)))


def _parsed(path: Path, encoding: Encoding) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(_lines(path, encoding), start=1):
        if line.strip():
            try:
                yield number, json.loads(line.removeprefix("\ufeff"), parse_constant=_no_constant)
            except json.JSONDecodeError as error:
                yield number, error


def _no_constant(name: str) -> Any:
    raise json.JSONDecodeError(say("sources.json-no-constant", name=name), name, 0)


def _lines(path: Path, encoding: Encoding) -> Iterator[str]:
    rest = ""
    for text in encodings.texts(path, encoding):
        *whole, rest = (rest + text).split("\n")
        yield from whole
    yield rest


def _leaves(row: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the names and values of an object and of those within it; what is null is of any type."""
    for name, value in row.items():
        if value is not None:
            yield f"{above}{name}", value
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{name}.")


def _called(value: object) -> str:
    return _CALLED.get(type(value), "null")
