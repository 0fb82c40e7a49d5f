"""Anonymous memory while training grows by less than a tenth when the data grows tenfold. Linux only (RssAnon)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from benchmarks.common import ROOT, Figure, command, publish, skip
from PIL import Image

from leadline.machine.memory import rss_anon_mb

SMALL = 2_000
SIDE = 64
ROUNDS = 3
# The same number of updates on both, so that only the data differs.
EPOCHS = {SMALL: 10, 10 * SMALL: 1}


def write_pictures(folder: Path, count: int) -> None:
    """Write `count` random pictures of `SIDE` pixels square, in two classes, with a tenth each for validation and
    test.
    """
    rng = np.random.default_rng(count)
    for i in range(count):
        split = ("test", "val")[i % 10] if i % 10 < 2 else "train"
        file = folder / split / f"class-{i // 10 % 2}" / f"{i}.bmp"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)).save(file)


def peak_mb(source: Path, out: Path, epochs: int) -> float:
    """Train in a process of its own and return the largest anonymous memory seen, from its start to its end."""
    words = command(
        "train", source, "--network", "lenet", "--epochs", str(epochs), "--set", "training.early_stopping=null"
    )
    fixed = ["--deterministic", "--quiet", "--out", str(out)]
    peak = 0.0
    with subprocess.Popen([*words, *fixed], cwd=ROOT, stdout=subprocess.DEVNULL) as training:
        while training.poll() is None:
            peak = max(peak, rss_anon_mb(training.pid).mb or 0.0)
            time.sleep(0.02)
    if training.returncode:
        sys.exit(f"training on {source} ended with {training.returncode}")
    return peak


def main() -> None:
    """Measure with the data encoded already: encoding happens once, training many times."""
    if rss_anon_mb().mb is None:
        skip("RssAnon is known on Linux only")
    peaks: dict[int, list[float]] = {count: [] for count in EPOCHS}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LEADLINE_CACHE"] = str(Path(folder) / "cache")
        for count in EPOCHS:
            write_pictures(Path(folder) / str(count), count)
            peak_mb(Path(folder) / str(count), Path(folder) / f"warm-{count}", 1)
        for turn in range(ROUNDS):
            for count, epochs in EPOCHS.items():
                peaks[count].append(peak_mb(Path(folder) / str(count), Path(folder) / f"{turn}-{count}", epochs))
    small, large = (float(np.median(peaks[count])) for count in EPOCHS)
    what = "median over runs of the peak of RssAnon, start to report, data encoded before"
    publish(
        "memory",
        [
            Figure(f"{SMALL:,} pictures", small, "MB", ROUNDS, what),
            Figure(f"{10 * SMALL:,} pictures", large, "MB", ROUNDS, what),
            Figure("growth", large / small - 1, "", ROUNDS, what, None, "<= 0.10"),
        ],
        {
            "encoded_mb": {str(count): count * SIDE * SIDE * 3 / 1e6 for count in EPOCHS},
            "peaks_mb": {str(k): v for k, v in peaks.items()},
        },
    )


if __name__ == "__main__":
    main()
