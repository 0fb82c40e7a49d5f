"""Step 7 of a run, compare: with simpler models, with each of its inputs alone, with fewer labels.

All comparisons are of predictions for the same test rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.data.dataset import Dataset
from leadline.evaluation.baselines import Baseline, dummy_baseline, fit_baselines
from leadline.evaluation.comparison import NETWORK, Comparisons, comparison_findings
from leadline.evaluation.evaluate import Evaluated
from leadline.evaluation.input_ablation import (
    AGAIN,
    GAIN,
    missing_input_test,
    single_input_ablation,
    without_each_input,
)
from leadline.evaluation.single_column import single_column, single_column_comparison
from leadline.machine.latency import cpu_threads
from leadline.objectives.contract import EvaluationContext
from leadline.pipeline.auxiliary.label_efficiency import LabelShare, curve
from leadline.pipeline.auxiliary.single_inputs import SingleInputRun, single_input_predictions
from leadline.pipeline.begin import Begun
from leadline.pipeline.context import RunContext
from leadline.pipeline.evaluate import EvaluatedRun
from leadline.run import folder as files
from leadline.run.trained import Trained


def compare_run(
    begun: Begun, evaluated: EvaluatedRun, alone: Sequence[SingleInputRun], shares: Sequence[LabelShare]
) -> Comparisons:
    """Compare a run's network with its baselines, with networks of each input `alone`, and with those trained on
    `shares` of the labels.
    """
    folder, run_context, dataset, _ = begun
    measured, levels, trained = evaluated.found, evaluated.subject.levels, evaluated.record.trained
    cost = tuple(finding for finding in measured.findings if finding.section == "cost")
    with cpu_threads(evaluated.record.threads):
        ones = (
            compare_baselines(folder, run_context, dataset, trained, measured, cost, levels),
            compare_inputs(evaluated.subject.network, run_context, dataset, measured, alone, levels),
            curve(folder, shares, run_context, levels),
        )
    return Comparisons(
        tuple(finding for one in ones for finding in one.findings), tuple(draft for one in ones for draft in one.drafts)
    )


def compare_baselines(
    folder: Path,
    run_context: RunContext,
    dataset: Dataset,
    trained: Trained,
    measured: Evaluated,
    cost: Sequence[Finding],
    levels: tuple[float, ...],
) -> Comparisons:
    """Fit the baselines of an experiment and compare them with its network on the test rows; nothing where there are
    none.
    """
    experiment, test = run_context.experiment, dataset.splits.get("test")
    if not experiment.baselines or test is None or test.target is None or "test" not in measured.decisions:
        return Comparisons()
    known = {finding.label: finding.value or 0.0 for finding in cost}
    rows = len(dataset.splits["train"])
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
    budget = experiment.training.max_time
    left = None if budget is None else budget - trained.seconds
    single = None if left is not None and left <= 0 else single_column(run_context.objective, dataset)
    baselines = list(
        fit_baselines(
            experiment,
            run_context.objective,
            dataset,
            operations=operations,
            note=run_context.shown.note,
            progress=run_context.shown.stage,
            seconds=None if left is None else left - (single.baseline.seconds if single else 0.0),
        )
    )
    context = EvaluationContext("test", test.target, test.group, dataset.schema, levels, experiment.seed)
    command = _command(folder, run_context)
    uncompared = None if single is None else single_column_comparison(single, network, run_context.objective, context)
    found = list(
        comparison_findings(
            network,
            baselines,
            dummy_baseline(run_context.objective, dataset, len(test)),
            run_context.objective,
            context,
            command,
            uncompared,
        )
    )
    return _sorted([*found, *((uncompared.measured, uncompared.gain) if uncompared else ())], "baselines")


def compare_inputs(
    network: nn.Module,
    run_context: RunContext,
    dataset: Dataset,
    measured: Evaluated,
    alone: Sequence[SingleInputRun],
    levels: tuple[float, ...],
) -> Comparisons:
    """Compare a network of several inputs with each of them `alone`, and with itself where one is missing, on the test
    rows.
    """
    test = dataset.splits.get("test")
    if len(dataset.schema.inputs) < 2 or test is None or test.target is None or "test" not in measured.decisions:
        return Comparisons()
    if run_context.objective.supervision.labels == "none":  # nothing is decided that could be compared row by row
        return Comparisons()
    context = EvaluationContext("test", test.target, test.group, dataset.schema, levels, run_context.experiment.seed)
    found = list(
        missing_input_test(
            measured.decisions["test"],
            list(without_each_input(network, run_context.objective, dataset)),
            run_context.objective,
            context,
        )
    )
    if alone:
        known = [single_input_predictions(one, dataset) for one in alone]
        found = [*single_input_ablation(measured.decisions["test"], known, run_context.objective, context), *found]
    else:
        why = (
            say("pipeline.ablation-budget")
            if run_context.experiment.single_input_ablation is None
            else say("pipeline.ablation-off")
        )
        found.append(
            Finding.absent(
                GAIN, say("pipeline.no-single-input-ablation", why=why), split="test", better="higher", again=AGAIN
            )
        )
    return _sorted(found, "inputs")


def _sorted(found: Sequence[Finding | ExhibitDraft], section: str) -> Comparisons:
    return Comparisons(
        tuple(item.model_copy(update={"section": section}) for item in found if isinstance(item, Finding)),
        tuple(item._replace(section=section) for item in found if isinstance(item, ExhibitDraft)),
    )


def _command(folder: Path, run_context: RunContext) -> str:
    """Return how a run of another model on the same data begins, with ``{}`` where the model's name belongs."""
    if not run_context.experiment.data.source:
        return 'leadline.train(…, network="{}")'
    training = run_context.experiment.training
    without = "".join(
        f" --set training.{entry}=null" for entry in ("max_time", "max_energy") if getattr(training, entry) is not None
    )
    return f"leadline train {folder / files.EXPERIMENT} --network {{}}{without}"
