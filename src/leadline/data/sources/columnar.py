"""Parquet and Arrow: files that store a table by columns, with their types."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import polars as pl

from leadline.core.catalogue import say
from leadline.data.sources import fingerprints, memory_mapped
from leadline.data.sources.boundary import check_in_child, panics_unsaid
from leadline.data.sources.frames import as_categories, check_width, declared_categories, dictionaries, tidy
from leadline.data.sources.written_form import Read
from leadline.data.table import Progress
from leadline.errors import DataError, first_line

SIDE_BY_SIDE = 64  # columns that are decoded together: each takes some megabytes, however few rows are read at a time


def read_parquet(path: Path, encoding: str | None = None, progress: Progress | None = None) -> Read:
    """Return a Parquet file as a frame, a large one memory-mapped; raises DataError where it is damaged."""
    return _read(path, "Parquet", lambda: pl.read_parquet(path, glob=False), _parquet, progress)


def read_arrow(path: Path, encoding: str | None = None, progress: Progress | None = None) -> Read:
    """Return an Arrow file, of either kind, as a frame, a large one memory-mapped; raises DataError where it is
    damaged.
    """

    def at_once() -> pl.DataFrame:
        _check_sizes(path)
        with path.open("rb") as file:  # given a path, polars would take brackets in it for a pattern
            return pl.read_ipc_stream(file) if _is_stream(path) else pl.read_ipc(file)

    return _read(path, "Arrow", at_once, _arrow, progress)


def _check_sizes(path: Path) -> None:
    """Raise DataError where an Arrow file gives its values sizes that it has not: polars asks the system for as much
    memory, and ends the process where there is none. Without pyarrow, a child process reads the file first.
    """
    if not memory_mapped.can_map():
        check_in_child(path, "polars", "read_ipc_stream" if _is_stream(path) else "read_ipc")
        return
    import pyarrow

    try:
        with pyarrow.memory_map(str(path)) as source:
            file = pyarrow.ipc.open_stream(source) if _is_stream(path) else pyarrow.ipc.open_file(source)
            for batch in file if _is_stream(path) else map(file.get_batch, range(file.num_record_batches)):
                batch.validate()
    except (OSError, MemoryError) as error:
        raise DataError(say("sources.unreadable-as", path=path, format="Arrow", error=first_line(error))) from None


def _read(
    path: Path,
    kind: str,
    at_once: Callable[[], pl.DataFrame],
    copy: Callable[[Path, Path, Progress | None], set[str]],
    progress: Progress | None,
) -> Read:
    is_large = memory_mapped.is_large(path)
    try:
        if is_large and memory_mapped.can_map():
            what = [fingerprints.of_file(path, progress), kind]
            kept = memory_mapped.mapped(what, lambda folder: {"categories": sorted(copy(path, folder, progress))})
            return Read(kept.frame, categories=kept.facts["categories"])
        if kind == "Parquet":
            with path.open("rb") as file:
                check_width(len(pl.read_parquet_schema(file)), str(path))
        with panics_unsaid():
            frame = as_categories(at_once(), _declared(path, kind))
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        if isinstance(error, PermissionError):
            raise
        raise DataError(say("sources.unreadable-as", path=path, format=kind, error=first_line(error))) from None
    check_width(frame.width, str(path))
    notes = (memory_mapped.advice(path),) if is_large else ()
    return Read(tidy(frame, str(path)), notes, categories=declared_categories(frame))


def _declared(path: Path, kind: str) -> set[str]:
    """Return the columns that a file says are one of a set of values, be they numbers; without pyarrow those that
    pandas wrote into a Parquet file.
    """
    found = set[str]()
    if kind == "Parquet":
        with path.open("rb") as file:
            facts = pl.read_parquet_metadata(file)
        columns = json.loads(facts.get("pandas", "{}")).get("columns", ())
        found = {str(one["name"]) for one in columns if one.get("pandas_type") == "categorical"}
        if memory_mapped.can_map() and "ARROW:schema" in facts:
            import pyarrow

            written = pyarrow.py_buffer(base64.b64decode(facts["ARROW:schema"]))
            found |= dictionaries(pyarrow.ipc.read_schema(written))
    elif memory_mapped.can_map():
        import pyarrow

        with path.open("rb") as file:
            opened = pyarrow.ipc.open_stream(file) if _is_stream(path) else pyarrow.ipc.open_file(file)
            found = dictionaries(opened.schema)
    return found


def _parquet(path: Path, folder: Path, progress: Progress | None) -> set[str]:
    import pyarrow.parquet

    # Without read-ahead: what is read ahead is held in memory, and a file may be one single group of rows.
    file = pyarrow.parquet.ParquetFile(str(path), memory_map=True, pre_buffer=False)
    names, rows = file.schema_arrow.names, file.metadata.num_rows
    check_width(len(names), str(path))
    done, categories = 0, _declared(path, "Parquet")
    beside = min(SIDE_BY_SIDE, len(names))
    # rows may hold pictures
    step = memory_mapped.rows_of(beside, path.stat().st_size * beside // max(1, rows * len(names)))
    for at in range(0, len(names), SIDE_BY_SIDE):
        some = names[at : at + SIDE_BY_SIDE]
        with memory_mapped.Writer(folder / f"{at:06}.arrow", step) as writer:
            for batch in file.iter_batches(step, columns=some):
                categories |= _copy(batch, categories, writer, path)
                done += batch.num_rows * batch.num_columns
                if progress:
                    progress(say("stages.reading-values", file=path.name), done, rows * len(names))
    return categories


def _arrow(path: Path, folder: Path, progress: Progress | None) -> set[str]:
    import pyarrow

    size = path.stat().st_size // 10**6
    with pyarrow.memory_map(str(path)) as source, ExitStack() as stack:
        stream = _is_stream(path)
        file = pyarrow.ipc.open_stream(source) if stream else pyarrow.ipc.open_file(source)
        writer: memory_mapped.Writer | None = None
        done, step, categories = 0, 1, dictionaries(file.schema)
        for batch in file if stream else map(file.get_batch, range(file.num_record_batches)):
            if writer is None:
                step = memory_mapped.rows_of(batch.num_columns, batch.nbytes // max(1, batch.num_rows))
                writer = stack.enter_context(memory_mapped.Writer(folder / "0.arrow", step))
            for start in range(0, batch.num_rows, step):
                categories |= _copy(batch.slice(start, step), categories, writer, path)
            done += batch.nbytes // 10**6
            if progress:
                progress(say("stages.reading", file=path.name), min(done, size), size)
    return categories


def _copy(batch: Any, declared: set[str], writer: memory_mapped.Writer, path: Path) -> set[str]:
    """Write a batch, and return which of its columns are categories: those `declared`, and those it says are."""
    values = pl.from_arrow(batch)
    assert isinstance(values, pl.DataFrame)
    frame = as_categories(values, declared)
    writer.write(tidy(frame, str(path)))
    return set(declared_categories(frame))


def _is_stream(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\xff\xff\xff\xff"
