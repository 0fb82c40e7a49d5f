"""Polygons as something to predict: a type of target, an objective that predicts it, and an analysis of what comes out.

A target of your own, an objective for it and a question to ask of the trained network are three values, each an entry
point of ``pyproject.toml``. Leadline finds the target in a column, fits it on the train rows, trains a network for the
objective, and shows what the analysis measures on the page; nothing of Leadline knows of any of the three.

Shapes: N rows of the dataset, B rows of a batch, n rows of a split, K corners, W = 2K numbers (x and y of each corner).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import torch
from pydantic import Field
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
    Display,
    Encoding,
    Fitting,
    Recognition,
    Target,
    TargetType,
    target_type,
)
from leadline.data.targets.values import Numbers, TargetSelection, WorstErrors
from leadline.errors import DataError
from leadline.evaluation.analyses.contract import Analysis, Results, of_labelled_rows
from leadline.evaluation.subject import Subject
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.means import mean_of
from leadline.nn.batch import Batch, Loss, Prediction
from leadline.nn.features import full
from leadline.nn.fusion import Fuse
from leadline.nn.network import assemble
from leadline.nn.rng import Rng
from leadline.objectives.contract import (
    Columns,
    Decision,
    EvaluationContext,
    Learning,
    Objective,
    Supervision,
)

# --- The target: a column of text such as "0 0; 4 0; 4 3", the corners of a polygon in order.


def parsed(value: object) -> np.ndarray | None:
    """Return the corners (K,2) that a text names, None where it names none."""
    try:
        corners_K2 = np.array([[float(x) for x in corner.split()] for corner in str(value).split(";")])
    except ValueError:
        return None
    return corners_K2 if corners_K2.ndim == 2 and corners_K2.shape[1] == 2 and len(corners_K2) > 2 else None


def infer(candidate: Candidate) -> float:
    """Return 1 where every value of a single column of text names the corners of a polygon: no other type is surer."""
    column = candidate.column
    if column is None or column.dtype != pl.String or not column.drop_nulls().len():
        return 0.0
    return float(all(parsed(value) is not None for value in column.drop_nulls().head(100)))


def select(candidate: Candidate, asked: bool) -> TargetSelection:
    """Return the column as the target, and say what it was taken for where nobody asked for it."""
    note = None if asked else f"The target {candidate.name!r} is taken for polygons."
    return TargetSelection(candidate.name, "polygons", note, candidate.columns)


def fit(table: Table, selection: TargetSelection, train: np.ndarray) -> ColumnState:
    """Return how many corners polygons have, and mean and spread of their coordinates; from the train rows alone."""
    found = [parsed(value) for value in table.frame[selection.name][train]]
    known = [corners_K2 for corners_K2 in found if corners_K2 is not None]
    counts = sorted({len(corners_K2) for corners_K2 in known})
    if len(counts) != 1:
        raise DataError(
            f"{table.name}: polygons of the target {selection.name!r} have {' or '.join(map(str, counts)) or 'no'}"
            " corners; all must have as many."
        )
    all_NK2 = np.stack(known)
    return {"corners": counts[0], "mean": all_NK2.mean((0, 1)).tolist(), "std": float(all_NK2.std()) or 1.0}


def encode(table: Table, field: ColumnSchema, progress: Progress | None) -> Numbers:
    """Return the corners of all rows (N,W), and what is wrong with those that cannot be read."""
    column, corners = table.frame[field.name], field.state["corners"]
    values = np.full((len(column), 2 * corners), np.nan, dtype=np.float32)
    problems = []
    for row, value in enumerate(column):
        polygon = None if value is None else parsed(value)
        if polygon is not None and len(polygon) == corners:
            values[row] = polygon.ravel()
        elif value is not None:
            problems.append((row, field.name, f"{value!r} is no polygon of {corners} corners"))
    return Numbers(values, column.is_null().to_numpy(), pl.DataFrame(problems, schema=PROBLEMS, orient="row"))


def present(frame: pl.DataFrame, target: Target) -> np.ndarray:
    """Return where rows have a polygon (N,)."""
    return np.array([value is not None and parsed(value) is not None for value in frame[target.name]], dtype=bool)


def worst(
    schema: Schema, target: np.ndarray, predictions: Mapping[str, np.ndarray], most: int
) -> tuple[WorstErrors, ...]:
    """Return the rows whose corners are furthest off."""
    off_n = distances(predictions["corners"], target)
    at = np.argsort(-off_n, kind="stable")[:most]
    return (WorstErrors("The largest errors", at.tolist(), [f"corners {off_n[i]:.3g} off on average" for i in at]),)


def decode(values: np.ndarray, schema: Schema) -> pl.Series:
    """Return polygons as they are written."""
    rows = [polygon.reshape(-1, 2).tolist() for polygon in values]
    return pl.Series(["; ".join(f"{x:.4g} {y:.4g}" for x, y in row) for row in rows])


TARGET = TargetType(
    kind="polygons",
    noun="a polygon",
    objective="corners",
    recognition=Recognition(select, infer=infer),
    fitting=Fitting(fit),
    encoding=Encoding(present, columns=encode, width=lambda state: 2 * state["corners"]),
    display=Display(
        describe=lambda schema: "a polygon",
        decode=decode,
        predicted=lambda schema, columns: {"predicted": decode(columns["corners"], schema)},
        actual=lambda schema, target: {"target": decode(target, schema)},
        worst=worst,
    ),
)

# --- The objective: a network whose head gives the corners, trained by how far they are off.

CORNER_DISTANCE = Metric(
    "corner_distance", "Distance of corners", "how far a predicted corner is from the true one, on average", "", "lower"
)


def distances(predicted_nW: np.ndarray, target_nW: np.ndarray) -> np.ndarray:
    """Return the mean distance between corners of each row (n,)."""
    corners = target_nW.shape[1] // 2
    off_nK2 = (predicted_nW - target_nW).reshape(-1, corners, 2).astype(np.float64)
    mean_n: np.ndarray = np.linalg.norm(off_nK2, axis=2).mean(1)
    return mean_n


class CornersOptions(Fact):
    """`power` of the distance of a corner: 2 lets large errors weigh more, 1 does not."""

    power: float = Field(default=2.0, ge=1, le=2)


class Scale(nn.Module):
    """The end of the network: from standardised numbers (B,W) to coordinates."""

    def __init__(self, state: Mapping[str, Any], options: CornersOptions) -> None:
        super().__init__()
        self.mean_W: Tensor
        self.std: Tensor
        self.register_buffer("mean_W", torch.tensor(list(state["mean"]) * state["corners"], dtype=torch.float32))
        self.register_buffer("std", torch.tensor(state["std"], dtype=torch.float32))
        self.power = options.power

    def forward(self, z_BW: Tensor) -> Tensor:
        return full(z_BW) * self.std + self.mean_W


def supervision(options: CornersOptions) -> Supervision:
    """Return what is learned from: rows with a polygon."""
    return Supervision({"*": ("polygons",)})


@dataclass(frozen=True)
class CornersLearning(Learning):
    """The loss side: a network whose head gives two numbers a corner, and what these cost."""

    options: CornersOptions

    def build(self, schema: Schema, encoders: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return the network."""
        assert schema.target is not None
        state = schema.target.state
        return assemble(schema, encoders, outputs=2 * state["corners"], last=Scale(state, self.options), fuse=fuse)

    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return what the distances of corners cost, in units of the spread of coordinates."""
        assert batch.target_B is not None
        off_BK2 = ((network(batch.inputs) - batch.target_B) / network.last.std).unflatten(1, (-1, 2))
        # The root of 0 has no slope: what is that close costs next to nothing.
        value_B = (off_BK2.square().sum(2) + 1e-12).pow(self.options.power / 2).mean(1)
        return Loss(value_B, batch.weight_B, {})


@dataclass(frozen=True)
class CornersDecision(Decision):
    """The decision side: the corners of each row, and how far off they are."""

    options: CornersOptions
    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "corner_distance": "lower"}
    declared_metrics = (CORNER_DISTANCE,)

    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return `corners` (B,W)."""
        return Prediction({"corners": network(batch.inputs)})

    def monitor(self, predictions: Columns, target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the training loss, and the mean distance in the target's unit."""
        assert schema.target is not None
        off_nK2 = (predictions["corners"] - target).reshape(len(target), -1, 2) / schema.target.state["std"]
        loss = (np.linalg.norm(off_nK2, axis=2) ** self.options.power).mean()
        return {"loss": float(loss), "corner_distance": float(distances(predictions["corners"], target).mean())}

    def per_example_score(self, predictions: Columns, target: np.ndarray, schema: Schema) -> tuple[str, np.ndarray]:
        """Return how far off the corners of each row are: by that models are compared."""
        return "corner_distance", distances(predictions["corners"], target)

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Columns]:
        """Return the mean polygon of the train rows."""
        return "mean", {"corners": np.tile(target.mean(0), (rows, 1))}

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return (CORNER_DISTANCE.id,)

    def measure(self, predictions: Columns, context: EvaluationContext) -> Iterator[Finding | ExhibitDraft]:
        """Yield the mean distance of corners, with its interval."""
        off_n = distances(predictions["corners"], context.target)
        yield finding(
            CORNER_DISTANCE.id,
            mean_of(off_n, context.levels, context.group, low=0.0),
            split=context.split,
            levels=context.levels,
            better="lower",
            again=Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-5),
        )


def unsuitable(options: CornersOptions, schema: Schema) -> str | None:
    """Say why the objective cannot be used on such data, or None."""
    if schema.target is None:
        return "corners needs a target, which --target names"
    if "corners" in schema.target.state:
        return None
    own = target_type(schema.target.kind)
    return f"the target {schema.target.name!r} is {own.noun}; use the objective {own.objective!r}"


OBJECTIVE = Objective(
    name="corners",
    options=CornersOptions,
    supervision=supervision,
    learning=CornersLearning,
    decision=CornersDecision,
    unsuitable=unsuitable,
)

# --- The analysis: do predicted polygons cover what they should?

POLYGON_IOU = Metric(
    "polygon_iou",
    "Overlap of polygons",
    "area in both the predicted and the true polygon, of that in either",
    "%",
    "higher",
)
GRID = 64  # points along each side of the box in which areas are compared


class OverlapOptions(Fact):
    """`grid` points along each side of the box around both polygons: more are slower, and closer to the true areas."""

    grid: int = Field(default=GRID, ge=8)


def inside(corners_K2: np.ndarray, at_P2: np.ndarray) -> np.ndarray:
    """Return which points (P,) lie in a polygon: a ray from them crosses an odd number of its sides."""
    x_P, y_P = at_P2.T
    inside_P = np.zeros(len(at_P2), dtype=bool)
    for (x1, y1), (x2, y2) in zip(corners_K2, np.roll(corners_K2, -1, axis=0), strict=True):
        if y1 != y2:
            crosses_P = ((y1 > y_P) != (y2 > y_P)) & (x_P < (x2 - x1) * (y_P - y1) / (y2 - y1) + x1)
            inside_P ^= crosses_P
    return inside_P


def overlap(predicted_W: np.ndarray, target_W: np.ndarray, grid: int) -> float:
    """Return the area that two polygons share, of that of their union, on a grid of points."""
    both = [polygon.reshape(-1, 2).astype(np.float64) for polygon in (predicted_W, target_W)]
    low, high = np.concatenate(both).min(0), np.concatenate(both).max(0)
    steps = (np.arange(grid) + 0.5) / grid
    at_P2 = np.stack(np.meshgrid(*(low[k] + steps * (high[k] - low[k]) for k in (0, 1))), -1).reshape(-1, 2)
    one_P, two_P = (inside(polygon, at_P2) for polygon in both)
    either = int((one_P | two_P).sum())
    return float((one_P & two_P).sum() / either) if either else 0.0


def run(subject: Subject, options: OverlapOptions, seed: int) -> Results:
    """Yield the mean overlap of the test rows with its interval, and the overlaps as an exhibit."""
    context = subject.context("test")
    predicted_nW = subject.predictions("test")["corners"]
    overlap_n = np.array([overlap(*pair, options.grid) for pair in zip(predicted_nW, context.target, strict=True)])
    yield finding(
        POLYGON_IOU.id,
        mean_of(overlap_n, context.levels, context.group, low=0.0, high=1.0),
        split="test",
        levels=context.levels,
        better="higher",
        again=Reproduction(producer="polygon-overlap", options=options.model_dump(), repeat="exact", tolerance=1e-6),
    )


def applies(subject: Subject) -> str | None:
    """Say why there is nothing to compare, or None."""
    target = subject.dataset.schema.target
    if target is None or "corners" not in target.state:
        return "the target is no polygon"
    return of_labelled_rows(subject)


ANALYSIS = Analysis(
    name="polygon-overlap",
    question="How much of the true polygons do predicted ones cover?",
    section="metrics",
    run=run,
    applies=applies,
    metrics=(POLYGON_IOU,),
    requirable=lambda objective, schema: (POLYGON_IOU.id,) if objective.name == OBJECTIVE.name else (),
    options=OverlapOptions,
)
