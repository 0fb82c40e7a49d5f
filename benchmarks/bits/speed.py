"""How fast the working tree trains beside a commit, in runs of a fixed plan that take turns (A B A B …)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmarks.bits import data
from benchmarks.bits.jobs import SMALL, Job
from benchmarks.bits.trees import Tree, name_of, take
from benchmarks.common import ROOT, Figure, in_turn, publish, rate, ratio

TARGET = ">= 0.97"
STEADY = ("training.early_stopping=null", "training.batch=64", *SMALL)

JOBS = (
    Job("convolutions", "train {data}/colour.npz --network cnn --epochs 6", STEADY),
    Job("texts", "train {data}/many.csv --network textcnn --epochs 6", STEADY),
    Job(
        "dense VAE",
        "train {data}/grey.npz --objective vae --network mlp --epochs 8",
        ("network.hidden=[400]", "objective.latent=20", "judge=false", *STEADY),
    ),
)


def program(tree: Tree, job: Job) -> Callable[[], float]:
    """Return what trains anew and gives examples/s."""
    return lambda: rate(tree.train(job))


def measure(commit: str, rounds: int) -> int:
    """Train each job with both trees in turn, publish the ratios of their examples/s, and return 1 where one is
    below its bound.
    """
    full = name_of(commit)
    figures, taken = [], {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        made = folder / "data"
        made.mkdir()
        data.for_speed(made)
        there = Tree(full[:7], take(full, folder / "code"), folder / "there", made)
        with there, Tree("working tree", ROOT / "src", folder / "here", made) as here:
            for job in JOBS:
                programs = {tree.name: program(tree, job) for tree in (here, there)}
                for one in programs.values():
                    one()  # encodes the data, once
                taken[job.name] = in_turn(programs, rounds)
                now, before = (taken[job.name][tree.name] for tree in (here, there))
                figures.append(ratio(f"{job.name}, working tree : {there.name}", now, before, TARGET))
                figures.append(
                    Figure(
                        f"{job.name}, working tree", float(np.median(now)), "examples/s", rounds, "median over rounds"
                    )
                )
    publish("same_bits_speed", figures, {"against": full, "rounds": taken})
    return 0 if all(figure.met is not False for figure in figures) else 1
