"""Contrastive learning (SimCLR, Chen et al. 2020): of two random versions of each row, know which belong together.

Both versions pass through the encoders and a small projector. Each version is compared with the other of its row and
with both of all other rows of the batch, by cosine over a temperature; the loss is the surprise at which one is the
other (NT-Xent). The projector does not ship: features before it carry over better. Of several processes, each compares
the rows of its own share of a batch.

What is measured is measured on normalised features, of two strong versions of each row that are the same whenever it is
measured: how often a row's other version is the nearest of all in its batch, how far apart the two are, and how evenly
features are spread (Wang & Isola 2020). Shapes: B rows of a batch, n of a split, F features, P numbers of a projection.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.data.augmentations.augmenter import Augmenter, augmented_views, strong
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.intervals import wilson
from leadline.metrics.statistics.means import mean_of
from leadline.metrics.statistics.measurement import Levels, Measurement, absent
from leadline.nn.batch import Batch, Loss, Prediction
from leadline.nn.features import full
from leadline.nn.fusion import Fuse
from leadline.nn.network import assemble
from leadline.nn.rng import Rng, using_rng
from leadline.objectives.contract import Decision, Defaults, EvaluationContext, Learning, Objective, Supervision

ONE, OTHER = "strong", "strong 2"
VIEWS = ("plain", ONE, OTHER)


class Options(Fact):
    """`temperature` divides the cosines; the projector has a hidden layer as wide as the features, and `projection_dim`
    outputs.
    """

    temperature: float = Field(default=0.2, gt=0, description="temperature of the NT-Xent loss")
    projection_dim: int = Field(default=128, ge=2, description="dimension of the projection head's output")


class Unit(nn.Module):
    """Vectors (B,P) divided by their length; a vector of zeros stays one."""

    def __init__(self, views: Mapping[str, Augmenter]) -> None:
        super().__init__()
        self.views = views  # beside the network, as whoever decides has no other way to the data's own versions

    def forward(self, x_BP: Tensor) -> Tensor:
        return F.normalize(full(x_BP), dim=1)


@dataclass(frozen=True)
class ContrastiveLearning(Learning):
    """The loss side: which two versions belong to one row."""

    options: Options

    def build(self, schema: Schema, encoders: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return the network, whose head is the projector and whose output has length 1."""
        network: Any = assemble(
            schema, encoders, self.options.projection_dim, Unit(augmented_views(VIEWS, schema.inputs)), fuse
        )
        if isinstance(network.head, nn.Linear):
            width = network.head.in_features
            network.head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), network.head)
        return network  # type: ignore[no-any-return]

    def ship(self, network: nn.Module) -> nn.Module:
        """Return the network without its projector: what comes out are features of length 1."""
        own: Any = deepcopy(network)
        own.head = nn.Identity()
        return own  # type: ignore[no-any-return]

    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return the mean surprise of both versions of each row, in nats."""
        with using_rng(rng.each(2)):
            unit_2BP = network(_both(batch.views[ONE], batch.views[OTHER]))
        return Loss(_surprise(_compared(unit_2BP, self.options.temperature)), batch.weight_B, {})


@dataclass(frozen=True)
class ContrastiveDecision(Decision):
    """The decision side: whether the other version of a row is found."""

    options: Options
    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower", "instance_accuracy": "higher"}
    declared_metrics = (
        Metric(
            "instance_accuracy",
            "Instance discrimination accuracy",
            "share of examples whose other augmented view is the nearest in the batch",
            "%",
            "higher",
        ),
        Metric(
            "alignment",
            "Alignment",
            "mean squared distance between two views of an example on the unit sphere",
            better="lower",
        ),
        Metric(
            "uniformity",
            "Uniformity",
            "log mean Gaussian potential of pairs on the unit sphere; lower is more uniform",
            better="lower",
        ),
    )

    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return, beside the rows that it is decided with, of each row (B,): `nll` in nats, whether it is `found`, the
        squared `distance` of its two versions, its mean `nearness` to others, and `among` how many rows that was.
        """
        keyed = Rng(0, 0, batch.row_B)
        pair = (network.last.views[name](batch, keyed.fold_in(f"view {name}")).inputs for name in (ONE, OTHER))
        unit_2BP = network(_both(*pair))
        logits = _compared(unit_2BP, self.options.temperature)
        one_BP, other_BP = unit_2BP[::2], unit_2BP[1::2]
        rows = len(one_BP)
        cosine_BB = one_BP @ other_BP.T
        own_B = torch.arange(rows, device=unit_2BP.device)
        kernel_BB = torch.exp(4 * (one_BP @ one_BP.T - 1)).fill_diagonal_(0)
        return Prediction(
            {
                "nll": _surprise(logits),
                "found": cosine_BB.argmax(1) == own_B,
                "distance": 2 - 2 * cosine_BB.diagonal(),
                "nearness": kernel_BB.sum(1) / max(rows - 1, 1),
                "among": torch.full_like(own_B, rows),
            }
        )

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the mean surprise, and how many rows are found."""
        return {"loss": float(predictions["nll"].mean()), "instance_accuracy": float(predictions["found"].mean())}

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return ("instance_accuracy", "alignment", "uniformity")

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield how many rows are found among others, how near versions of a row are, and how evenly rows are
        spread.
        """
        found_n, among_n = predictions["found"], predictions["among"]
        most = int(among_n.max(initial=0))
        again = Reproduction(
            producer="objective", options={"among": most}, seed=context.seed, repeat="exact", tolerance=1e-5
        )
        common: dict[str, Any] = {"split": context.split, "levels": context.levels, "again": again}
        accuracy = Measurement(
            float(found_n.mean()) if len(found_n) else None,
            wilson(float(found_n.sum()), len(found_n), context.levels),
            len(found_n),
            f"top 1 within batches of {most}, where chance gives {100 / max(most, 1):.2f} %; Wilson score",
            None if len(found_n) else say("metrics.no-examples"),
        )
        yield finding("instance_accuracy", accuracy, better="higher", **common)
        yield finding(
            "alignment",
            mean_of(predictions["distance"], context.levels, context.group, low=0),
            better="lower",
            **common,
        )
        yield finding(
            "uniformity", _uniformity(predictions["nearness"], context.levels, context.group), better="lower", **common
        )


def _unsuitable(options: Options, schema: Schema) -> str | None:
    """Say which input has no random versions, or None."""
    for one in schema.inputs:
        if not strong(one):
            return say("objectives.no-augmentations", name=one.name, kind=one.kind, entry=one.name)
    return None


def _both(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return two versions of a batch as one of twice as many rows, a row's own side by side: batch statistics are those
    of both.
    """
    return {name: _joined(x, other[name]) for name, x in one.items()}


def _joined(x: Tensor, y: Tensor) -> Tensor:
    if x.dtype != y.dtype:
        x, y = x.float(), y.float()
    if x.ndim == 4:  # pictures come with their channels last in memory, and are to stay so
        return torch.stack([x.movedim(1, -1), y.movedim(1, -1)], 1).flatten(0, 1).movedim(-1, 1)
    return torch.stack([x, y], 1).flatten(0, 1)


def _compared(unit_2BP: Tensor, temperature: float) -> Tensor:
    """Return the logits of each version (2B,2B) for being the other version of each; -inf for itself."""
    return (unit_2BP @ unit_2BP.T / temperature).fill_diagonal_(-math.inf)


def _surprise(logits: Tensor) -> Tensor:
    """Return the mean surprise at the other version, of a row's two (B,)."""
    other_2B = torch.arange(len(logits), device=logits.device) ^ 1
    return F.cross_entropy(logits, other_2B, reduction="none").view(-1, 2).mean(1)


def _uniformity(nearness_n: np.ndarray, levels: Levels, group_n: np.ndarray | None) -> Measurement:
    """Return the log of the mean of exp(-2 ‖x - y‖²) over pairs of rows of a batch; its interval is that of the
    mean.
    """
    near = mean_of(nearness_n, levels, group_n, low=0)
    if near.value is None or near.value <= 0:
        return absent(near.why or say("objectives.uniformity-undefined"), near.n)
    ends = (
        tuple((math.log(low), math.log(high)) for low, high in near.intervals)
        if all(i[0] > 0 for i in near.intervals)
        else ()
    )
    return near._replace(value=math.log(near.value), intervals=ends, method=f"log of a mean; {near.method}")


OBJECTIVE = Objective(
    name="contrastive",
    options=Options,
    supervision=lambda options: Supervision(labels="none", views=VIEWS, coupled=True),
    learning=ContrastiveLearning,
    decision=ContrastiveDecision,
    defaults=lambda options: Defaults({"batch": 256, "early_stopping": None}),
    unsuitable=_unsuitable,
)
