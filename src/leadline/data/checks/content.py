"""What the columns of a dataset hold, whatever the order of its rows: by this the access log knows a dataset again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from leadline.core.schema import InputSchema
from leadline.data.checks.duplicates import Hashes, hash_rows
from leadline.data.columns.contract import column_type
from leadline.data.encoding import EncodedColumns

MOST = 64  # columns that are looked at: of thousands these are enough to know a dataset by
_BLOCK = 1 << 20  # rows at a time
_MIX = np.uint64(0x9E3779B97F4A7C15)


def column_contents(inputs: Sequence[InputSchema], columns: Mapping[str, EncodedColumns]) -> tuple[str, ...]:
    """Return a text for each of at most `MOST` encoded columns, equal where columns hold the same values, in any order.

    Columns are chosen by their names, so that another column beside them changes the choice by one at most.
    """
    found = {key: hashes for one in inputs for key, hashes in _hashed(one, columns[one.name])}
    chosen = sorted(found, key=lambda name: hashlib.sha256(name.encode()).digest())[:MOST]
    return tuple(sorted(_sum(found[name]) for name in chosen))


def _hashed(one: InputSchema, encoded: EncodedColumns) -> Iterator[tuple[str, Iterator[Hashes]]]:
    if not all(column_type(field.kind).scalar for field in one.fields):
        yield one.fields[0].name, iter([encoded.hashes])
        return
    at = 0
    for field in one.fields:
        width = column_type(field.kind).width(field.state)
        yield field.name, _blocks(encoded.values, at, width)
        at += width


def _blocks(values: np.ndarray, at: int, width: int) -> Iterator[Hashes]:
    for start in range(0, len(values), _BLOCK):
        yield hash_rows(values[start : start + _BLOCK, at : at + width])


def _sum(blocks: Iterator[Hashes]) -> str:
    """Return how many rows there are and the sum of their hashes, each mixed first as hashes are linear in values."""
    rows, total = 0, np.uint64(0)
    with np.errstate(over="ignore"):
        for hashes in blocks:
            mixed_N = hashes[:, 0] ^ (hashes[:, 1] >> np.uint64(31))
            mixed_N = (mixed_N ^ (mixed_N >> np.uint64(29))) * _MIX
            mixed_N ^= mixed_N >> np.uint64(32)
            total += mixed_N.sum(dtype=np.uint64)
            rows += len(hashes)
    return f"{rows}-{int(total):016x}"
