"""How well a network that makes rows of codes fills in the cells of a table that are missing.

Some known cells of test rows are hidden, and what the network puts in their place is compared with them, beside what
the columns' train means, and their most frequent train values, would be. Shapes: n rows, Q quantities, K columns of
classes and answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.schema import InputSchema, Schema
from leadline.data.columns.contract import column_type, input_type
from leadline.data.dataset import Dataset
from leadline.data.input_types.tabular_likelihood import TabularLikelihood, lacking_cell
from leadline.data.subset import Subset
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_test_rows
from leadline.evaluation.feature_space import random_rows
from leadline.evaluation.subject import Subject
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.means import mean_of
from leadline.metrics.statistics.measurement import Measurement, absent
from leadline.nn.generative.likelihood import chance
from leadline.nn.rng import Rng
from leadline.objectives.capabilities import Encoder
from leadline.objectives.contract import BoundObjective, EvaluationContext

QUANTITIES, CLASSES = (
    ("imputation_error", "imputation_error_reduction"),
    ("imputation_accuracy", "imputation_accuracy_gain"),
)
SHARE = 0.1  # of the known cells that are hidden
ROWS = 10_000  # of test that cells are hidden in, and of train that the commonest values are counted in
TOGETHER = 256
FEWEST = 2  # columns: of one alone nothing can be told


class _Found(NamedTuple):
    """What came of hidden cells: for each, its row (m,), and errors, or what was right, of the network and of the
    column.
    """

    row_m: np.ndarray
    own_m: np.ndarray
    column_m: np.ndarray


def table_of(objective: BoundObjective, schema: Schema) -> InputSchema | None:
    """Return the input whose missing cells are filled in, where there is one and the objective makes rows again."""
    if objective.capability("encoder") is None or objective.learning.encoder_output != "vector":
        return None
    fits = (one for one in schema.inputs if input_type(one.kind).columns is not None and len(one.fields) >= FEWEST)
    return next((one for one in fits if lacking_cell(one.fields) is None), None)


def metric_names(objective: BoundObjective, schema: Schema) -> tuple[str, ...]:
    """Return the names of the findings, for requirements."""
    one = table_of(objective, schema)
    if one is None:
        return ()
    cells = TabularLikelihood(one.fields, 1.0)
    return (*(QUANTITIES if cells.quantities else ()), *(CLASSES if cells.booleans or cells.sizes else ()))


def imputation(
    network: nn.Module, objective: BoundObjective, dataset: Dataset, subset: Subset, context: EvaluationContext
) -> Iterator[Finding]:
    """Yield the error of quantities in train deviations, the share of classes that are right, and both beside the
    columns' own.
    """
    one, encoder = table_of(objective, dataset.schema), objective.capability("encoder")
    if one is None or encoder is None or not len(subset):
        return
    cells, subset = TabularLikelihood(one.fields, 1.0), random_rows(subset, ROWS, context.seed, "imputed")
    common = _commonest(cells, random_rows(dataset.splits["train"], ROWS, context.seed, "commonest"), one.name)
    quantities, classes = _compared(network, encoder, subset, one, cells, common)
    wanted = metric_names(objective, dataset.schema)
    if QUANTITIES[0] in wanted:
        yield from _findings(QUANTITIES, quantities, "lower", "column mean", subset, context)
    if CLASSES[0] in wanted:
        yield from _findings(CLASSES, classes, "higher", "most frequent", subset, context)


def _commonest(cells: TabularLikelihood, subset: Subset, name: str) -> Tensor:
    """Return the most frequent answer or class of each column in train (K,)."""
    code_nK = cells.read(subset.batch(slice(0, len(subset))).inputs[name])[1]
    known = (x[~x.isnan()] for x in code_nK.unbind(1))
    modes = [x.mode().values if len(x) else x.new_zeros(()) for x in known]
    return torch.stack(modes) if modes else code_nK.new_zeros(0)


def _compared(
    network: nn.Module, encoder: Encoder, subset: Subset, one: InputSchema, cells: TabularLikelihood, common_K: Tensor
) -> tuple[_Found, _Found]:
    """Hide cells, let the network fill them in, and return what came of quantities, and of classes and answers."""
    training, quantities, classes = network.training, [], []
    network.eval()
    try:
        with torch.inference_mode():
            for start in range(0, len(subset), TOGETHER):
                batch = subset.batch(slice(start, start + TOGETHER))
                raw = batch.inputs[one.name]
                where = chance(torch.full(raw.shape, SHARE), Rng(0, 0, batch.row_B).fold_in("imputed"), "hidden")
                hidden = cells.hidden(raw, where)
                made = encoder.reconstruct(network, batch.with_inputs({**batch.inputs, one.name: hidden}))[one.name]
                (z, code), (left_z, left_code), (own_z, own_code) = map(cells.read, (raw, hidden, made.to(raw.dtype)))
                quantities.append(_cells(~z.isnan() & left_z.isnan(), (z - own_z).abs(), z.abs(), start))
                right, common = (code == own_code).float(), (code == common_K).float()
                classes.append(_cells(~code.isnan() & left_code.isnan(), right, common, start))
    finally:
        network.train(training)
    return _joined(quantities), _joined(classes)


def _cells(gone: Tensor, own: Tensor, column: Tensor, start: int) -> _Found:
    row_m = gone.nonzero()[:, 0] + start
    return _Found(row_m.numpy(), own[gone].double().numpy(), column[gone].double().numpy())


def _joined(parts: list[_Found]) -> _Found:
    return _Found(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _findings(
    target_types: tuple[str, str],
    found: _Found,
    better: Literal["higher", "lower"],
    column: str,
    subset: Subset,
    context: EvaluationContext,
) -> Iterator[Finding]:
    """Yield the mean over hidden cells, that of the column's own value, and how much better the network is; cells of a
    row are not taken for independent.
    """
    name, gain = target_types
    group_m = found.row_m if subset.group is None else subset.group[found.row_m]
    again = Reproduction(producer="imputed", seed=context.seed, repeat="exact", tolerance=1e-5)
    common: dict[str, Any] = {"split": context.split, "levels": context.levels, "again": again}
    sign = 1 if better == "higher" else -1
    most = 1.0 if better == "higher" else np.inf

    def measured(values_m: np.ndarray, low: float = -np.inf, high: float = np.inf) -> Measurement:
        if not len(values_m):
            return absent(say("evaluation.nothing-masked"))
        one = mean_of(values_m, context.levels, group_m, low=low, high=high)
        return one._replace(method=f"{100 * SHARE:.0f} % of the known cells, masked at random; {one.method}")

    yield finding(name, measured(found.own_m, low=0.0, high=most), better=better, **common)
    by_column = measured(found.column_m, low=0.0, high=most)
    yield finding(name, by_column, better=better, group=f"baseline={column}", section="baselines", **common)
    yield finding(gain, measured(sign * (found.own_m - found.column_m)), better="higher", **common)


def impute(network: nn.Module, objective: BoundObjective, schema: Schema, subset: Subset) -> dict[str, pl.Series]:
    """Return, for each column of a table that lacks cells in some rows, its values with what the network puts there
    instead.

    They are called ``impute(age)``; nothing where the objective makes no rows again.
    """
    one, encoder = table_of(objective, schema), objective.capability("encoder")
    if one is None or encoder is None or not len(subset):
        return {}
    filled, gaps = _filled(network, encoder, one, subset)
    columns, start = {}, 0
    for field in one.fields:
        kind = column_type(field.kind)
        end = start + kind.width(field.state)
        modelled = kind.cell is not None and kind.cell(field.state).form != "derived"
        if gaps[:, start].any() and modelled:
            columns[f"completed({field.name})"] = pl.Series(kind.decode(filled[:, start:end], field.state))
        start = end
    return columns


def _filled(network: nn.Module, encoder: Encoder, one: InputSchema, subset: Subset) -> tuple[np.ndarray, np.ndarray]:
    """Return raw rows of a table (n,F) without gaps, and where these were."""
    cells, training = TabularLikelihood(one.fields, 1.0), network.training
    found, gone = [], []
    network.eval()
    try:
        with torch.inference_mode():
            for batch in subset.batches(TOGETHER):
                raw = batch.inputs[one.name]
                there = cells.there(raw)
                found.append(torch.where(there, raw, encoder.reconstruct(network, batch)[one.name].to(raw.dtype)))
                gone.append(~there)
    finally:
        network.train(training)
    return torch.cat(found).numpy(), torch.cat(gone).numpy()


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from imputation(
        subject.network, subject.objective, subject.dataset, subject.test_rows, subject.context("test")
    )


def _applies(subject: Subject) -> str | None:
    if table_of(subject.objective, subject.dataset.schema) is None:
        return say("evaluation.no-imputation")
    return of_test_rows(subject)


ANALYSIS = Analysis(
    name="imputation",
    question="How accurately are missing values imputed?",
    section="metrics",
    run=_run,
    applies=_applies,
    metrics=(
        Metric(
            "imputation_error",
            "Imputation error (normalised)",
            "mean absolute error of imputed numbers, in training standard deviations",
            better="lower",
        ),
        Metric(
            "imputation_error_reduction",
            "Imputation error reduction",
            "mean imputation's error minus the network's; above zero, the network is better",
            better="higher",
        ),
        Metric(
            "imputation_accuracy",
            "Imputation accuracy",
            "share of masked categorical cells imputed correctly",
            "%",
            "higher",
        ),
        Metric(
            "imputation_accuracy_gain",
            "Imputation accuracy gain",
            "accuracy minus that of the most frequent category",
            "%",
            "higher",
        ),
    ),
    requirable=metric_names,
)
