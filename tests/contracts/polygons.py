"""A type of target and an objective as a package of somebody else would add them: outlines of things, by corners.

Nothing in Leadline knows of them. Shapes: B rows of a batch, n rows of a split, P corners of the most there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.schema import ColumnSchema, Schema
from leadline.data.columns.contract import ColumnState
from leadline.data.encoding import PROBLEMS
from leadline.data.table import Progress, Table
from leadline.data.targets.candidate import Candidate
from leadline.data.targets.contract import (
    Comparison,
    Display,
    Encoding,
    Fitting,
    Read,
    Recognition,
    Target,
    TargetType,
)
from leadline.data.targets.values import MISSING, EncodedTarget, TargetSelection, WorstErrors
from leadline.metrics.statistics import means, paired
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.measurement import Measurement
from leadline.nn.batch import Loss, Prediction
from leadline.objectives.capabilities import Head
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised.single_target import HeadDecision, single_target

POINTS = pl.List(pl.List(pl.Float64))


class Corners:
    """Outlines of all rows, corner after corner (S,2); a batch of them is (B,P,2), NaN after its last corner."""

    lengths = None

    def __init__(self, corners: Tensor, ends: Tensor, most: int) -> None:
        self.corners, self.ends, self.most = corners, ends, most

    def gather(self, row_B: Tensor) -> Tensor:
        """Return outlines (B,P,2)."""
        out = torch.full((len(row_B), self.most, 2), torch.nan)
        for place, row in enumerate(row_B.tolist()):
            own = self.corners[self.ends[row] : self.ends[row + 1]]
            out[place, : len(own)] = own
        return out

    def one(self, row: int) -> np.ndarray:
        """Return one outline (1,P,2)."""
        return self.gather(torch.tensor([row])).numpy()


def _infer(candidate: Candidate) -> float:
    column = candidate.column
    pairs = column is not None and column.dtype == POINTS and (column.drop_nulls().explode().list.len() == 2).all()
    return 0.9 if pairs else 0.0


def _select(candidate: Candidate, asked: bool) -> TargetSelection:
    note = None if asked else f"{candidate.name!r} is taken for outlines."
    return TargetSelection(candidate.name, "polygons", note, candidate.columns)


def _fit(table: Table, selection: TargetSelection, train: np.ndarray) -> ColumnState:
    column = table.frame[selection.name][train].drop_nulls()
    corners = np.array(column.explode().to_list())
    return {"most": int(column.list.len().max()), "centre": corners.mean(0).tolist()}  # type: ignore[arg-type]


def _present(frame: pl.DataFrame, target: Target) -> np.ndarray:
    return frame[target.name].is_not_null().to_numpy()


def _encode(table: Table, field: ColumnSchema, progress: Progress | None, read: Read | None) -> EncodedTarget:
    column = table.frame[field.name]
    rows = [row[: field.state["most"]] for row in column.fill_null([]).to_list()]
    ends = np.cumsum([0, *map(len, rows)])
    corners = np.array([corner for row in rows for corner in row], dtype=np.float32).reshape(-1, 2)
    missing = [(row, field.name, MISSING) for row in np.flatnonzero(~_present(table.frame, field)).tolist()]
    return EncodedTarget(
        torch.from_numpy(corners), pl.DataFrame(missing, schema=PROBLEMS, orient="row"), torch.from_numpy(ends)
    )


def _rows(target: EncodedTarget, state: ColumnState) -> Corners:
    assert target.ends is not None
    return Corners(target.values, target.ends, state["most"])


def _decode(values_nP2: np.ndarray, schema: Schema) -> pl.Series:
    return pl.Series([row[~np.isnan(row).any(1)].tolist() for row in values_nP2], dtype=POINTS)


def _off(predicted_nP2: np.ndarray, target_nP2: np.ndarray) -> np.ndarray:
    """Return how far corners are off, on average over each outline (n,)."""
    off_n: np.ndarray = np.nanmean(np.linalg.norm(predicted_nP2 - target_nP2, axis=-1), axis=1)
    return off_n


def _worst(
    schema: Schema, target: np.ndarray, predictions: Mapping[str, np.ndarray], most: int
) -> Sequence[WorstErrors]:
    off_n = _off(predictions["prediction"], target)
    at = np.argsort(-off_n, kind="stable")[:most].tolist()
    return (WorstErrors("The outlines furthest off", at, [f"corners {off_n[i]:.3g} off" for i in at]),)


def _difference(both: pl.DataFrame, schema: Schema, group_n: np.ndarray | None) -> Measurement:
    def off(name: str) -> np.ndarray:
        pairs = zip(both[name].to_list(), both["target"].to_list(), strict=True)
        return np.array([_off(np.array([said[: len(true)]]), np.array([true]))[0] for said, true in pairs])

    return paired.mean_difference(off("predicted"), off("predicted_other"), group_n=group_n)


POLYGONS = TargetType(
    kind="polygons",
    noun="an outline",
    objective="outlines",
    recognition=Recognition(_select, infer=_infer, admits=lambda candidate: _infer(candidate) > 0),
    fitting=Fitting(_fit),
    encoding=Encoding(_present, encode=_encode, rows=_rows, ragged=True),
    display=Display(
        describe=lambda schema: f"outlines of at most {schema.target.state['most'] if schema.target else 0} corners",
        decode=_decode,
        worst=_worst,
    ),
    comparison=Comparison("corner_error", _difference, on=("file", "row")),
)


class Options(Fact):
    """There is nothing to choose."""


class Around(nn.Module):
    """The end of the network, (B,2P) to corners (B,P,2) around the centre of all corners of the train rows."""

    def __init__(self, centre: Sequence[float]) -> None:
        super().__init__()
        self.centre: Tensor
        self.register_buffer("centre", torch.tensor(centre, dtype=torch.float32))

    def forward(self, outputs: Tensor) -> Tensor:
        return outputs.unflatten(-1, (-1, 2)) + self.centre


@dataclass(frozen=True)
class CornersHead(Head):
    """What stands at the end: two numbers for each corner, at their squared distance."""

    def outputs(self, schema: Schema) -> int:
        """Return two numbers for each corner."""
        assert schema.target is not None
        return 2 * int(schema.target.state["most"])

    def last(self, schema: Schema) -> nn.Module:
        """Return the end of the network."""
        assert schema.target is not None
        return Around(schema.target.state["centre"])

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return the mean squared distance of the corners that there are."""
        there = ~target_B.isnan()
        square = torch.where(there, scores - torch.nan_to_num(target_B), 0.0).square()
        value_B = square.sum((1, 2)) / there.sum((1, 2)).clamp_min(1)
        return Loss(value_B, torch.ones_like(value_B), {})

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return the corners."""
        return Prediction({"prediction": scores})


@dataclass(frozen=True)
class CornersDecision(HeadDecision):
    """The decision side: corners, judged by how far off they are."""

    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower"}
    declared_metrics = (Metric("corner_error", "Corner error", "how far corners are off", "", "lower"),)

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the training loss."""
        return {"loss": float(np.nanmean((predictions["prediction"] - target) ** 2))}

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the mean outline."""
        return "mean", {"prediction": np.repeat(np.nanmean(target, axis=0, keepdims=True), rows, axis=0)}

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the name of the only measure."""
        return ("corner_error",)

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield how far corners are off."""
        off_n = _off(predictions["prediction"].astype(np.float64), context.target)
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-5)
        measured = means.mean_of(off_n, context.levels, context.group)
        yield finding("corner_error", measured, split=context.split, levels=context.levels, again=again, better="lower")


OUTLINES = single_target("outlines", Options, ("polygons",), lambda options: CornersHead(), CornersDecision)


def outlines(rows: int) -> pl.DataFrame:
    """Return rows of two numbers and the outline, a triangle or a square, that is around the place they give."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, rows))
    shapes = [[(0, 0), (1, 0), (0, 1)], [(0, 0), (1, 0), (1, 1), (0, 1)]]
    found = [
        [[float(x[i] + dx), float(y[i] + dy)] for dx, dy in shapes[i % 2]] if i != 3 else None for i in range(rows)
    ]
    return pl.DataFrame({"x": x, "y": y, "outline": pl.Series(found, dtype=POINTS)})
