"""Texts as the data has them, kept beside their tokens so that a report can show them: memory-mapped, in the cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from leadline.core.base import digest
from leadline.core.schema import InputSchema
from leadline.data import cache
from leadline.data.columns.contract import input_type
from leadline.data.table import Table

VERSION = 1  # of what the cache holds


class WrittenTexts:
    """The texts of one input, by row: `byte_S` is the UTF-8 of all, one after another, `end_N1` where each ends."""

    def __init__(self, table: Table, one: InputSchema) -> None:
        codes = input_type(one.kind).tokens
        assert codes is not None, "only texts are written"
        column = table.frame[one.fields[0].name]

        def write(folder: Path) -> None:
            ends = [0]
            with (folder / "texts.bin").open("wb") as file:
                for block in codes.texts(one, column):
                    encoded = [text.encode() for text in block]
                    ends += (ends[-1] + np.cumsum([len(text) for text in encoded])).tolist()
                    file.write(b"".join(encoded))
            np.save(folder / "ends.npy", np.array(ends, dtype=np.int64))

        form = one.fields[0].state.get("tokens")
        key = {"written": VERSION, "table": table.fingerprint, "column": column.name, "tokens": form}
        folder = cache.entry(f"texts-{digest(key)}", write)
        self._end_N1 = np.load(folder / "ends.npy", mmap_mode="r")
        size = (folder / "texts.bin").stat().st_size
        self._byte_S = np.memmap(folder / "texts.bin", np.uint8, "r") if size else np.zeros(0, dtype=np.uint8)

    def __getitem__(self, row: int) -> str:
        return bytes(self._byte_S[self._end_N1[row] : self._end_N1[row + 1]]).decode()


def written_texts(table: Table, inputs: tuple[InputSchema, ...]) -> dict[str, WrittenTexts]:
    """Return the texts of each input that is text, by its name."""
    return {one.name: WrittenTexts(table, one) for one in inputs if input_type(one.kind).tokens is not None}
