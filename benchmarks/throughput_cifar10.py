"""Images/s while training the textbook CNN on CIFAR-10 with rotation, shift and flip, batch 32.

At least 3 times Keras 3 `fit` with the same network and augmentation (the faster of its torch and JAX backends), and
within 5 % of a loop written by hand with the same execution plan. All run in turn on the same 3,000 pictures; what is
measured is whole epochs after the first.

``LEADLINE_KERAS_PYTHON=... python -m benchmarks.throughput_cifar10 path/to/cifar10``
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmarks.common import ROOT, Figure, dataset, in_turn, leadline, peer, publish, rate, ratio
from PIL import Image

PEERS = Path(__file__).parent / "peers"
PER_CLASS = 300
BATCH = 32
EPOCHS = 6
KERAS_EPOCHS = 2
ROUNDS = 6  # the fewest whose range is a 95 % interval of the median


def take(source: Path, folder: Path) -> tuple[Path, Path]:
    """Copy the first pictures of each class into a folder, and put the same ones into an NPZ file for the peers."""
    pictures, labels = [], []
    for label, kind in enumerate(sorted(p for p in (source / "train").iterdir() if p.is_dir())):
        files = {"train": sorted(kind.iterdir())[:PER_CLASS]}
        files |= {"val": sorted((source / "test" / kind.name).iterdir())[:50]}
        files |= {"test": sorted((source / "test" / kind.name).iterdir())[50:100]}
        for split, some in files.items():
            into = folder / "pictures" / split / kind.name
            into.mkdir(parents=True)
            for file in some:
                shutil.copyfile(file, into / file.name)
        pictures += [np.asarray(Image.open(file).convert("RGB")) for file in files["train"]]
        labels += [label] * len(files["train"])
    np.savez(folder / "arrays.npz", x=np.stack(pictures), y=np.asarray(labels, dtype=np.int64))
    return folder / "pictures", folder / "arrays.npz"


def ours(source: Path, folder: Path) -> Callable[[], float]:
    """Return what trains with Leadline and gives its images/s, from the history of the run."""
    number = iter(range(1000))

    def measure() -> float:
        run = folder / f"run-{next(number)}"
        settings = [f"data.source={source}", f"training.epochs={EPOCHS}", f"training.batch={BATCH}"]
        words = [word for setting in settings for word in ("--set", setting)]
        leadline("train", ROOT / "examples" / "cifar10.yaml", *words, "--quiet", "--out", run)
        (folder / "plan.json").write_text(
            json.dumps(json.loads((run / "environment.json").read_text(encoding="utf-8"))["plan"])
        )
        return rate(run)

    return measure


def main() -> None:
    """Run all in turn, and compare."""
    source = dataset("cifar10")
    keras = os.environ.get("LEADLINE_KERAS_PYTHON")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pictures, arrays = take(source, folder)
        common = [arrays, "--batch", str(BATCH), "--epochs"]
        plan = folder / "plan.json"
        by_hand = [sys.executable, PEERS / "torch_loop.py", *common, str(EPOCHS), "--plan"]
        programs = {"leadline": ours(pictures, folder), "hand-written loop": lambda: peer([*by_hand, plan.read_text()])}
        for backend in ("torch", "jax") if keras else ():
            words = [keras, PEERS / "keras_cnn.py", *common, str(KERAS_EPOCHS)]
            programs[f"keras on {backend}"] = lambda words=words, backend=backend: peer(words, KERAS_BACKEND=backend)
        programs["leadline"]()  # encodes the pictures and times the plan, once
        taken = in_turn(programs, ROUNDS)
        used = json.loads(plan.read_text())
    figures = [
        Figure(name, float(np.median(rates)), "images/s", ROUNDS, "median over rounds") for name, rates in taken.items()
    ]
    figures.append(ratio("leadline : hand-written loop", taken["leadline"], taken["hand-written loop"], ">= 0.95"))
    if keras:
        best = max(("keras on torch", "keras on jax"), key=lambda name: float(np.median(taken[name])))
        figures.append(ratio(f"leadline : {best}", taken["leadline"], taken[best], ">= 3"))
    notes = {
        "plan": used,
        "rounds": taken,
        "keras": "measured" if keras else "absent: LEADLINE_KERAS_PYTHON is not set",
    }
    publish("throughput_cifar10", figures, notes)


if __name__ == "__main__":
    main()
