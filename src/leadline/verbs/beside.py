"""What simpler models reach beside a trained network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from leadline.data.dataset import Dataset
from leadline.facts.exhibit import Draft
from leadline.facts.finding import Finding
from leadline.layers.contracts import Context
from leadline.measuring.baselines import Baseline, constant, fit_baselines
from leadline.measuring.cheapest import NETWORK, beside
from leadline.measuring.evaluate import Measured
from leadline.run import folder as files
from leadline.verbs.job import Job
from leadline.verbs.trained import Trained


class Beside(NamedTuple):
    """Findings and exhibits about simpler models."""

    findings: tuple[Finding, ...] = ()
    drafts: tuple[Draft, ...] = ()


def beside_network(
    folder: Path,
    job: Job,
    dataset: Dataset,
    trained: Trained,
    measured: Measured,
    cost: Sequence[Finding],
    levels: tuple[float, ...],
) -> Beside:
    """Fit the baselines of an experiment and compare them with its network on the test rows; nothing where there are none."""
    experiment, test = job.experiment, dataset.parts.get("test")
    if not experiment.baselines or test is None or test.target is None or "test" not in measured.decisions:
        return Beside()
    known = {finding.label: finding.value or 0.0 for finding in cost}
    rows = len(dataset.parts["train"])
    network = Baseline(
        NETWORK,
        measured.decisions["test"],
        rows,
        seconds=trained.seconds,
        params=int(known["params"]),
        size_mb=known["size_mb"],
        latency_ms=known.get("latency_ms(1)", 0.0),
    )
    # A step costs about as much as three forward passes, one for the loss and two for the gradient.
    epochs = trained.history["epoch"].max() if trained.history.height else 0
    operations = 3 * known.get("flops", 0.0) * rows * float(epochs or 0)  # type: ignore[arg-type]
    baselines = list(
        fit_baselines(experiment, job.objective, dataset, operations=operations, note=job.shown.note, progress=job.shown.stage)
    )
    context = Context("test", test.target, test.group, dataset.schema, levels, experiment.seed)
    command = _command(folder, job)
    found = list(beside(network, baselines, constant(job.objective, dataset, len(test)), job.objective, context, command))
    return Beside(
        tuple(item for item in found if isinstance(item, Finding)), tuple(item for item in found if isinstance(item, Draft))
    )


def _command(folder: Path, job: Job) -> str:
    """Return how a run of another model on the same data begins, with ``{}`` where the model's name belongs."""
    if not job.experiment.data.source:
        return 'leadline.train(…, network="{}")'
    training = job.experiment.training
    without = "".join(
        f" --set training.{entry}=null" for entry in ("max_time", "max_energy") if getattr(training, entry) is not None
    )
    return f"leadline train {folder / files.EXPERIMENT} --network {{}}{without}"
