"""A variational autoencoder on MNIST, pixels drawn as 0 or 1, 20 numbers a code, one hidden layer of 400 each way.

At most 97 nats of negative evidence bound on the official test set within five minutes of training on two cores.
Settings are those of ``examples/vae.yaml``, which were chosen on validation rows.

``python -m benchmarks.vae path/to/mnist.npz``
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.common import ROOT, Figure, dataset, leadline, publish, report

SECONDS = 300


def main() -> None:
    """Train once, as a user would, and read the report."""
    source = dataset("mnist.npz")
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "vae"
        words = ["--set", f"data.source={source}", "--set", "reference_classifier=false"]
        leadline("train", ROOT / "examples" / "vae.yaml", *words, "--quiet", "--out", run, check=False)  # 1: not 97
        found = report(run)
    figures = []
    for name, title, target in (
        ("elbo", "negative evidence bound", "<= 97"),
        ("elbo_iw", "negative importance-weighted bound", None),
    ):
        one = found.find(name)
        assert one is not None
        assert one.value is not None
        assert one.interval is not None
        ends = -one.interval[1], -one.interval[0]
        figures.append(Figure(title, -one.value, "nats", one.n or 0, one.method or "", ends, target))
    for name, title, unit, target in (
        ("active_units", "active numbers of a code", "", None),
        ("train_seconds", "seconds of training", "s", f"<= {SECONDS}"),
    ):
        one = found.find(name)
        assert one is not None
        assert one.value is not None
        figures.append(Figure(title, one.value, unit, one.n or 1, one.method or "one run", None, target))
    publish("vae", figures)


if __name__ == "__main__":
    main()
