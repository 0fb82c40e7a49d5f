"""What belongs to one of several tasks."""

from __future__ import annotations

import numpy as np
import torch

from leadline.core.schema import ColumnSchema, Schema
from leadline.data.targets.tasks import labelled_rows, of_task, predictions_of, tasks_of

FIELDS = (
    ColumnSchema(name="kind", kind="category", state={"classes": ["a", "b"]}),
    ColumnSchema(name="tags", kind="labels", state={"labels": ["x", "y"]}),
    ColumnSchema(name="age", kind="number", state={}),
)
STATE = {"columns": [f.name for f in FIELDS], "tasks": [f.model_dump(mode="json") for f in FIELDS]}
TASKS = tasks_of(Schema(inputs=(), target=ColumnSchema(name="all", kind="several", state=STATE)))
NAN = float("nan")
TARGET = np.array([[1, 0, 1, 30], [NAN, 1, 1, NAN], [0, NAN, NAN, 50]], dtype=np.float32)


def test_targets_come_apart_as_if_each_were_alone() -> None:
    there, classes = of_task(TASKS[0], torch.from_numpy(TARGET))
    assert there.tolist() == [True, False, True]
    assert classes.dtype == torch.int64
    rows, labels = labelled_rows(TASKS[1], TARGET)
    assert rows.tolist() == [0, 1]
    assert labels.tolist() == [[0, 1], [1, 1]]
    rows, ages = labelled_rows(TASKS[2], TARGET)
    assert (rows.tolist(), ages.tolist(), ages.dtype) == ([0, 2], [30, 50], np.float32)


def test_decisions_come_apart_by_name() -> None:
    decided = {"prediction(kind)": np.arange(3), "std(age)": np.arange(3) * 2, "prediction(b(age))": np.arange(3)}
    assert list(predictions_of(TASKS[2], decided)) == ["std"]
    assert predictions_of(TASKS[0], decided, np.array([2]))["prediction"].tolist() == [2]
