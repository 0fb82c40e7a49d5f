"""Killed with SIGKILL at twenty random moments and resumed each time, a run ends in the same bits."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.common import ROOT, Figure, command, leadline, publish

from leadline.run.folder import EXPERIMENT, MANIFEST, WEIGHTS, sha256

KILLS = 20
TRAIN = ("train", "digits", "--network", "cnn", "--epochs", "30", "--seed", "7", "--deterministic", "--quiet")
# Checkpoints often enough that a run moves on between two kills.
SETTINGS = ("--set", "training.checkpoint_seconds=0.5", "--set", "training.early_stopping=null")


def start(run: Path) -> subprocess.Popen[bytes]:
    """Begin the run, or go on with it where there is something to go on with."""
    begun = (run / EXPERIMENT).exists()
    if not begun:
        shutil.rmtree(run, ignore_errors=True)
    words = ("resume", run, "--quiet") if begun else (*TRAIN, *SETTINGS, "--out", run)
    return subprocess.Popen(command(*words), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def killed(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Kill it when `seconds` are over, or let it end before; any other end than a good one ends the benchmark."""
    try:
        _, messages = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    if process.returncode:
        sys.exit(f"ended with {process.returncode}:\n{messages.decode()}")
    return False


def main() -> None:
    """Kill runs until there have been twenty kills, finishing each run, and compare every one with the uninterrupted
    run.
    """
    moments = random.Random(0)
    kills, equal = 0, []
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        seconds = leadline(*TRAIN, *SETTINGS, "--out", whole)
        expected = sha256(whole / WEIGHTS)
        while kills < KILLS:
            run = Path(folder) / f"killed-{len(equal)}"
            while not (run / MANIFEST).exists():
                patience = moments.uniform(0.0, seconds / 2) if kills < KILLS else 10 * seconds
                kills += killed(start(run), patience)
            equal.append(sha256(run / WEIGHTS) == expected)
            print(f"{kills} kills, {len(equal)} runs finished", file=sys.stderr, flush=True)
    method = "sha256 of model.safetensors against the uninterrupted run's"
    publish(
        "resume_kill",
        [
            Figure("runs that end in the same bits", sum(equal) / len(equal), "", len(equal), method, None, ">= 1"),
            Figure(
                "kills",
                kills,
                "",
                kills,
                f"SIGKILL, uniform over {seconds / 2:.1f} s from the start of a process",
                None,
                ">= 20",
            ),
        ],
    )


if __name__ == "__main__":
    main()
