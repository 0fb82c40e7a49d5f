"""The parts of targets and decisions that belong to one of several tasks.

Shapes: B rows of a batch, n rows of a split, W columns of the encoded targets.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from leadline.core.schema import Task


def of_task(task: Task, target_BW: Tensor) -> tuple[Tensor, Tensor]:
    """Return where the target of a task is known (B,) and the target, as if it were the only one; 0 where it is not
    known.
    """
    own = target_BW[:, task.columns]
    known_B = ~own.isnan().any(-1)
    own = torch.nan_to_num(own)
    if task.schema.labels:
        return known_B, own
    own = own.squeeze(-1)
    return known_B, own.to(torch.int64) if task.schema.classes else own


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
