"""Which columns of a series are forecast, which are seen beside them, and their fields.

Shapes: N rows, V variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.core.series_spec import SeriesSpec, Window
from leadline.data import inputs, targets
from leadline.data.column_inference import check_columns, kinds, shown
from leadline.data.columns.contract import column_type
from leadline.data.columns.number import LARGEST
from leadline.data.columns.scalars.parsing import as_numbers
from leadline.data.series.ordered_table import Ordered
from leadline.data.table import Progress, Table
from leadline.data.targets.candidate import MOSTLY
from leadline.data.targets.quantities import check_not_blurred
from leadline.errors import DataError, UsageError

NAME = "series"  # of the input, and its kind


class SeriesColumns(NamedTuple):
    """The kinds of the input's columns, those that are forecast first; these; why each other column was left out;
    notes.
    """

    kinds: Mapping[str, str]
    aims: tuple[str, ...]
    left_out: Mapping[str, str]
    notes: tuple[str, ...]


def choose(table: Table, spec: DataSpec, found: Ordered, progress: Progress | None = None) -> SeriesColumns:
    """Return what is forecast, from what: the target's columns, or all numbers, from all scalar columns.

    Raises UsageError for columns that are not there or cannot be used, DataError where no number is left to forecast.
    """
    assert spec.series is not None
    _check(table, spec, spec.series)
    named = targets.find(table, spec) if spec.target is not None else ()
    taken = _taken(table, spec, found)
    for column in (*named, *spec.series.known_covariates, *(spec.columns or ())):
        if column in taken:
            raise UsageError(say("series.column-taken", column=column, reason=taken[column]))
    wanted = {*named, *spec.series.known_covariates, *(spec.columns or ())}
    left_out = dict(taken)
    if spec.columns is not None:
        left_out |= {
            c: say("data.reason-not-selected") for c in table.frame.columns if c not in wanted and c not in taken
        }
    candidates = [c for c in table.frame.columns if c not in left_out]
    own = {c: kind for c, kind in spec.types.items() if c in candidates} | dict.fromkeys(named, "number")
    spec_of = spec.model_copy(update={"types": own})
    inferred = kinds(table, spec_of, candidates, asked=wanted, series=True, progress=progress)
    unfit = {
        c: say("series.reason-type", type=kind) for c, kind in inferred.kinds.items() if not column_type(kind).scalar
    }
    for column in wanted & unfit.keys():
        raise UsageError(say("series.column-type-unsuitable", column=column, type=inferred.kinds[column]))
    fit = {c: kind for c, kind in inferred.kinds.items() if c not in unfit}
    aims = named or tuple(
        c for c, kind in fit.items() if column_type(kind).spread is not None and c not in spec.series.known_covariates
    )
    if not aims:
        columns = ", ".join(map(repr, candidates)) or "none"
        raise DataError(say("series.no-numeric-column", table=table.name, columns=columns))
    for column in aims:
        _check_numbers(table, column)
    numbers = [c for c, kind in fit.items() if column_type(kind).spread is not None and c not in aims]
    others = [c for c in fit if c not in aims and c not in numbers]
    ordered = {c: fit[c] for c in (*aims, *numbers, *others)}
    calendar = {found.name: "calendar"} if spec.series.calendar else {}
    judged = inputs.InputLayout((), {}, {**inferred.left_out, **unfit}, inferred.doubts)
    return SeriesColumns(
        {**ordered, **calendar}, aims, {**left_out, **inferred.left_out, **unfit}, inputs.notes(judged)
    )


def fit(
    found: Ordered, chosen: SeriesColumns, spec: SeriesSpec, train: np.ndarray, progress: Progress | None
) -> InputSchema:
    """Return the input, its fields fitted on the train rows; `spec` has everything decided."""
    one = inputs.fit(inputs.Group(NAME, inputs.TABLE, chosen.kinds), found.table, train, progress)
    window = Window(spec=spec, aims=chosen.aims, form=found.form)
    return one.model_copy(update={"kind": NAME, "shape": (window.past + window.seen, *one.shape), "window": window})


def goal(found: Ordered, one: InputSchema, train: np.ndarray) -> ColumnSchema:
    """Return the field of what is forecast: its scale and its usual change over a season, on the train rows."""
    assert one.window is not None
    fields = one.fields[: len(one.window.aims)]
    values_NV = np.stack([as_numbers(found.table.frame[name]).to_numpy() for name in one.window.aims], 1)
    for at, field in enumerate(fields):
        check_not_blurred(found.table, field.name, found.table.frame[field.name][train], field.state)
        values_NV[~(np.abs(values_NV[:, at]) <= LARGEST), at] = np.nan
    in_train_N = np.zeros(len(values_NV), dtype=bool)
    in_train_N[train] = True
    season = found.step.season
    naive_mae, naive_steps = _changes(values_NV, found.segment_N, in_train_N, season)
    state = {
        "columns": list(one.window.aims),
        "horizon": one.window.spec.horizon,
        "mean": [field.state["mean"] for field in fields],
        "std": [field.state["std"] for field in fields],
        "season": season,
        "naive_mae": naive_mae,
        "naive_steps": naive_steps,
        "every": str(found.step),
    }
    return ColumnSchema(name=", ".join(one.window.aims), kind=NAME, state=state)


def _changes(values_NV: np.ndarray, segment_N: np.ndarray, train_N: np.ndarray, season: int) -> tuple[list[float], int]:
    """Return the mean absolute change of each variable over a season, or over a step where no train rows are a season
    apart, and over how many steps that is.
    """
    for apart in dict.fromkeys((season, 1)):
        both_M = (segment_N[apart:] == segment_N[:-apart]) & train_N[apart:] & train_N[:-apart]
        change_MV = np.abs(values_NV[apart:] - values_NV[:-apart])[both_M]
        known_V = (~np.isnan(change_MV)).sum(0)
        if known_V.all() and len(change_MV):
            totals_V = np.nansum(change_MV, 0)
            return [float(total / count) for total, count in zip(totals_V, known_V, strict=True)], apart
    return [0.0] * values_NV.shape[1], season


def _check(table: Table, spec: DataSpec, series: SeriesSpec) -> None:
    check_columns(spec.ignore, table, "⟦data.ignore⟧")
    check_columns(spec.columns or (), table, "⟦data.columns⟧")
    check_columns(series.known_covariates, table, "data.series.known_covariates")
    for entry, given in (("data.inputs", spec.inputs), ("data.weight", spec.weight), ("data.labelled", spec.labelled)):
        if given:
            raise UsageError(say("series.option-not-for-series", entry=entry))


def _taken(table: Table, spec: DataSpec, found: Ordered) -> dict[str, str]:
    """Return the columns that are something else, each with what."""
    taken = dict.fromkeys(spec.ignore, say("data.reason-ignored")) | {found.name: say("series.reason-time")}
    if found.item is not None:
        taken[found.item] = say("series.reason-series-id")
    for column in (spec.split.column, table.split):
        if column and column not in taken:
            taken[column] = say("data.reason-split")
    return taken


def _check_numbers(table: Table, column: str) -> None:
    numbers = as_numbers(table.frame[column])  # NaN where missing, null where a value is no number
    bad = numbers.is_null()
    if int(bad.sum()) > (1 - MOSTLY) * (len(numbers) - int(numbers.is_nan().sum())):
        row = int(bad.arg_true()[0])
        file, number = table.where(row)
        raise DataError(
            say(
                "series.not-a-number",
                file=file,
                row=number,
                column=column,
                value=shown(table.frame[column][row]),
            )
        )
    if not numbers.is_finite().any():
        raise DataError(say("series.no-finite-value", table=table.name, column=column))
