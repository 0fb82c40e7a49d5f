"""Columns encoded once, in parallel, into memory-mapped arrays that the cache keeps.

Shapes: N rows, W table columns, H, W, C height, width, channels of a picture, S values of all rows one after another.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.lib.format import dtype_to_descr, open_memmap, write_array_header_1_0

from leadline.core.base import digest
from leadline.core.catalogue import say
from leadline.core.schema import ColumnSchema
from leadline.data import cache
from leadline.data.checks.duplicates import Hashes, hash_ragged, hash_rows
from leadline.data.columns.contract import ColumnContext, ColumnState, ColumnType, Encoded, column_type
from leadline.data.sources import fingerprints
from leadline.data.table import Progress, Table

VERSION = 3  # of what the cache holds; another one is encoded anew
TASK_BYTES = 16 << 20  # of encoded rows: enough to hide what a task costs
# of encoded rows in all threads together: a column costs something in each task, and there may be thousands
WIDE_BYTES = 128 << 20
HASH_BYTES = 4 << 20  # of encoded rows that are hashed at a time, which takes memory three times over
TASK_MEDIA = 256  # rows at most: a bar must move
TASK_TEXTS = 4096  # the same, of a kind whose rows differ in length
AHEAD = 2  # tasks for each thread that may be done before their turn to be written
PROBLEMS = pl.Schema({"row": pl.Int64, "column": pl.String, "reason": pl.String})


class EncodedColumns(NamedTuple):
    """Encoded columns: `values` memory-mapped, float32 (N,W) or uint8 (N,H,W,C); hashes (N,2); what could not be
    encoded.

    `problems` has the columns row (position), column and reason; the values of these rows are undefined. Of a kind
    whose rows differ in length `values` are (S,), all rows one after another, and `ends` (N+1,) where they end, from 0
    on. `missing` are the positions of the rows in which there is nothing.
    """

    values: np.ndarray
    hashes: Hashes
    problems: pl.DataFrame
    missing: np.ndarray
    ends: np.ndarray | None = None


class _Block(NamedTuple):
    """Some encoded rows."""

    values: np.ndarray
    hashes: Hashes
    problems: pl.DataFrame
    missing: np.ndarray
    lengths: np.ndarray | None


class _Coder(NamedTuple):
    name: str
    field: ColumnType
    column: pl.Series
    state: ColumnState


def encode(table: Table, fields: Sequence[ColumnSchema], name: str, progress: Progress | None = None) -> EncodedColumns:
    """Return the columns of one input, encoded with fitted fields, from the cache where they are there.

    `fields` are either all scalar or one media field; `name` is for the progress display. Raises DiskFull where the
    disk is full.
    """
    key = key_of(table, fields)

    def entry() -> Path:
        return cache.entry(key, lambda empty: _fill(empty, table, fields, name, progress))

    folder = entry()
    try:
        return _load(folder, table.frame.height)
    except (OSError, EOFError, ValueError, pl.exceptions.PolarsError):  # someone has cut into the cache
        cache.forget(folder)
        return _load(entry(), table.frame.height)


def _load(folder: Path, rows: int) -> EncodedColumns:
    # "c": private pages, which torch may take for writable; they stay file-backed as long as nobody writes
    values = np.load(folder / "values.npy", mmap_mode="c")
    ends = np.load(folder / "ends.npy", mmap_mode="c") if (folder / "ends.npy").exists() else None
    hashes = np.load(folder / "hashes.npy", mmap_mode="r")
    missing = np.load(folder / "missing.npy")
    with (folder / "problems.arrow").open("rb") as file:
        problems = pl.read_ipc(file)
    there = len(values) == rows if ends is None else len(ends) == rows + 1 and ends[-1] == len(values)
    if not there or hashes.shape != (rows, 2) or problems.schema != PROBLEMS:
        raise ValueError(say("data.encoded-rows-differ", folder=folder, rows=rows))
    return EncodedColumns(values, hashes, problems, missing, ends)


def key_of(table: Table, fields: Sequence[ColumnSchema]) -> str:
    """Return the cache's key of some columns: a sha256 of what they hold and of how it is encoded."""
    # A frame in memory may name pictures that its own content says nothing about.
    loose = [
        f.name
        for f in fields
        if table.base is None and table.frame[f.name].dtype == pl.String and not column_type(f.kind).scalar
    ]
    pictures = [
        fingerprints.of_files(Path(), table.frame[name].drop_nulls().unique().sort().to_list()) for name in loose
    ]
    recipes = [[f.name, f.kind, dict(column_type(f.kind).recipe(f.state)), _written(table, f.name)] for f in fields]
    read = {"nulls": list(table.nulls), "pictures": pictures}
    return digest({"version": VERSION, "table": table.fingerprint, "fields": recipes, **read})


def _written(table: Table, name: str) -> Any:
    form = table.forms.get(name)
    return None if form is None else form.model_dump()


def _fill(folder: Path, table: Table, fields: Sequence[ColumnSchema], name: str, progress: Progress | None) -> None:
    coders = [_Coder(f.name, column_type(f.kind), table.frame[f.name], f.state) for f in fields]
    context, rows = ColumnContext(table.base), table.frame.height
    scalar = coders[0].field.scalar
    first = _block(coders, context, 0, 1)
    size = max(TASK_BYTES, WIDE_BYTES // (os.cpu_count() or 1)) if scalar else TASK_BYTES
    own = coders[0].field.input
    ragged = own is not None and own.ragged
    longest = math.prod(own.shape(fields)) * first.values.itemsize if own is not None and own.ragged else 0
    task = max(1, size // max(first.values.nbytes, longest, 1))
    task = task if scalar else min(task, TASK_TEXTS if ragged else TASK_MEDIA)

    ends_N1 = None if first.lengths is None else np.zeros(rows + 1, dtype=np.int64)
    hashes = _reserved(folder / "hashes.npy", (rows, 2), np.dtype(np.uint64))
    with _file(folder / "values.npy", rows, first) as (values, written):

        def work(start: int) -> _Block:
            stop = min(start + task, rows)
            block = _block(coders, context, start, stop)
            hashes[start:stop] = block.hashes
            if values is None:
                return block
            values[start:stop] = block.values
            return block._replace(values=values[:0])  # rather than hold what is written until its turn comes

        found, missing, at = [], [], 0
        for block in _in_threads(work, range(0, rows, task)):
            stop = min(at + task, rows)
            if ends_N1 is not None and block.lengths is not None:
                ends_N1[at + 1 : stop + 1] = ends_N1[at] + np.cumsum(block.lengths)
                written(block.values)
            found.append(block.problems)
            missing.append(block.missing)
            at = stop
            if progress:
                progress(say("stages.encoding", name=name), at, rows)
    hashes.flush()
    if ends_N1 is not None:
        np.save(folder / "ends.npy", ends_N1)
    np.save(folder / "missing.npy", np.concatenate(missing))
    pl.concat(found).write_ipc(folder / "problems.arrow")


@contextmanager
def _file(path: Path, rows: int, first: _Block) -> Iterator[tuple[np.memmap | None, Callable[[np.ndarray], None]]]:
    """Give a map of the file for all rows, and, where rows differ in length, in its place what writes them one after
    another.
    """
    if first.lengths is None:
        values = _reserved(path, (rows, *first.values.shape[1:]), first.values.dtype)
        yield values, lambda block: None
        values.flush()
        return
    written = 0

    def append(block: np.ndarray) -> None:
        nonlocal written
        file.write(block.tobytes())
        written += len(block)

    with path.open("w+b") as file:
        write_array_header_1_0(file, _header(first.values.dtype, 0))  # as long as the one that replaces it in the end
        yield None, append
        file.seek(0)
        write_array_header_1_0(file, _header(first.values.dtype, written))


def _header(dtype: np.dtype[np.generic], values: int) -> dict[str, Any]:
    return {"descr": dtype_to_descr(dtype), "fortran_order": False, "shape": (values,)}


def _block(coders: Sequence[_Coder], context: ColumnContext, start: int, stop: int) -> _Block:
    found = []
    values: np.ndarray | None = None
    if len(coders) > 1:
        values = np.empty((stop - start, sum(coder.field.width(coder.state) for coder in coders)), dtype=np.float32)
    at = 0
    for coder in coders:
        encoded = coder.field.encode(coder.column[start:stop], coder.state, context)
        if encoded.problems:
            found.append(_problems(coder.name, encoded, start))
        if values is None:
            missing = np.asarray(sorted(encoded.missing), dtype=np.int64) + start
            return _Block(encoded.values, _hashes(encoded), pl.concat(found or [_NONE]), missing, encoded.lengths)
        width = encoded.values.shape[1]
        values[:, at : at + width] = encoded.values
        at += width
    assert values is not None
    return _Block(values, _hashes(Encoded(values, {})), pl.concat(found or [_NONE]), np.empty(0, dtype=np.int64), None)


def _hashes(encoded: Encoded) -> Hashes:
    """Return the hashes of some rows, a few of them at a time."""
    values, lengths_N = encoded.values, encoded.lengths
    rows = len(values) if lengths_N is None else len(lengths_N)
    longest = (
        int(lengths_N.max(initial=1)) if lengths_N is not None else values[0].size if rows else 1
    ) * values.itemsize
    hashed = max(1, HASH_BYTES // max(longest, 1))
    if lengths_N is None:
        parts = [hash_rows(values[at : at + hashed]) for at in range(0, rows, hashed)]
    else:
        end_N1 = np.concatenate([[0], np.cumsum(lengths_N)])
        parts = [
            hash_ragged(values[end_N1[at] : end_N1[min(at + hashed, rows)]], lengths_N[at : at + hashed])
            for at in range(0, rows, hashed)
        ]
    return np.concatenate(parts) if parts else np.empty((0, 2), dtype=np.uint64)


_NONE = pl.DataFrame(schema=PROBLEMS)


def _problems(column: str, encoded: Encoded, start: int) -> pl.DataFrame:
    rows = [start + position for position in encoded.problems]
    return pl.DataFrame(
        {"row": rows, "column": [column] * len(rows), "reason": list(encoded.problems.values())}, schema=PROBLEMS
    )


def _reserved(file: Path, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> np.memmap:
    """Return a new memory-mapped array whose space on the disk is taken: writing to a map on a full disk would kill the
    process.
    """
    values: np.memmap = open_memmap(file, mode="w+", dtype=dtype, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with file.open("r+b") as opened:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
    return values


def _in_threads(work: Callable[[int], _Block], starts: Sequence[int]) -> Iterator[_Block]:
    """Yield results in order. Threads: decoding releases Python's lock, and 60,000 small PNG files take 6 s on two
    cores, 9 s with processes, which would also have to be sent the columns.
    """
    threads = os.cpu_count() or 1
    pool = ThreadPoolExecutor(max_workers=threads)
    waiting: deque[Future[_Block]] = deque()
    try:
        for start in starts:
            waiting.append(pool.submit(work, start))
            if len(waiting) > AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
