"""Columns encoded once, in parallel, into memory-mapped arrays that the cache keeps.

Shapes: N rows, W table columns, H, W, C height, width, channels of a picture.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.lib.format import open_memmap

from leadline.data import cache
from leadline.data.duplicates import Hashes, hash_rows
from leadline.data.fields.contract import Context, Encoded, Field, State, field_of
from leadline.data.sources import identity
from leadline.data.table import Progress, Table
from leadline.facts.base import digest
from leadline.facts.schema import FieldSchema

VERSION = 1  # of what the cache holds; another one is encoded anew
TASK_BYTES = 16 << 20  # of encoded rows: enough to hide what a task costs
WIDE_BYTES = 128 << 20  # of encoded rows in all threads together: a column costs something in each task, and there may be thousands
HASH_BYTES = 4 << 20  # of encoded rows that are hashed at a time, which takes memory three times over
TASK_MEDIA = 256  # rows at most: a bar must move
PROBLEMS = pl.Schema({"row": pl.Int64, "column": pl.String, "reason": pl.String})


class Columns(NamedTuple):
    """Encoded columns: `values` memory-mapped, float32 (N,W) or uint8 (N,H,W,C); hashes (N,2); what could not be encoded.

    `problems` has the columns row (position), column and reason; the values of these rows are undefined.
    """

    values: np.ndarray
    hashes: Hashes
    problems: pl.DataFrame


class _Coder(NamedTuple):
    name: str
    field: Field
    column: pl.Series
    state: State


def encode(table: Table, fields: Sequence[FieldSchema], name: str, progress: Progress | None = None) -> Columns:
    """Return the columns of one input, encoded with fitted fields, from the cache where they are there.

    `fields` are either all scalar or one media field; `name` is for the progress display. Raises DiskFull where the disk is full.
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


def _load(folder: Path, rows: int) -> Columns:
    # "c": private pages, which torch may take for writable; they stay file-backed as long as nobody writes
    values = np.load(folder / "values.npy", mmap_mode="c")
    hashes = np.load(folder / "hashes.npy", mmap_mode="r")
    with (folder / "problems.arrow").open("rb") as file:
        problems = pl.read_ipc(file)
    if len(values) != rows or hashes.shape != (rows, 2) or problems.schema != PROBLEMS:
        raise ValueError(f"{folder} does not hold {rows} rows")
    return Columns(values, hashes, problems)


def key_of(table: Table, fields: Sequence[FieldSchema]) -> str:
    """Return the cache's key of some columns: a sha256 of what they hold and of how it is encoded."""
    # A frame in memory may name pictures that its own content says nothing about.
    loose = [
        f.name for f in fields if table.base is None and table.frame[f.name].dtype == pl.String and not field_of(f.kind).scalar
    ]
    pictures = [identity.of_files(Path(), table.frame[name].drop_nulls().unique().sort().to_list()) for name in loose]
    recipes = [[f.name, f.kind, dict(field_of(f.kind).recipe(f.state))] for f in fields]
    return digest({"version": VERSION, "table": table.fingerprint, "fields": recipes, "pictures": pictures})


def _fill(folder: Path, table: Table, fields: Sequence[FieldSchema], name: str, progress: Progress | None) -> None:
    coders = [_Coder(f.name, field_of(f.kind), table.frame[f.name], f.state) for f in fields]
    context = Context(table.base)
    rows = table.frame.height
    first, _ = _block(coders, context, 0, 1)
    values = _reserved(folder / "values.npy", (rows, *first.shape[1:]), first.dtype)
    hashes = _reserved(folder / "hashes.npy", (rows, 2), np.dtype(np.uint64))
    size = max(TASK_BYTES, WIDE_BYTES // (os.cpu_count() or 1)) if coders[0].field.scalar else TASK_BYTES
    task = max(1, size // max(first.nbytes, 1))
    task = task if coders[0].field.scalar else min(task, TASK_MEDIA)
    hashed = max(1, HASH_BYTES // max(first.nbytes, 1))

    def work(start: int) -> pl.DataFrame:
        stop = min(start + task, rows)
        block, problems = _block(coders, context, start, stop)
        values[start:stop] = block
        for at in range(0, stop - start, hashed):
            hashes[start + at : min(start + at + hashed, stop)] = hash_rows(block[at : at + hashed])
        return problems

    found = []
    for done, problems in enumerate(_in_threads(work, range(0, rows, task)), start=1):
        found.append(problems)
        if progress:
            progress(f"encoding {name}", min(done * task, rows), rows)
    values.flush()
    hashes.flush()
    pl.concat(found).write_ipc(folder / "problems.arrow")


def _block(coders: Sequence[_Coder], context: Context, start: int, stop: int) -> tuple[np.ndarray, pl.DataFrame]:
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
            return encoded.values, pl.concat(found or [_NONE])
        width = encoded.values.shape[1]
        values[:, at : at + width] = encoded.values
        at += width
    assert values is not None
    return values, pl.concat(found or [_NONE])


_NONE = pl.DataFrame(schema=PROBLEMS)


def _problems(column: str, encoded: Encoded, start: int) -> pl.DataFrame:
    rows = [start + position for position in encoded.problems]
    return pl.DataFrame({"row": rows, "column": [column] * len(rows), "reason": list(encoded.problems.values())}, schema=PROBLEMS)


def _reserved(file: Path, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> np.memmap:
    """Return a new memory-mapped array whose space on the disk is taken: writing to a map on a full disk would kill the process."""
    values: np.memmap = open_memmap(file, mode="w+", dtype=dtype, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with file.open("r+b") as opened:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
    return values


def _in_threads(work: Callable[[int], pl.DataFrame], starts: Sequence[int]) -> Iterator[pl.DataFrame]:
    """Yield results in order. Threads: decoding releases Python's lock, and 60,000 small PNG files take 6 s on two cores,
    9 s with processes, which would also have to be sent the columns."""
    pool = ThreadPoolExecutor(max_workers=os.cpu_count())
    try:
        yield from pool.map(work, starts)
    finally:
        pool.shutdown(cancel_futures=True)
