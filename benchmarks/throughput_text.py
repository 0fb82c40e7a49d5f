"""Sentences a second while training an embedding of 128, an LSTM of 128 units and a dense layer on movie reviews, batch
64.

At least 2.5 times Keras 3 `fit` with the same network on the same token numbers (the faster of its torch and JAX
backends, with and without a mask; Keras takes rows padded to the longest one). All run in turn; what is measured is
whole epochs after the first.

``LEADLINE_KERAS_PYTHON=... python -m benchmarks.throughput_text path/to/mr.csv``
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from benchmarks.common import Figure, dataset, in_turn, leadline, peer, publish, rate, ratio

from leadline.core.experiment import DataSpec
from leadline.data.dataset import prepare

PEER = Path(__file__).parent / "peers" / "keras_text.py"
BATCH = 64
EPOCHS = 4
ROUNDS = 6  # the fewest whose range is a 95 % interval of the median


def ours(source: Path, folder: Path) -> Callable[[], float]:
    """Return what trains with Leadline and gives its sentences a second, from the history of the run."""
    number = itertools.count()

    def measure() -> float:
        run = folder / f"run-{next(number)}"
        # How to execute steps is timed anew: a plan chosen in a bad moment would else be that of all rounds.
        os.environ["LEADLINE_CACHE"] = str(run.with_name(f"{run.name}-cache"))
        words = ["--target", "label", "--network", "rnn", "--epochs", str(EPOCHS), "--set", f"training.batch={BATCH}"]
        leadline("train", source, *words, "--set", "baselines=[]", "--quiet", "--out", run)
        return rate(run)

    return measure


def keras_rate(python: str, arrays: Path, backend: str, mask: int) -> float:
    """Run the peer's script and return the median of its sentences a second over epochs after the first."""
    words = [python, PEER, arrays, "--epochs", str(EPOCHS), "--batch", str(BATCH), "--mask", str(mask)]
    return peer(words, KERAS_BACKEND=backend)


def tokens(source: Path, file: Path) -> None:
    """Write the train rows as Leadline encodes them, padded to the longest one, and their classes."""
    part = prepare(DataSpec(source=str(source), target="label")).parts["train"]
    rows = list(part.batches(1024))
    ((name, _),) = rows[0].inputs.items()
    longest = max(batch.inputs[name].shape[1] for batch in rows)
    padded = [
        np.pad(batch.inputs[name].numpy(), ((0, 0), (0, longest - batch.inputs[name].shape[1]))) for batch in rows
    ]
    assert part.target is not None
    np.savez(file, x=np.concatenate(padded), y=part.target)


def main() -> None:
    """Run all in turn, and compare."""
    source = dataset("mr.csv")
    keras = os.environ.get("LEADLINE_KERAS_PYTHON")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        tokens(source, folder / "arrays.npz")
        programs: dict[str, Callable[[], float]] = {"leadline": ours(source, folder)}
        for backend, mask in itertools.product(("torch", "jax"), (0, 1)) if keras else ():
            name = f"keras on {backend}{', masked' if mask else ''}"
            programs[name] = partial(keras_rate, str(keras), folder / "arrays.npz", backend, mask)
        programs["leadline"]()  # times the plan, once
        taken = in_turn(programs, ROUNDS)
    figures = [
        Figure(name, float(np.median(rates)), "sentences/s", ROUNDS, "median over rounds")
        for name, rates in taken.items()
    ]
    if keras:
        best = max((name for name in taken if name != "leadline"), key=lambda name: float(np.median(taken[name])))
        figures.append(ratio(f"leadline : {best}", taken["leadline"], taken[best], ">= 2.5"))
    publish(
        "throughput_text",
        figures,
        {"rounds": taken, "keras": "measured" if keras else "absent: LEADLINE_KERAS_PYTHON is not set"},
    )


if __name__ == "__main__":
    main()
