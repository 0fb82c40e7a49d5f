"""Adversarial networks on MNIST: all ten digits drawn, and the digit that is asked for.

Within twenty minutes of training on two cores each digit is at least 5 % of 10,000 new pictures, and a network that is
told classes draws the one that it is asked for at least 95 times in a hundred, both as judged by a classifier of its
own run.

``python -m benchmarks.gan path/to/mnist.npz``
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.common import ROOT, Figure, accuracy, dataset, leadline, publish, report

SECONDS = 1_200
EXAMPLE = ROOT / "examples" / "gan.yaml"


def main() -> None:
    """Train the judge, a network that draws any digit and one that is told which, as a user would, and read the
    reports.
    """
    source = dataset("mnist.npz")
    with tempfile.TemporaryDirectory() as folder:
        judge, figures = Path(folder) / "judge", []
        leadline("train", source, "--network", "cnn", "--quiet", "--out", judge)
        right = accuracy(judge, ">= 0.99")
        figures.append(
            Figure("accuracy of the judge", right.value, "", right.n, right.method, right.interval, right.target)
        )
        for told in (False, True):
            run = Path(folder) / f"told-{told}"
            words = [
                f"data.source={source}",
                f"reference_classifier={judge}",
                f"objective.conditional={str(told).lower()}",
            ]
            settings = [part for word in words for part in ("--set", word)]
            leadline("train", EXAMPLE, *settings, "--max-time", f"{SECONDS}s", "--quiet", "--out", run)
            figures += _found(run, description=told)
    publish("gan", figures)


def _found(run: Path, *, description: bool) -> list[Figure]:
    """Return the rarest digit's share, or how often the digit was the one asked for; and how long training took."""
    findings = [one for one in report(run).findings if one.value is not None]
    if description:
        (one,) = (one for one in findings if one.name == "conditional_accuracy" and one.group is None)
        title, target = "told: share of pictures of the digit that is asked for", ">= 0.95"
    else:
        shares = [one for one in findings if one.name == "class_share"]
        one = min(shares, key=lambda share: share.value or 0.0)
        title, target = f"not told: share of the rarest digit, {(one.group or '').removeprefix('class=')}", ">= 0.05"
    (took,) = (one for one in findings if one.name == "train_seconds")
    kind = "told" if description else "not told"
    assert one.value is not None
    assert took.value is not None
    return [
        Figure(title, one.value, "", one.n or 0, one.method or "", one.interval, target),
        Figure(f"{kind}: seconds of training", took.value, "s", 1, took.method or "", None, f"<= {SECONDS}"),
    ]


if __name__ == "__main__":
    main()
