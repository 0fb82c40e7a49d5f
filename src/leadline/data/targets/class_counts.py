"""What decisions among classes need to know of the train rows: how many each class has, and which of two is the
positive one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from leadline.core.catalogue import say
from leadline.core.schema import ColumnSchema
from leadline.data.table import Table
from leadline.data.targets.contract import target_type
from leadline.data.targets.rows import parts
from leadline.errors import UsageError, did_you_mean


def with_class_counts(
    table: Table, target: ColumnSchema, train: np.ndarray, positive: str | None
) -> tuple[ColumnSchema, tuple[str, ...]]:
    """Return the target with `counts` of its classes among the train rows and, of two, the number of the `positive`
    one; and notes.

    That is the class the user names, else the rarer one, and the second where both are equally frequent. Of several
    targets each one of two classes gets its own. Raises UsageError where no target of two classes has the class that
    the user names.
    """
    fields = parts(target)
    states = [target_type(field.kind).fitting.counts(table, field, train, positive) for field in fields]
    if positive is not None:
        _check(positive, [state["classes"] for state in states if "classes" in state])
    notes = tuple(
        say(_how_chosen(state), column=field.name, positive=state["classes"][state["positive"]])
        for field, state in zip(fields, states, strict=True)
        if "positive" in state and positive not in state["classes"]
    )
    counted = [field.model_copy(update={"state": state}) for field, state in zip(fields, states, strict=True)]
    return target_type(target.kind).fitting.with_parts(target, counted), notes


def counted(code_N: np.ndarray, state: Mapping[str, Any], positive: str | None) -> Mapping[str, Any]:
    """Return the state of a target of classes with `counts` of class numbers (N,), -1 where there is none, and the
    number of the `positive` one of two.
    """
    classes = state["classes"]
    counts = np.bincount(code_N[code_N >= 0], minlength=len(classes)).tolist()
    state = {**state, "counts": counts}
    if len(classes) == 2:
        state["positive"] = classes.index(positive) if positive in classes else int(counts[1] <= counts[0])
    return state


def _how_chosen(state: Mapping[str, Any]) -> str:
    return "targets.positive-second" if len(set(state["counts"])) == 1 else "targets.positive-rarer"


def _check(positive: str, classes: list[list[str]]) -> None:
    pairs = [label for names in classes if len(names) == 2 for label in names]
    if positive in pairs:
        return
    if pairs:
        raise UsageError(say("targets.positive-unknown", positive=positive, suggestion=did_you_mean(positive, pairs)))
    if classes:
        raise UsageError(say("targets.positive-of-many-classes", classes=len(classes[0])))
    raise UsageError(say("targets.positive-without-classes"))
