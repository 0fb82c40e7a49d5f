"""Tables that a network makes: of use in the place of real ones? Models fitted to them, and models that tell them
apart.

Shapes: m new rows, n real rows, F columns of the table as it is encoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import StratifiedKFold
from torch import nn

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.core.schema import InputSchema, Schema
from leadline.data.columns.contract import column_type, input_type
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.evaluation.feature_space import RawFeatures, random_rows
from leadline.evaluation.samples import Inputs, by_class
from leadline.metrics.generative import sample_quality as metrics
from leadline.metrics.statistics import paired
from leadline.metrics.statistics.intervals import proportion
from leadline.metrics.statistics.measurement import Measurement, absent
from leadline.nn.rng import seed_for
from leadline.objectives.capabilities import Generator
from leadline.objectives.contract import EvaluationContext

METRICS = (
    Metric(
        "synthetic_gap",
        "Train-on-synthetic gap",
        "loss of models trained on synthetic data minus that of models trained on real data (TSTR)",
        better="lower",
    ),
    Metric(
        "discriminator_accuracy",
        "Discriminator accuracy (classifier two-sample test)",
        "accuracy of boosted trees in separating generated from real rows; 50 % is chance",
        "%",
        "lower",
    ),
    Metric(
        "correlation_difference",
        "Correlation difference",
        "mean absolute difference of pairwise correlations between generated and real rows",
        better="lower",
    ),
)
NAMES = tuple(metric.id for metric in METRICS)
FOLDS = 5
PREDICTED = 8  # columns that are predicted from the others, at most
FITTED = 5_000  # rows that a model is fitted to, at most
FEWEST = 20  # rows with a value that a model is fitted to
CODES = 255  # classes of a column that trees split by themselves


class _Rows(NamedTuple):
    """Columns that something is predicted from (n,F), and the answers (n,)."""

    x_nF: np.ndarray
    y_n: np.ndarray

    def known(self) -> _Rows:
        """Return the rows whose answer is known."""
        there_n = ~np.isnan(self.y_n)
        return _Rows(self.x_nF[there_n], self.y_n[there_n])


class _Task(NamedTuple):
    """Something to predict: its name, whether it is one of several classes, which columns are codes; new, real and test
    rows.
    """

    name: str
    classes: bool
    coded: list[int]
    new: _Rows
    real: _Rows
    test: _Rows


def is_single_table(schema: Schema) -> bool:
    """Say whether rows are those of one table."""
    return len(schema.inputs) == 1 and input_type(schema.inputs[0].kind).columns is not None


def measures(
    network: nn.Module,
    generator: Generator,
    dataset: Dataset,
    test: Subset,
    new: Inputs,
    raw: RawFeatures,
    context: EvaluationContext,
) -> Iterator[tuple[str, Measurement, Any]]:
    """Yield by name what new rows are worth: what models fitted to them lose beside models fitted to real ones, how
    well a model tells them from test rows, and how correlations differ; and whether more of it is better.
    """
    one = dataset.schema.inputs[0]
    held = test.batch(slice(0, len(test))).inputs
    tasks = list(_tasks(network, generator, dataset, test, new, context.seed))
    yield "synthetic_gap", _gap(tasks, context, test.group), "lower"
    yield (
        "discriminator_accuracy",
        _told_apart(one, new[one.name].numpy(), held[one.name].numpy(), context, test.group),
        "lower",
    )
    difference = metrics.correlation_difference(raw.columns(new), raw.columns(held), context.levels, test.group)
    yield "correlation_difference", difference, "lower"


def _tasks(
    network: nn.Module, generator: Generator, dataset: Dataset, test: Subset, new: Inputs, seed: int
) -> Iterator[_Task]:
    """Yield what is predicted: the target where rows of a class can be asked for, else each column from the others."""
    one = dataset.schema.inputs[0]
    train = dataset.splits["train"]
    if generator.conditional and dataset.schema.classes:
        own = random_rows(train.labelled, min(FITTED, len(train)), seed, "synthetic")
        held = test.labelled
        assert own.target is not None
        assert held.target is not None
        count_C = np.bincount(own.target.astype(np.int64), minlength=len(dataset.schema.classes))
        rows, class_m = by_class(network, generator, dataset.schema, count_C, seed)
        assert dataset.schema.target is not None
        if len(held) >= FEWEST:
            sides = [(rows[one.name].numpy(), class_m), (_raw(own, one), own.target), (_raw(held, one), held.target)]
            found = [_Rows(_plain(one, x), y.astype(np.float64)) for x, y in sides]
            yield _Task(dataset.schema.target.name, True, _coded(one), *found)
        return
    count = min(FITTED, len(train), len(new[one.name]))
    sides_x = [new[one.name].numpy()[:count], _raw(random_rows(train, count, seed, "synthetic"), one), _raw(test, one)]
    for name, at, classes in _predictable(one):
        kept = [column for column in range(sides_x[0].shape[1]) if column != at]
        if not kept:
            return
        plain = [_Rows(_plain(one, x)[:, kept], x[:, at].astype(np.float64)) for x in sides_x]
        fitted, real, held_rows = (rows.known() for rows in plain)
        if min(len(fitted.y_n), len(real.y_n)) >= FEWEST and len(held_rows.y_n) == len(test):
            yield _Task(name, classes, [kept.index(c) for c in _coded(one) if c != at], fitted, real, held_rows)


def _predictable(one: InputSchema) -> list[tuple[str, int, bool]]:
    """Return some columns, evenly spread, by name and place, and whether each is one of several classes."""
    found, start = [], 0
    for field in one.fields:
        kind = column_type(field.kind)
        cell = kind.cell(field.state) if kind.cell is not None else None
        classes = cell is not None and cell.codes[0] > 0
        if cell is not None and (classes or cell.form == "quantity"):
            found.append((field.name, start, classes))
        start += kind.width(field.state)
    return [found[int(at)] for at in np.unique(np.linspace(0, len(found) - 1, PREDICTED).astype(int))] if found else []


def _coded(one: InputSchema) -> list[int]:
    """Return which columns of the encoded table are codes of classes."""
    coded, start = [], 0
    for field in one.fields:
        kind = column_type(field.kind)
        coded += [start] * bool(kind.codes(field.state))
        start += kind.width(field.state)
    return coded


def _raw(subset: Subset, one: InputSchema) -> np.ndarray:
    return subset.batch(slice(0, len(subset))).inputs[one.name].numpy()


def _plain(one: InputSchema, x_nF: np.ndarray) -> np.ndarray:
    """Return an encoded table as trees take it."""
    plain_nF = x_nF.astype(np.float64)
    coded = _coded(one)
    plain_nF[:, coded] = np.nan_to_num(plain_nF[:, coded]).clip(0, CODES - 1)
    return plain_nF


def _gap(tasks: list[_Task], context: EvaluationContext, group: np.ndarray | None) -> Measurement:
    """Return how much more models lose that were fitted to new rows than those fitted to as many real ones, on test
    rows.

    A loss is whether a class is wrong, or the squared error in variances of the test rows; the mean over what is
    predicted.
    """
    if not tasks:
        return absent(say("evaluation.no-predictable-column"))
    lost = {
        name: np.mean([_loss(task, rows, context.seed) for task, rows in zip(tasks, sides, strict=True)], 0)
        for name, sides in (("new", [task.new for task in tasks]), ("real", [task.real for task in tasks]))
    }
    group = group if group is None or len(group) == len(lost["new"]) else None
    found = paired.mean_difference(lost["new"], lost["real"], context.levels, group)
    note = (
        f"boosted trees that predict {', '.join(task.name for task in tasks)}, fitted to {len(tasks[0].new.y_n):,}"
        f" generated and {len(tasks[0].real.y_n):,} real training rows: mean loss {lost['new'].mean():.3g} and"
        f" {lost['real'].mean():.3g} (error rate, squared error in variances)"
    )
    return found._replace(method=f"{note}; {found.method}")


def _loss(task: _Task, rows: _Rows, seed: int) -> np.ndarray:
    """Return what a model that is fitted to some rows loses on each test row (n,)."""
    truth_n = task.test.y_n
    if np.ptp(rows.y_n) == 0:
        said_n = np.full(len(truth_n), rows.y_n[0])
    else:
        said_n = _trees(task.classes, task.coded, rows, seed).predict(_filled(task.test.x_nF, rows.x_nF))
    lost_n: np.ndarray = (said_n != truth_n).astype(np.float64) if task.classes else np.square(said_n - truth_n)
    return lost_n if task.classes else lost_n / max(float(np.var(truth_n)), 1e-12)


def _trees(classes: bool, coded: list[int], rows: _Rows, seed: int) -> Any:
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    trees = kind(categorical_features=coded or None, early_stopping=False, random_state=seed_for(seed, "trees") % 2**32)
    return trees.fit(_filled(rows.x_nF, rows.x_nF), rows.y_n)


def _filled(x_nF: np.ndarray, fitted_nF: np.ndarray) -> np.ndarray:
    """Return columns with 0 in those that are empty where a model is fitted, which scikit-learn would stumble over."""
    filled_nF: np.ndarray = np.where(np.isnan(fitted_nF).all(0), 0.0, x_nF)
    return filled_nF


def _told_apart(
    one: InputSchema, new_mF: np.ndarray, real_nF: np.ndarray, context: EvaluationContext, group: np.ndarray | None
) -> Measurement:
    """Return how often trees tell whether a row that they were not fitted to is new or real (Lopez-Paz & Oquab
    2017).
    """
    rows = min(len(new_mF), len(real_nF), FITTED)
    if rows < FEWEST:
        return absent(say("evaluation.fewer-than", fewest=FEWEST), rows)
    x_nF = np.concatenate([_plain(one, new_mF[:rows]), _plain(one, real_nF[:rows])])
    is_new = np.repeat([1.0, 0.0], rows)
    right_n = np.zeros(len(x_nF), dtype=bool)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed_for(context.seed, "told apart") % 2**32)
    for fitted, held in folds.split(x_nF, is_new):
        trees = _trees(True, _coded(one), _Rows(x_nF[fitted], is_new[fitted]), context.seed)
        right_n[held] = trees.predict(_filled(x_nF[held], x_nF[fitted])) == is_new[held]
    groups = (
        None
        if group is None
        else np.concatenate([-1 - np.arange(rows), np.unique(group[:rows], return_inverse=True)[1]])
    )
    method = f"boosted trees, cross-validated on {rows:,} generated and as many test rows; Wilson score"
    method += "" if group is None else ", effective n of the groups"
    return Measurement(float(right_n.mean()), proportion(right_n, context.levels, groups), len(right_n), method)
