"""The rows of a training's log, and what was out of the ordinary in it; a checkpoint holds all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from torch import Tensor

from leadline.run.trained import FIRST, Event


class History:
    """The rows of the log, oldest first, and events; `epochs` of `total` steps tell in which epoch a step is."""

    def __init__(self, epochs: int, total: int) -> None:
        self.epochs, self.total = epochs, total
        self.rows: list[dict[str, Any]] = []
        self.events: list[Event] = []

    def epoch(self, step: int) -> float:
        """Return how many epochs so many steps are."""
        return step * self.epochs / self.total  # multiplied first, the end of an epoch is a whole number

    def happened(self, step: int, what: str) -> None:
        """Note something out of the ordinary after so many steps."""
        self.events.append(Event(step, self.epoch(step), what))

    def forget(self, after: int) -> None:
        """Drop the rows of later steps: training has gone back behind them."""
        self.rows = [row for row in self.rows if row["step"] <= after]

    def frame(self) -> pl.DataFrame:
        """Return the rows as a table, the columns that every run has first."""
        found = pl.DataFrame(self.rows, infer_schema_length=None)
        return found.select(*FIRST, *sorted(set(found.columns) - set(FIRST)))  # checkpoints keep no order

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what a checkpoint holds of it."""
        return {}, {"rows": self.rows, "events": self.events}

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Go on from what a checkpoint holds."""
        self.rows = scalars["rows"]
        self.events = [Event(*event) for event in scalars["events"]]
