"""The parts of targets and decisions that belong to one of several tasks.

Shapes: B rows of a batch, n rows of a split, W columns of the encoded targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from leadline.core.schema import Schema
from leadline.data.targets.contract import target_type
from leadline.data.targets.rows import parts


class Task(NamedTuple):
    """One of several targets: the schema as it would be with this target alone, and its `columns` of the encoded
    target.
    """

    name: str
    schema: Schema
    columns: slice


def tasks_of(schema: Schema) -> tuple[Task, ...]:
    """Return the targets that a schema's target consists of."""
    assert schema.target is not None
    fields = parts(schema.target)
    widths = [target_type(field.kind).encoding.width(field.state) for field in fields]
    return tuple(
        Task(field.name, schema.model_copy(update={"target": field}), slice(end - width, end))
        for field, width, end in zip(fields, widths, accumulate(widths), strict=True)
    )


def of_task(task: Task, target_BW: Tensor) -> tuple[Tensor, Tensor]:
    """Return where the target of a task is known (B,) and the target, as if it were the only one; 0 where it is not
    known.
    """
    assert task.schema.target is not None
    own = target_BW[:, task.columns]
    known_B = ~own.isnan().any(-1)
    return known_B, target_type(task.schema.target.kind).encoding.shaped(torch.nan_to_num(own))


def labelled_rows(task: Task, target_nW: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of the rows whose target of a task is known, and their targets, as if it were the only
    one.
    """
    known_n, target_n = of_task(task, torch.from_numpy(np.ascontiguousarray(target_nW)))
    rows = np.flatnonzero(known_n.numpy())
    return rows, target_n.numpy()[rows]


def predictions_of(
    task: Task, decisions: Mapping[str, np.ndarray], rows: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Return the decisions on one task, by their own names, for all rows or some."""
    end = f"({task.name})"
    own = {name.removesuffix(end): values for name, values in decisions.items() if name.endswith(end)}
    return own if rows is None else {name: values[rows] for name, values in own.items()}
