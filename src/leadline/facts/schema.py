"""The typed schema of a dataset: which inputs a network gets, from which columns, and what it predicts.

A schema is JSON and travels with a run (`schema.json`): with it, new rows are encoded exactly as the training rows were.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadline.facts.base import Fact
from leadline.facts.component import Component


class FieldSchema(Fact):
    """One column: its name, its kind and what was fitted on the train rows (plain JSON)."""

    name: str
    kind: str
    state: Mapping[str, Any]


class InputSchema(Fact):
    """One input of the network.

    `kind` is ``table`` (all scalar columns together, encoded as one float32 matrix (B,F), NaN where missing) or the kind of its
    one media column (``image``: uint8 (B,C,H,W)). `shape` is that of one encoded row.
    """

    name: str
    kind: str
    fields: tuple[FieldSchema, ...]
    shape: tuple[int, ...]
    augment: tuple[Component, ...] = ()


class Schema(Fact):
    """All inputs and the target (None for data without one)."""

    inputs: tuple[InputSchema, ...]
    target: FieldSchema | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the target's classes, in the order of their numbers; empty for a numeric target."""
        return tuple(self.target.state["classes"]) if self.target and "classes" in self.target.state else ()
