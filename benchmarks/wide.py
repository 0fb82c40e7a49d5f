"""A table of 1,000 columns and 1,000,000 rows is read, encoded and trained on in less than 6 GiB of anonymous memory.
Linux only.

``python -m benchmarks.wide [FOLDER]`` writes the tables there, and keeps them; 25 GB are taken on the disk.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import polars as pl
from benchmarks.common import ROOT, Figure, command, publish, skip

from leadline.machine.memory import rss_anon_mb

ROWS = 1_000_000
COLUMNS = 1_000  # of these one is the target
GROUP = 1 << 17  # rows that are made at a time
LIMIT = "<= 6144"  # MB
EVERY = 0.05  # seconds between two looks at memory
TRAINING = ("--network", "mlp", "--set", "network.hidden=[64]", "--epochs", "1", "--deterministic")


class Taken(NamedTuple):
    """What one run took: the peak of anonymous memory in MB, seconds, and the longest time in seconds without a
    word.
    """

    mb: float
    seconds: float
    silence: float


def pieces() -> Iterator[pl.DataFrame]:
    """Yield the table's rows: nine tenths fractions, some with gaps, beside whole numbers and categories."""
    rng = np.random.default_rng(0)
    for start in range(0, ROWS, GROUP):
        rows = min(GROUP, ROWS - start)
        columns, score_N = {}, np.zeros(rows, dtype=np.float32)
        for i in range(COLUMNS - 1):
            x_N = rng.standard_normal(rows, dtype=np.float32)
            if i % 20 == 7:
                columns[f"colour_{i}"] = pl.Series(rng.integers(0, 12, rows)).replace_strict(
                    dict(enumerate("abcdefghijkl"))
                )
            elif i % 20 == 13:
                columns[f"count_{i}"] = pl.Series(rng.integers(0, 1000, rows), dtype=pl.Int32)
            else:
                score_N += x_N if i < 40 else 0
                columns[f"x_{i}"] = pl.Series(x_N).set(pl.Series(rng.random(rows) < (0.05 if i % 20 == 3 else 0)), None)
        answer = np.where(score_N + rng.standard_normal(rows) > 0, "yes", "no")
        yield pl.DataFrame({**columns, "answer": answer})


def write(folder: Path) -> tuple[Path, Path]:
    """Write the table as Parquet and as CSV, where they are not there yet."""
    import pyarrow.parquet

    parquet, csv = folder / "wide.parquet", folder / "wide.csv"
    if parquet.exists() and csv.exists():
        return parquet, csv
    writer = None
    with csv.open("wb") as text:
        for piece in pieces():
            table = piece.to_arrow(compat_level=pl.CompatLevel.oldest())
            piece.write_csv(text, include_header=writer is None, float_precision=3)
            writer = writer or pyarrow.parquet.ParquetWriter(parquet, table.schema)
            writer.write_table(table, row_group_size=GROUP)
    if writer is not None:
        writer.close()
    return parquet, csv


def train(source: Path, out: Path) -> Taken:
    """Train in a process of its own, from reading the file to the report, with nothing in the cache."""
    words = [*command("train", source, "--target", "answer", "--out", out), *TRAINING]
    start, peak = time.perf_counter(), 0.0
    said: queue.Queue[float] = queue.Queue()
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as training:
        assert training.stderr is not None
        listener = threading.Thread(target=_listen, args=(training.stderr, said))
        listener.start()
        while training.poll() is None:
            peak = max(peak, rss_anon_mb(training.pid).mb or 0.0)
            time.sleep(EVERY)
        end = time.perf_counter()
        listener.join()
    if training.returncode:
        sys.exit(f"training on {source} ended with {training.returncode}")
    times = np.array([start, *(said.get() for _ in range(said.qsize())), end])
    return Taken(peak, end - start, float(np.diff(times).max()))


def _listen(stream: IO[str], said: queue.Queue[float]) -> None:
    for line in stream:
        said.put(time.perf_counter())
        print(line, end="", file=sys.stderr, flush=True)


def main() -> None:
    """Measure the table as Parquet and as CSV, each once: ten minutes on two cores, and as long to write the tables."""
    if rss_anon_mb().mb is None:
        skip("RssAnon is known on Linux only")
    figures = []
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        sources = write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder))
        for source in sources:
            os.environ["LEADLINE_CACHE"] = str(Path(folder) / f"cache-{source.suffix[1:]}")
            taken = train(source, Path(folder) / f"run-{source.suffix[1:]}")
            what = f"{source.suffix[1:]}, {source.stat().st_size / 1e9:.1f} GB"
            looked = f"largest RssAnon, seen every {EVERY} s, from start to report, nothing cached before"
            trained = "one epoch of an mlp with 64 units, and its baselines; wall clock"
            figures += [
                Figure(f"{what}: anonymous memory", taken.mb, "MB", 1, looked, None, LIMIT),
                Figure(f"{what}: start to report", taken.seconds, "s", 1, trained),
                Figure(f"{what}: longest silence", taken.silence, "s", 1, "between two lines of progress"),
            ]
    publish("wide", figures, {"rows": ROWS, "columns": COLUMNS})


if __name__ == "__main__":
    main()
