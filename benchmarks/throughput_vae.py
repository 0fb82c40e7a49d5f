"""Images/s while training a variational autoencoder on MNIST, one hidden layer of 400 each way, 20 numbers a code,
batch 128.

A step costs at most 1.1 times that of a loop written by hand with the same execution plan, and training gives at least
1.2 times as many images/s as Keras 3 `fit` with the same network (the faster of its torch and JAX backends). Pixels are
drawn as 0 or 1 anew in every step by all of them. Keras on JAX compiles; Leadline does where training is long (ten
minutes) or it is told to, so it is run both ways. All run in turn on the same 50,000 pictures; what is measured is
whole epochs after the first.

``LEADLINE_KERAS_PYTHON=... python -m benchmarks.throughput_vae path/to/mnist.npz``
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmarks.common import Figure, dataset, in_turn, leadline, peer, publish, rate, ratio

PEERS = Path(__file__).parent / "peers"
PICTURES, OTHERS = 50_000, 500
BATCH = 128
EPOCHS = 4
ROUNDS = 6  # the fewest whose range is a 95 % interval of the median


def take(source: Path, folder: Path) -> tuple[Path, Path]:
    """Write the first pictures as a dataset with few to validate and test on, and those that are trained on for the
    peers.
    """
    with np.load(source, allow_pickle=False) as arrays:
        x_N, y_N = arrays["x_train"], arrays["y_train"]
    first, second = slice(0, PICTURES), slice(PICTURES, PICTURES + OTHERS)
    third = slice(PICTURES + OTHERS, PICTURES + 2 * OTHERS)
    parts = {"train": first, "val": second, "test": third}
    named = {
        f"{letter}_{name}": values[at] for name, at in parts.items() for letter, values in (("x", x_N), ("y", y_N))
    }
    np.savez(folder / "pictures.npz", **named)
    np.savez(folder / "arrays.npz", x=x_N[first])
    return folder / "pictures.npz", folder / "arrays.npz"


def ours(source: Path, folder: Path, name: str, *more: str) -> Callable[[], float]:
    """Return what trains with Leadline and `more` settings and gives its images/s, from the history of the run."""
    number = itertools.count()

    def measure() -> float:
        run = folder / f"{name}-{next(number)}"
        settings = [
            "network.hidden=[400]",
            "objective.latent_dim=20",
            "objective.pixel_likelihood=bernoulli",
            f"training.batch={BATCH}",
            "reference_classifier=false",
            *more,
        ]
        words = [word for setting in settings for word in ("--set", setting)]
        words += ["--objective", "vae", "--network", "mlp", "--epochs", str(EPOCHS), "--quiet"]
        leadline("train", source, *words, "--out", run)
        (folder / f"{name}.json").write_text(
            json.dumps(json.loads((run / "environment.json").read_text(encoding="utf-8"))["plan"])
        )
        return rate(run)

    return measure


def main() -> None:
    """Run all in turn, and compare."""
    source = dataset("mnist.npz")
    keras = os.environ.get("LEADLINE_KERAS_PYTHON")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pictures, arrays = take(source, folder)
        common = [arrays, "--batch", str(BATCH), "--epochs", str(EPOCHS)]
        plan = folder / "plain.json"
        by_hand = [sys.executable, PEERS / "torch_vae.py", *common, "--plan"]
        programs = {
            "leadline": ours(pictures, folder, "plain"),
            "hand-written loop": lambda: peer([*by_hand, plan.read_text()]),
        }
        programs["leadline, compiled"] = ours(pictures, folder, "compiled", "training.plan.compile=true")
        for backend in ("torch", "jax") if keras else ():
            words = [keras, PEERS / "keras_vae.py", *common]
            programs[f"keras on {backend}"] = lambda words=words, backend=backend: peer(words, KERAS_BACKEND=backend)
        programs["leadline"]()  # encodes the pictures and times the plan, once
        taken = in_turn(programs, ROUNDS)
        used = json.loads(plan.read_text())
    figures = [
        Figure(name, float(np.median(rates)), "images/s", ROUNDS, "median over rounds") for name, rates in taken.items()
    ]
    figures.append(
        ratio("a step, leadline : hand-written loop", taken["hand-written loop"], taken["leadline"], "<= 1.1")
    )
    if keras:
        best = max(("keras on torch", "keras on jax"), key=lambda name: float(np.median(taken[name])))
        figures.append(ratio(f"leadline : {best}", taken["leadline"], taken[best]))
        figures.append(ratio(f"leadline, compiled : {best}", taken["leadline, compiled"], taken[best], ">= 1.2"))
    notes = {
        "plan": used,
        "rounds": taken,
        "keras": "measured" if keras else "absent: LEADLINE_KERAS_PYTHON is not set",
    }
    publish("throughput_vae", figures, notes)


if __name__ == "__main__":
    main()
