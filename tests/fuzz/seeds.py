"""Small valid files of every format that Leadline reads, which the fuzzer changes."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Callable

import numpy as np
import openpyxl
import polars as pl
from PIL import Image

from leadline.core.experiment import Experiment

ROWS = 24


def frame() -> pl.DataFrame:
    """Return a table with numbers, words in several scripts, dates, a column with gaps, and quotes and commas."""
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "id": range(1, ROWS + 1),
            "price": rng.normal(100, 20, ROWS).round(2),
            "town": [("Ulm", "Łódź", "東京", 'says "so", yes')[i % 4] for i in range(ROWS)],
            "day": [f"2024-01-{1 + i % 28:02d}" for i in range(ROWS)],
            "gap": [None if i % 5 == 0 else i / 4 for i in range(ROWS)],
            "kind": [("a", "b")[i % 2] for i in range(ROWS)],
        }
    )


def _bytes(write: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def _sheet(file: io.BytesIO) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (frame().columns, *frame().rows()):
        book.active.append(list(row))
    book.save(file)


def _sound(file: io.BytesIO) -> None:
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes((1000 * np.sin(np.arange(800) / 5)).astype("<i2").tobytes())


def _picture(form: str) -> bytes:
    x_HWC = np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    return _bytes(lambda file: Image.fromarray(x_HWC).save(file, form))


def seeds() -> dict[str, bytes]:
    """Return the content of a valid file by the ending of its name."""
    rows = frame()
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(ROWS, 3)), "y": np.arange(ROWS) % 2}
    experiment = Experiment.parse({"data": {"source": "rows.csv", "target": "kind"}, "network": "mlp", "seed": 3})
    return {
        ".csv": rows.write_csv().encode(),
        ".tsv": rows.write_csv(separator="\t").encode(),
        ".jsonl": rows.write_ndjson().encode(),
        ".json": json.dumps(rows.to_dicts(), ensure_ascii=False).encode(),
        ".xlsx": _bytes(_sheet),
        ".npz": _bytes(lambda file: np.savez(file, allow_pickle=False, **arrays)),
        ".parquet": _bytes(rows.write_parquet),
        ".arrow": _bytes(rows.write_ipc),
        ".txt": "\n".join(rows["town"].to_list() * 3).encode(),
        ".wav": _bytes(_sound),
        ".png": _picture("PNG"),
        ".jpg": _picture("JPEG"),
        ".gif": _picture("GIF"),
        ".yaml": experiment.to_yaml().encode(),
    }
