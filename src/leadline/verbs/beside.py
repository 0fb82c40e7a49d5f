"""What simpler models reach beside a trained network, and what each of its inputs is worth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from torch import nn

from leadline.data.dataset import Dataset
from leadline.facts.exhibit import Draft
from leadline.facts.finding import Finding
from leadline.layers.contracts import Context
from leadline.measuring.baselines import Baseline, constant, fit_baselines
from leadline.measuring.cheapest import NETWORK, beside
from leadline.measuring.evaluate import Measured
from leadline.measuring.inputs import AGAIN, GAIN, alone_beside, missing_beside, without_each
from leadline.run import folder as files
from leadline.verbs.alone import Alone, told
from leadline.verbs.job import Job
from leadline.verbs.trained import Trained


class Beside(NamedTuple):
    """Findings and exhibits about simpler models, or about inputs."""

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
    return _sorted(found)


def each_input(
    network: nn.Module, job: Job, dataset: Dataset, measured: Measured, alone: Sequence[Alone], levels: tuple[float, ...]
) -> Beside:
    """Compare a network of several inputs with each of them `alone`, and with itself where one is missing, on the test rows."""
    test = dataset.parts.get("test")
    if len(dataset.schema.inputs) < 2 or test is None or test.target is None or "test" not in measured.decisions:
        return Beside()
    if job.objective.labels == "none":  # nothing is decided that could be compared row by row
        return Beside()
    context = Context("test", test.target, test.group, dataset.schema, levels, job.experiment.seed)
    found = list(
        missing_beside(measured.decisions["test"], list(without_each(network, job.objective, dataset)), job.objective, context)
    )
    if alone:
        known = [told(one, dataset) for one in alone]
        found = [*alone_beside(measured.decisions["test"], known, job.objective, context), *found]
    else:
        why = "as training has a budget; --set alone=true trains each" if job.experiment.alone is None else "as alone is false"
        found.append(Finding.absent(GAIN, f"no input was trained alone, {why}", split="test", better="higher", again=AGAIN))
    return _sorted(found)


def _sorted(found: Sequence[Finding | Draft]) -> Beside:
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
