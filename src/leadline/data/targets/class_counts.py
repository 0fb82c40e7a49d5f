"""What decisions among classes need to know of the train rows: how many each class has, and which of two is the
positive one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leadline.core.catalogue import say
from leadline.core.schema import ColumnSchema
from leadline.core.wording import quoted
from leadline.data.columns.boolean import PAIRS
from leadline.data.table import Table
from leadline.data.targets.contract import target_type
from leadline.data.targets.rows import parts
from leadline.errors import UsageError

# The second word of each says that something is so.
_SAID = (
    *PAIRS,
    ("0.0", "1.0"),
    ("-1", "1"),
    ("negative", "positive"),
    ("neg", "pos"),
    ("absent", "present"),
    ("failure", "success"),
)
_RARER = 2.0  # standard deviations of a draw of equally frequent classes that the counts of two must differ by


def with_class_counts(
    table: Table, target: ColumnSchema, train: np.ndarray, positive: str | None
) -> tuple[ColumnSchema, tuple[str, ...]]:
    """Return the target with `counts` of its classes among the train rows and, of two, the number of the `positive`
    one; and notes.

    That is the class the user names, else the one whose name says so (1, true, yes), else the rarer one, and the second
    where neither is demonstrably rarer. Of several targets each one of two classes gets its own. Raises UsageError
    where no target of two classes has the class that the user names.
    """
    fields = parts(target)
    states = [target_type(field.kind).fitting.counts(table, field, train, positive) for field in fields]
    if positive is not None:
        _check(positive, [state["classes"] for state in states if "classes" in state])
    notes = tuple(
        _how_chosen(field.name, state)
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
        state["positive"] = classes.index(positive) if positive in classes else _usual(classes, counts)
    return state


def _usual(classes: Sequence[str], counts: Sequence[int]) -> int:
    """Return the number of the positive one of two classes of which the user has named none."""
    said = _said(classes)
    return said if said is not None else 0 if _is_rarer(counts) and counts[0] < counts[1] else 1


def _said(classes: Sequence[str]) -> int | None:
    """Return which of two classes is the positive one by its name, None where neither says so."""
    words = [name.strip().lower() for name in classes]
    return next((words.index(yes) for no, yes in _SAID if set(words) == {no, yes}), None)


def _is_rarer(counts: Sequence[int]) -> bool:
    """Say whether one of two classes is rarer than by chance: of equally many rows a split draws unequal shares."""
    return bool(abs(counts[0] - counts[1]) > _RARER * sum(counts) ** 0.5)


def _how_chosen(column: str, state: Mapping[str, Any]) -> str:
    classes, counts, positive = state["classes"], state["counts"], state["positive"]
    if _said(classes) is not None:
        how = "targets.positive-by-name"
    else:
        how = "targets.positive-rarer" if _is_rarer(counts) else "targets.positive-second"
    return say(
        how,
        column=column,
        positive=classes[positive],
        negative=classes[1 - positive],
        count=counts[positive],
        rows=sum(counts),
    )


def _check(positive: str, classes: list[list[str]]) -> None:
    pairs = [label for names in classes if len(names) == 2 for label in names]
    if positive in pairs:
        return
    if pairs:
        raise UsageError(say("targets.positive-unknown", positive=positive, classes=quoted(dict.fromkeys(pairs))))
    if classes:
        raise UsageError(say("targets.positive-of-many-classes", classes=len(classes[0])))
    raise UsageError(say("targets.positive-without-classes"))
