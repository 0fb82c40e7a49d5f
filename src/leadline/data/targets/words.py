"""Targets and predictions of any type as people read them, and the columns of tables of them.

Shapes: n rows of a split.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from leadline.core.schema import Schema
from leadline.data.targets.contract import target_type


def describe(schema: Schema) -> str:
    """Return in words what is predicted."""
    assert schema.target is not None
    return target_type(schema.target.kind).display.describe(schema)


def in_words(schema: Schema, values: np.ndarray) -> pl.Series:
    """Return targets or decisions (n, ...) as people read them; null where a row has none."""
    if schema.target is None:
        return pl.Series(values)
    return target_type(schema.target.kind).display.decode(values, schema)


def predictions_in_words(schema: Schema, columns: Mapping[str, np.ndarray]) -> dict[str, pl.Series]:
    """Return what was decided: ``predicted``, the probability of each class or label ``p(cat)``, and all else by its
    name.

    Of several targets each has columns of its own: ``predicted_income``, ``p(income: rich)``, ``std(age)``.
    """
    display = None if schema.target is None else target_type(schema.target.kind).display
    if display is not None and display.predicted is not None:
        return display.predicted(schema, columns)
    labels = () if display is None or schema.target is None else display.labels(schema.target.state)
    words = {"predicted": in_words(schema, columns["prediction"])} if "prediction" in columns else {}
    for name, values in columns.items():
        if name == "probability":
            words |= {f"p({label})": pl.Series(values[:, at]) for at, label in enumerate(labels)}
        elif name != "prediction":
            words[name] = pl.Series(values)
    return words


def targets_in_words(schema: Schema, target: np.ndarray) -> dict[str, pl.Series]:
    """Return true targets (n, ...): ``target``, and what else its type says of them; of several, each its own.

    Null where one of several is missing; nothing where there is no target.
    """
    if schema.target is None:
        return {}
    actual = target_type(schema.target.kind).display.actual
    return {"target": in_words(schema, target)} if actual is None else actual(schema, target)


def named_classes(number_n: np.ndarray, names: tuple[str, ...]) -> pl.Series:
    """Return class numbers (n,) as their names; null for -1, of rows without a class."""
    at = pl.Series(np.maximum(number_n, 0))
    return pl.Series(names, dtype=pl.String).gather(at).set(pl.Series(number_n < 0), None)
