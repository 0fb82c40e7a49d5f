"""Step 7 of a run, compare: with simpler models, with each of its inputs alone, with fewer labels.

All comparisons are of predictions for the same test rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

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
    AblationPredictions,
    missing_input_test,
    single_input_ablation,
    without_each_input,
)
from leadline.evaluation.single_column import SingleColumn, single_column, single_column_comparison
from leadline.machine.latency import cpu_threads
from leadline.objectives.contract import EvaluationContext
from leadline.pipeline.auxiliary.label_efficiency import LabelShare, curve
from leadline.pipeline.auxiliary.single_inputs import SingleInputRun, single_input_predictions
from leadline.pipeline.begin import Begun
from leadline.pipeline.context import RunContext
from leadline.pipeline.evaluate import EvaluatedRun
from leadline.run import folder as files


class Competitors(NamedTuple):
    """What a network is compared with: simpler models, the `single` column that predicts best, and what networks of
    each input `alone` decide.
    """

    baselines: tuple[Baseline, ...] = ()
    alone: tuple[AblationPredictions, ...] = ()
    single: SingleColumn | None = None


def competitors_of(begun: Begun, evaluated: EvaluatedRun, alone: Sequence[SingleInputRun]) -> Competitors:
    """Fit the baselines of a run, and predict with the networks of each input `alone`."""
    with cpu_threads(evaluated.record.threads):
        single = best_column(begun, evaluated)
        return Competitors(
            tuple(fitted_baselines(begun, evaluated, 0.0 if single is None else single.baseline.seconds)),
            tuple(single_input_predictions(one, begun.dataset) for one in alone),
            single,
        )


def best_column(begun: Begun, evaluated: EvaluatedRun) -> SingleColumn | None:
    """Return the column that alone predicts best, where baselines are fitted and the time budget has not ended."""
    left = _time_left(begun, evaluated)
    if not _has_baselines(begun, evaluated) or (left is not None and left <= 0):
        return None
    return single_column(begun.run_context.objective, begun.dataset)


def _has_baselines(begun: Begun, evaluated: EvaluatedRun) -> bool:
    """Say whether a run has baselines, and test rows to measure them on."""
    test = begun.dataset.splits.get("test")
    rows = test is not None and test.target is not None and "test" in evaluated.found.decisions
    return rows and bool(begun.run_context.experiment.baselines)


def _time_left(begun: Begun, evaluated: EvaluatedRun) -> float | None:
    """Return what training has left of the time budget, in seconds; None where there is no budget."""
    budget = begun.run_context.experiment.training.max_time
    return None if budget is None else budget - evaluated.record.trained.seconds


def compare_run(
    begun: Begun, evaluated: EvaluatedRun, competitors: Competitors, shares: Sequence[LabelShare]
) -> Comparisons:
    """Compare a run's network with its `competitors`, and with the networks trained on `shares` of the labels."""
    folder, run_context, dataset, _ = begun
    levels = evaluated.subject.levels
    with cpu_threads(evaluated.record.threads):
        ones = (
            compare_baselines(folder, run_context, dataset, evaluated, competitors),
            compare_inputs(evaluated.subject.network, run_context, dataset, evaluated.found, competitors.alone, levels),
            curve(folder, shares, run_context, levels),
        )
    return Comparisons(
        tuple(finding for one in ones for finding in one.findings), tuple(draft for one in ones for draft in one.drafts)
    )


def fitted_baselines(begun: Begun, evaluated: EvaluatedRun, spent: float = 0.0) -> Iterator[Baseline]:
    """Fit the baselines of a run and yield each with its decisions on the test rows; none where there are none.

    `spent` seconds of the time that is left have been used up already.
    """
    if not _has_baselines(begun, evaluated):
        return
    _, run_context, dataset, _ = begun
    trained, left = evaluated.record.trained, _time_left(begun, evaluated)
    # A step costs about as much as three forward passes, one for the loss and two for the gradient.
    epochs = trained.history["epoch"].max() if trained.history.height else 0
    flops = _costs(evaluated.found).get("flops", 0.0)
    operations = 3 * flops * len(dataset.splits["train"]) * float(epochs or 0)  # type: ignore[arg-type]
    yield from fit_baselines(
        run_context.experiment,
        run_context.objective,
        dataset,
        operations=operations,
        note=run_context.shown.note,
        progress=run_context.shown.stage,
        seconds=None if left is None else left - spent,
    )


def compare_baselines(
    folder: Path, run_context: RunContext, dataset: Dataset, evaluated: EvaluatedRun, competitors: Competitors
) -> Comparisons:
    """Compare baselines with a run's network on the test rows; nothing where there are none."""
    test, measured, trained = dataset.splits.get("test"), evaluated.found, evaluated.record.trained
    if not competitors.baselines or test is None or test.target is None:
        return Comparisons()
    known = _costs(measured)
    network = Baseline(
        NETWORK,
        measured.decisions["test"],
        len(dataset.splits["train"]),
        seconds=trained.seconds,
        params=int(known["params"]),
        size_mb=known["size_mb"],
        latency_ms=known.get("latency_ms(1)", 0.0),
    )
    levels, experiment, objective = evaluated.subject.levels, run_context.experiment, run_context.objective
    context = EvaluationContext("test", test.target, test.group, dataset.schema, levels, experiment.seed)
    single = competitors.single
    uncompared = None if single is None else single_column_comparison(single, network, objective, context)
    found = list(
        comparison_findings(
            network,
            competitors.baselines,
            dummy_baseline(objective, dataset, len(test)),
            objective,
            context,
            _command(folder, run_context),
            uncompared,
        )
    )
    return _sorted([*found, *((uncompared.measured, uncompared.gain) if uncompared else ())], "baselines")


def _costs(measured: Evaluated) -> dict[str, float]:
    return {finding.label: finding.value or 0.0 for finding in measured.findings if finding.section == "cost"}


def compare_inputs(
    network: nn.Module,
    run_context: RunContext,
    dataset: Dataset,
    measured: Evaluated,
    alone: Sequence[AblationPredictions],
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
        found = [*single_input_ablation(measured.decisions["test"], alone, run_context.objective, context), *found]
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
