"""The typed schema of a dataset: which inputs a network gets, from which columns, and what it predicts.

A schema is JSON and travels with a run (`schema.json`): with it, new rows are encoded exactly as the training rows
were.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from leadline.core.base import Fact, parsed_json
from leadline.core.component import Component
from leadline.core.entries import renamed
from leadline.core.series_spec import Window

# Which train rows must have a target: every one, some (the others are learnt from without), or none.
LabelRequirement = Literal["all", "some", "none"]


class WrittenForm(Fact):
    """How the text of a column is read, as it was judged on the train rows: new rows are read the same way.

    `style` is that of numbers: ``1234.5`` (plain), ``1.234,5`` (comma) or ``1,234.5`` (point). `words` are those for
    false and true.
    """

    reads: Literal["text", "number", "boolean"]
    style: Literal["plain", "comma", "point"] = "plain"
    words: tuple[str, str] | None = None


class ColumnSchema(Fact):
    """One column: its name, its kind and what was fitted on the train rows (plain JSON).

    A target may be made of several columns: ``probabilities`` of classes, or ``several`` targets, each for itself.
    """

    name: str
    kind: str
    state: Mapping[str, Any]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the data that it is made of."""
        return tuple(self.state.get("columns", (self.name,)))


class InputSchema(Fact):
    """One input of the network.

    `kind` is ``table`` (all scalar columns together, encoded as one float32 matrix (B,F), NaN where missing) or the
    kind of its one media column (``image``: uint8 (B,C,H,W)), or ``series``: scalar columns in time order, of which a
    row is a `window` (B,T,F). `shape` is that of one encoded row.
    """

    name: str
    kind: str
    fields: tuple[ColumnSchema, ...]
    shape: tuple[int, ...]
    augment: tuple[Component, ...] = ()
    strong: tuple[Component, ...] | None = None
    window: Window | None = None


class Schema(Fact):
    """All inputs and the target (None for data without one).

    `written` says how the text of each column is read; None where a run of an earlier version did not record it.
    """

    inputs: tuple[InputSchema, ...]
    target: ColumnSchema | None = None
    written: Mapping[str, WrittenForm] | None = None

    @classmethod
    def recorded(cls, text: str | bytes) -> Schema:
        """Read the JSON of a schema that a run recorded, by version 0.1 too; raises ValueError where it is none."""
        return cls.model_validate(renamed.current_schema(parsed_json(text)))

    @property
    def windowed(self) -> bool:
        """Whether rows are windows of a series."""
        return any(one.window is not None for one in self.inputs)

    def only(self, name: str) -> Schema:
        """Return the schema with one of its inputs alone."""
        return self.model_copy(update={"inputs": tuple(one for one in self.inputs if one.name == name)})

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the target's classes, in the order of their numbers; empty for a target that is not one of
        several.
        """
        return tuple(self.target.state["classes"]) if self.target and "classes" in self.target.state else ()

    @property
    def positive(self) -> int | None:
        """The number of the class that sensitivity speaks of, where there are two classes; the second if none is
        said.
        """
        return int(self.target.state.get("positive", 1)) if self.target and len(self.classes) == 2 else None

    @property
    def unlabelled(self) -> int | None:
        """How many train rows have no class; None where that was not counted, as every row needs one, or none does."""
        return self.target.state.get("unlabelled") if self.target else None

    @property
    def labels(self) -> tuple[str, ...]:
        """What the columns of the encoded target stand for, where a row is a set of labels or has a probability for
        each.
        """
        return tuple(self.target.state["labels"]) if self.target and "labels" in self.target.state else ()

    @property
    def tags(self) -> tuple[str, ...]:
        """The names of the tags that each step of a text has one of, in the order of their numbers; empty for other
        targets.
        """
        return tuple(self.target.state["tags"]) if self.target and "tags" in self.target.state else ()
