"""A million sentences and a table of ten million rows are encoded with less than 2 GiB of anonymous memory. Linux only
(RssAnon).

``python -m benchmarks.streaming``; both are made here, 130 MB and 600 MB.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.common import ROOT, Figure, publish, skip

from leadline.machine.memory import rss_anon_mb

LINES, ROWS, PIECE = 1_000_000, 10_000_000, 100_000
LIMIT_MB = 2 * 1024
PREPARE = """
import sys
from leadline.data.dataset import prepare
from leadline.core.experiment import DataSpec
told = set()
data = prepare(DataSpec(source=sys.argv[1], target="label"), progress=lambda stage, done, total: told.add(stage))
rows = {name: len(part) for name, part in data.splits.items()}
assert sum(rows.values()) == int(sys.argv[2]), rows
assert told, "no progress was shown"
part = data.splits["train"]
for at in range(0, 1000 * 64, 64):
    part.batch(slice(at, at + 64))
print(sorted(told))
"""


def write_sentences(file: Path) -> None:
    """Write sentences of 5 to 30 words from a vocabulary in which frequencies fall as Zipf's law has them."""
    rng = np.random.default_rng(0)
    words = np.array(
        ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), rng.integers(2, 11))) for _ in range(50_000)]
    )
    share = 1 / np.arange(1, len(words) + 1)
    with file.open("w", encoding="utf-8") as out:
        out.write("text,label\n")
        for _ in range(LINES // PIECE):
            lengths = rng.integers(5, 31, PIECE)
            drawn = words[rng.choice(len(words), lengths.sum(), p=share / share.sum())].tolist()
            ends = np.cumsum(lengths).tolist()
            labels = rng.integers(0, 2, PIECE).tolist()
            starts = [0, *ends[:-1]]
            out.writelines(
                f"{' '.join(drawn[a:b])},{label}\n" for a, b, label in zip(starts, ends, labels, strict=True)
            )


def write_table(file: Path) -> None:
    """Write rows of four numbers, a category and a label."""
    rng = np.random.default_rng(1)
    for piece in range(ROWS // (10 * PIECE)):
        numbers = {f"x{i}": rng.normal(size=10 * PIECE).round(4) for i in range(4)}
        rest = {"shop": rng.integers(0, 500, 10 * PIECE), "label": rng.integers(0, 2, 10 * PIECE)}
        frame = pl.DataFrame({**numbers, **rest}).with_columns(("shop-" + pl.col("shop").cast(pl.String)).alias("shop"))
        with file.open("ab") as out:
            frame.write_csv(out, include_header=piece == 0)


def peak_mb(source: Path, rows: int) -> tuple[float, float]:
    """Prepare a source in a process of its own; returns the largest anonymous memory seen, and the seconds."""
    peak, start = 0.0, time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", PREPARE, str(source), str(rows)], cwd=ROOT) as preparing:
        while preparing.poll() is None:
            peak = max(peak, rss_anon_mb(preparing.pid).mb or 0.0)
            time.sleep(0.02)
    if preparing.returncode:
        sys.exit(f"preparing {source} ended with {preparing.returncode}")
    return peak, time.perf_counter() - start


def main() -> None:
    """Make, prepare and measure both."""
    if rss_anon_mb().mb is None:
        skip("RssAnon is known on Linux only")
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LEADLINE_CACHE"] = str(Path(folder) / "cache")
        sources = {"sentences": (write_sentences, LINES), "table": (write_table, ROWS)}
        for name, (write, rows) in sources.items():
            file = Path(folder) / f"{name}.csv"
            write(file)
            peak, seconds = peak_mb(file, rows)
            what = "peak of RssAnon while reading, splitting, fitting and encoding, and over 1,000 batches"
            figures.append(Figure(f"{rows:,} rows of {name}: peak", peak, "MB", 1, what, None, f"<= {LIMIT_MB}"))
            figures.append(Figure(f"{rows:,} rows of {name}: seconds", seconds, "s", 1, "one run"))
    publish("streaming", figures)


if __name__ == "__main__":
    main()
