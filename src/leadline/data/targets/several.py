"""Several targets at once: each of several columns is one for itself, of a type of its own.

Shapes: N rows of the dataset, n rows of a split, W columns of all targets side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import torch

from leadline.core.catalogue import say
from leadline.core.schema import ColumnSchema, Schema
from leadline.data.columns.contract import ColumnState
from leadline.data.table import Progress, Table
from leadline.data.targets import rows, words
from leadline.data.targets.candidate import Candidate
from leadline.data.targets.contract import (
    Display,
    Encoding,
    Fitting,
    Read,
    Recognition,
    Target,
    TargetType,
    target_type,
)
from leadline.data.targets.selection import select_column
from leadline.data.targets.tasks import labelled_rows, predictions_of, tasks_of
from leadline.data.targets.values import EncodedTarget, Numbers, Stratum, TargetSelection, WorstErrors

OF_TASK = 12  # mistakes shown of each


def _several(candidate: Candidate) -> bool:
    return len(candidate.columns) > 1


def _select(candidate: Candidate, asked: bool) -> TargetSelection:
    tasks = [
        select_column(candidate.table, candidate.spec, name, candidate.target_types.get(name, ()), only=False)
        for name in candidate.columns
    ]
    return TargetSelection(candidate.name, "several", None, candidate.columns, tuple(tasks))


def _fit(table: Table, selection: TargetSelection, train: np.ndarray) -> ColumnState:
    tasks = [rows.fit(table, task, train).model_dump(mode="json") for task in selection.tasks]
    return {"columns": list(selection.columns), "tasks": tasks}


def _parts(target: Target) -> tuple[Target, ...]:
    if isinstance(target, TargetSelection):
        return target.tasks
    return tuple(ColumnSchema.model_validate(task) for task in target.state["tasks"])


def _with_parts(field: ColumnSchema, parts: Sequence[ColumnSchema]) -> ColumnSchema:
    told = [part.model_dump(mode="json") for part in parts]
    return field.model_copy(update={"state": {**field.state, "tasks": told}})


def _present(frame: pl.DataFrame, target: Target) -> np.ndarray:
    return np.asarray(np.any([rows.present(frame, task) for task in _parts(target)], axis=0))


def _encode(table: Table, field: ColumnSchema, progress: Progress | None, read: Read | None) -> EncodedTarget:
    """Return the columns of all targets side by side, NaN where one is missing."""
    found = []
    for task in rows.parts(field):
        columns = target_type(task.kind).encoding.columns
        assert columns is not None
        found.append(columns(table, task, progress))
    for one in found:
        one.values[one.missing] = np.nan
    values = np.concatenate([one.values for one in found], axis=1).astype(np.float32)
    missing = np.all([one.missing for one in found], axis=0)
    problems = pl.concat([one.problems for one in found]).unique("row", keep="first", maintain_order=True)
    whole = Numbers(values, missing, problems)
    return EncodedTarget(torch.from_numpy(values), rows.with_missing(whole, field.name, say("targets.values-missing")))


def _unvaried(schema: Schema, values: np.ndarray) -> str | None:
    same = (task.name for task in tasks_of(schema) if not rows.varies(values[:, task.columns]))
    return next((f"target {name!r}" for name in same), None)


def _stratum(target: Target) -> Stratum | None:
    found = (rows.stratum(task) for task in _parts(target))
    return next((one for one in found if one is not None and one.classes), None)


def _describe(schema: Schema) -> str:
    tasks = tasks_of(schema)
    each = "; ".join(f"{task.name}: {words.describe(task.schema)}" for task in tasks)
    return say("targets.described-several", count=len(tasks), targets=each)


def _predicted(schema: Schema, columns: Mapping[str, np.ndarray]) -> dict[str, pl.Series]:
    found: dict[str, pl.Series] = {}
    for task in tasks_of(schema):
        own = words.predictions_in_words(task.schema, predictions_of(task, columns))
        found |= {_of_task(name, task.name): series for name, series in own.items()}
    return found


def _actual(schema: Schema, target: np.ndarray) -> dict[str, pl.Series]:
    found: dict[str, pl.Series] = {}
    for task in tasks_of(schema):
        known, own = labelled_rows(task, target)
        at = pl.Series(np.full(len(target), None), dtype=pl.UInt32).scatter(known, np.arange(len(known)))
        told = words.targets_in_words(task.schema, own)
        found |= {_of_task(name, task.name): series.gather(at) for name, series in told.items()}
    return found


def _of_task(name: str, task: str) -> str:
    if name in ("predicted", "target"):
        return f"{name}_{task}"
    measure, bracket, rest = name.partition("(")
    return f"{measure}({task}: {rest}" if bracket else f"{name}({task})"


def _worst(
    schema: Schema, target: np.ndarray, predictions: Mapping[str, np.ndarray], most: int
) -> tuple[WorstErrors, ...]:
    found = []
    for number, task in enumerate(tasks_of(schema), start=1):
        known, own = labelled_rows(task, target)
        assert task.schema.target is not None
        worst = target_type(task.schema.target.kind).display.worst
        found += [
            one._replace(
                title=f"{one.title}: {task.name}", at=known[list(one.at)].tolist(), name=f"{one.name}-{number}"
            )
            for one in worst(task.schema, own, predictions_of(task, predictions, known), OF_TASK)
        ]
    return tuple(found)


TARGET = TargetType(
    kind="several",
    noun="several targets",
    objective="multitask",
    recognition=Recognition(
        _select, infer=lambda candidate: 0.5 if _several(candidate) else 0.0, admits=_several, single=False
    ),
    fitting=Fitting(_fit, parts=_parts, with_parts=_with_parts),
    encoding=Encoding(_present, encode=_encode, unvaried=_unvaried, stratum=_stratum),
    display=Display(describe=_describe, predicted=_predicted, actual=_actual, worst=_worst),
)
