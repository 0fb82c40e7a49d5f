"""Killed with SIGKILL at sixty random moments, every command ends in the same bits, or in the same output.

Training, repeats and cross-validations are killed again and again and resumed until they are finished; `predict` and
`evaluate` are started again. A file that `predict` writes to holds the old rows or all new ones after each kill.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.common import ROOT, Figure, command, publish

from leadline.run.folder import EXPERIMENT, MANIFEST, WEIGHTS, sha256

KILLS = 12  # of each command
DATA = ("digits", "--network", "cnn", "--seed", "7", "--deterministic", "--quiet")
# Checkpoints often enough that a run moves on between two kills.
SETTINGS = (
    *("--set", "training.checkpoint_seconds=0.5", "--set", "training.early_stopping=null"),
    *("--set", "baselines=[]"),
)
TRAININGS = {
    "train": ("train", *DATA, "--epochs", "20", *SETTINGS),
    "train --repeats": ("train", *DATA, "--epochs", "8", "--repeats", "3", *SETTINGS),
    "crossval": ("crossval", *DATA, "--epochs", "8", "--set", "data.split.folds=3", *SETTINGS),
}
OLD = "old rows\n"


class Ended(NamedTuple):
    """What killing a command came to: how often it was killed, and which finished results were as they should be."""

    kills: int
    equal: list[bool]


def start(*words: object) -> subprocess.Popen[bytes]:
    """Begin a command."""
    return subprocess.Popen(command(*words), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


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


def weights(run: Path) -> str:
    """Return one hash of the weights of a run, and of those that lie below it."""
    found = sorted(file.relative_to(run).as_posix() for file in run.rglob(WEIGHTS))
    return hashlib.sha256("".join(f"{name} {sha256(run / name)}" for name in found).encode()).hexdigest()


def training(name: str, folder: Path, moments: random.Random) -> Ended:
    """Kill and resume a training until there have been enough kills, finishing each, and compare each with one that
    was not interrupted.
    """
    words, kills, equal = TRAININGS[name], 0, list[bool]()
    whole, began = folder / "whole", time.perf_counter()
    killed(start(*words, "--out", whole), 3600)
    seconds, expected = time.perf_counter() - began, weights(whole)
    while kills < KILLS:
        run = folder / f"killed-{len(equal)}"
        while not (run / MANIFEST).exists():
            begun = (run / EXPERIMENT).exists()
            if not begun:
                shutil.rmtree(run, ignore_errors=True)
            process = start("resume", run, "--quiet") if begun else start(*words, "--out", run)
            kills += killed(process, moments.uniform(0.0, seconds / 2) if kills < KILLS else 20 * seconds)
        equal.append(weights(run) == expected)
    return Ended(kills, equal)


def predicting(run: Path, folder: Path, moments: random.Random) -> Ended:
    """Kill predictions; after each kill the file holds what it held, or all that it should."""
    out, kills, equal, began = folder / "rows.csv", 0, list[bool](), time.perf_counter()
    words = ("predict", run, "digits", "--quiet", "--out", out)
    killed(start(*words), 3600)
    seconds, expected = time.perf_counter() - began, out.read_text(encoding="utf-8")
    while kills < KILLS:
        out.write_text(OLD, encoding="utf-8")
        was_killed = killed(start(*words), moments.uniform(seconds / 2, 1.1 * seconds))
        kills += was_killed
        equal.append(out.read_text(encoding="utf-8") in ((OLD, expected) if was_killed else (expected,)))
    killed(start(*words), 3600)
    return Ended(kills, [*equal, out.read_text(encoding="utf-8") == expected])


def evaluating(run: Path, moments: random.Random) -> Ended:
    """Kill evaluations, which leave the run as it is; afterwards it is measured as before."""
    words = ("evaluate", run, "--json", "--quiet")

    def measured() -> tuple[list[object], str]:
        process = start(*words)
        said, messages = process.communicate()
        if process.returncode:
            sys.exit(messages.decode())
        return json.loads(said)["findings"], sha256(run / MANIFEST)

    began = time.perf_counter()
    expected = measured()
    seconds, kills = time.perf_counter() - began, 0
    while kills < KILLS:
        kills += killed(start(*words), moments.uniform(0.0, seconds))
    return Ended(kills, [measured() == expected])


def main() -> None:
    """Kill each command, and publish what came of it."""
    moments = random.Random(0)
    done: dict[str, Ended] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        works: dict[str, Callable[[], Ended]] = {
            name: lambda name=name: training(name, _made(place / name.split()[-1]), moments)  # type: ignore[misc]
            for name in TRAININGS
        }
        works["predict"] = lambda: predicting(place / "train" / "whole", place, moments)
        works["evaluate"] = lambda: evaluating(place / "train" / "whole", moments)
        for name, work in works.items():
            done[name] = work()
            print(f"{name}: {done[name].kills} kills, {done[name].equal}", file=sys.stderr, flush=True)
    kills = sum(one.kills for one in done.values())
    figures = [Figure("kills", kills, "", kills, "SIGKILL at moments drawn uniformly", None, ">= 60")]
    for name, one in done.items():
        method = f"{one.kills} kills; against what was not interrupted"
        share = sum(one.equal) / len(one.equal)
        figures.append(Figure(f"{name}: results that are the same", share, "", len(one.equal), method, None, ">= 1"))
    publish("resume_kill", figures)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
