"""What the best single column reaches: whatever a network makes of all columns has to beat it.

The column and its rule are chosen on train rows alone, by the same rules by which such columns are named before
training (`data/checks/single_column.py`); they are measured on test rows beside the baselines.

Shapes in names: M rows that the rule is learned from, n test rows.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import Schema
from leadline.data.checks import single_column as rules
from leadline.data.checks.single_column import Rule, best_rule
from leadline.data.columns.contract import column_type, input_type
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.data.targets import target_type
from leadline.evaluation.baselines import Baseline
from leadline.evaluation.comparison import UncomparedModel
from leadline.metrics.statistics import paired
from leadline.metrics.statistics.findings import finding
from leadline.objectives.contract import BoundObjective, EvaluationContext
from leadline.training.classical import LEARNT

NAME = "single-column"
ROWS = 20_000  # train rows at most that columns are judged by
LEARNED = 200_000  # that the rule of the best is learned from
VALUES = 10_000_000  # of rows and columns that are looked at, at most, as long as there are FEWEST rows
FEWEST = 2_000
HOW: Mapping[str, str] = {
    "value": "evaluation.single-column-by-value",
    "range": "evaluation.single-column-by-range",
    "line": "evaluation.single-column-by-line",
}


class Column(NamedTuple):
    """A scalar column of an input, where its encoded values lie, and whether they are quantities."""

    name: str
    input: str
    at: int
    ordered: bool


class SingleColumn(NamedTuple):
    """The column that alone predicts best on train rows, its rule, and what it predicts for the test rows."""

    column: str
    rule: Rule
    baseline: Baseline


def single_column(objective: BoundObjective, dataset: Dataset) -> SingleColumn | None:
    """Return the column that predicts the target best on the train rows; None where no column can, or what is learned
    is neither classes nor a number.
    """
    goal, columns = dataset.schema.target, _columns(dataset)
    if goal is None or not columns or objective.supervision.classical_target not in LEARNT:
        return None
    began, train = time.perf_counter(), _different(dataset.splits["train"].labelled)
    quantity = target_type(goal.kind).encoding.quantity
    judged = _some(train, min(ROWS, max(FEWEST, VALUES // len(columns))))
    found = [(one, rule) for one in columns if (rule := _rule(one, judged, quantity)) is not None]
    if not found:
        return None
    best, rule = min(found, key=lambda each: each[1].left)
    learned = _some(train, LEARNED)
    rule = _rule(best, learned, quantity) or rule
    assert learned.target is not None
    decided = _decided(
        rule, _values(learned, best), learned.target, _values(dataset.splits["test"], best), objective, dataset.schema
    )
    return SingleColumn(best.name, rule, Baseline(NAME, decided, len(learned), time.perf_counter() - began))


def single_column_comparison(
    one: SingleColumn, network: Baseline, objective: BoundObjective, context: EvaluationContext
) -> UncomparedModel:
    """Return what the column reaches on the test rows of `context`, and its difference to the network there."""
    decision, decided = objective.decision, (one.baseline.decided, network.decided)
    scores = [decision.per_example_score(each, context.target, context.schema) for each in decided]
    (measure, own_n), (_, other_n) = (score for score in scores if score is not None)
    group, how = f"baseline={NAME}", say(HOW[one.rule.how], column=one.column, rows=one.baseline.rows)
    options = {"name": NAME, "column": one.column, "rows": one.baseline.rows}
    again = Reproduction(producer="baselines", options=options, tolerance=1e-4)
    (measured,) = (
        f
        for f in decision.measure(one.baseline.decided, context)
        if isinstance(f, Finding) and f.name == measure and f.group is None
    )
    method = "; ".join(filter(None, (measured.method, how)))
    measured = measured.model_copy(update={"group": group, "again": again, "method": method})
    gain = (
        paired.accuracy_difference(own_n, other_n, context.levels, context.group)
        if own_n.dtype == bool
        else paired.mean_difference(-own_n, -other_n, context.levels, context.group)
    )
    difference = finding(
        f"{measure}_difference",
        gain._replace(method=f"improvement over the network on the same examples; {gain.method}"),
        split="test",
        group=group,
        levels=context.levels,
        unit=measured.unit,
        better="higher",
        again=again,
    )
    shown = Baseline(say("exhibits.single-column", column=one.column), one.baseline.decided, one.baseline.rows)
    return UncomparedModel(shown, measured, difference)


def _columns(dataset: Dataset) -> list[Column]:
    """Return the scalar columns of all inputs whose rows are values of columns side by side."""
    found = []
    for one in dataset.schema.inputs:
        at, own = 0, input_type(one.kind)
        for field in () if own.columns is None else own.columns(one):
            kind = column_type(field.kind)
            form = None if kind.cell is None else kind.cell(field.state).form
            if form in ("quantity", "moment", "class", "yes"):
                found.append(Column(field.name, one.name, at, form in ("quantity", "moment")))
            at += kind.width(field.state)
    return found


def _different(train: Subset) -> Subset:
    """Return one row of each group, copies among them, where there are enough: of another row of the same group any
    column foretells the target.
    """
    if train.group is None:
        return train
    _, first = np.unique(train.group, return_index=True)
    return train.subset(np.sort(first)) if len(first) >= rules.FEWEST else train


def _some(subset: Subset, most: int) -> Subset:
    """Return the rows of a subset, evenly spaced where there are more than so many."""
    if len(subset) <= most:
        return subset
    return subset.subset(np.linspace(0, len(subset) - 1, most).astype(np.int64))


def _values(subset: Subset, column: Column) -> np.ndarray:
    """Return the encoded values (M,) of a column, NaN where missing."""
    return subset.raw(column.input)[:, column.at].numpy().astype(np.float64)


def _rule(column: Column, train: Subset, quantity: bool) -> Rule | None:
    """Return the best rule of a column, going by some train rows."""
    target = train.target
    assert target is not None
    return best_rule(_values(train, column), target, quantity=quantity, ordered=column.ordered)


def _decided(
    rule: Rule,
    train_M: np.ndarray,
    goal_M: np.ndarray,
    test_n: np.ndarray,
    objective: BoundObjective,
    schema: Schema,
) -> Mapping[str, np.ndarray]:
    """Return the best constant prediction of the train rows of the same cell, along the rule's line, for each test
    row; for cells without train rows that of all of them.
    """
    cell_Mn = rule.cells(np.concatenate([train_M, test_n]))
    cell_M, cell_n = cell_Mn[: len(train_M)], cell_Mn[len(train_M) :]
    left_M = goal_M - rule.along(train_M) if rule.how == "line" else goal_M
    order = np.argsort(cell_M, kind="stable")
    sorted_M = cell_M[order]
    columns: dict[str, np.ndarray] = {}
    for cell in np.unique(cell_n):
        low, high = np.searchsorted(sorted_M, [cell, cell + 1])
        known = left_M[order[low:high]] if high > low else goal_M
        at = np.flatnonzero(cell_n == cell)
        _, answer = objective.decision.dummy_predictor(known, len(at), schema)
        for name, values in answer.items():
            columns.setdefault(name, np.empty((len(cell_n), *values.shape[1:]), values.dtype))[at] = values
    if rule.how == "line":
        columns["prediction"] = columns["prediction"] + rule.along(test_n)
    return columns
