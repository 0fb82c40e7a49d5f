"""Sixteen processes that begin with one cold cache agree; a process that predicts 300 times keeps its memory and its
files.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from benchmarks.common import ROOT, Figure, command, publish

import leadline
from leadline.run.folder import WEIGHTS, sha256

PROCESSES = 16
PREDICTS, WARM = 300, 50  # the first ones fill what libraries keep
TRAIN = ("train", "digits", "--epochs", "1", "--set", "baselines=[]", "--deterministic", "--quiet", "--threads", "1")


def together(folder: Path) -> list[str]:
    """Train in many processes that share an empty cache; return the hash of each one's weights, or how it ended."""
    place = {**os.environ, "LEADLINE_CACHE": str(folder / "cache"), "LEADLINE_HOME": str(folder / "home")}
    runs = [folder / f"run-{number}" for number in range(PROCESSES)]
    started = [
        subprocess.Popen(command(*TRAIN, "--out", run), cwd=ROOT, env=place, stdout=subprocess.DEVNULL) for run in runs
    ]
    codes = [process.wait() for process in started]
    return [f"exit code {code}" if code else sha256(run / WEIGHTS) for run, code in zip(runs, codes, strict=True)]


def resident() -> float:
    """Return the resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def descriptors() -> int:
    """Return how many files this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def main() -> None:
    """Measure both, and publish."""
    with tempfile.TemporaryDirectory() as folder:
        ended = together(Path(folder))
        run = leadline.load(Path(folder) / "run-0")
        for number in range(PREDICTS):
            if number == WARM:
                before = resident(), descriptors()
            run.predict("digits", quiet=True)
        after = resident(), descriptors()
    most = max(map(ended.count, ended))
    growth = f"resident memory after {PREDICTS} predicts of 1,797 rows, less that after {WARM}"
    publish(
        "steady",
        [
            Figure("processes on one cold cache with the same weights", most, "", PROCESSES, "sha256", None, ">= 16"),
            Figure("memory gained over 250 predicts", after[0] - before[0], "MB", 1, growth, None, "<= 10"),
            Figure("files left open by 250 predicts", after[1] - before[1], "", 1, "/proc/self/fd", None, "<= 0"),
        ],
    )


if __name__ == "__main__":
    main()
