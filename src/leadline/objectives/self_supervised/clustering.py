"""Rows in clusters, found in a code that learns to keep them apart: deep embedded clustering (Xie et al. 2016).

An autoencoder is trained first. Then k-means finds centres among its codes, and codes are drawn to what the clusters'
shares of them become when they are sharpened, while rows are still made of them (Guo et al. 2017).

B rows, n rows of a split, L numbers of a code, K clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.metrics.generative import clustering as metrics
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.means import mean_of
from leadline.metrics.statistics.measurement import Measurement, absent
from leadline.nn.batch import Batch, Loss, Prediction
from leadline.nn.features import full
from leadline.nn.fusion import Fuse
from leadline.nn.generative.cluster_centres import Centres, sharpened
from leadline.nn.generative.likelihood import PixelLikelihood, Sigma
from leadline.nn.rng import Rng, seed_for
from leadline.objectives.capabilities import Encoder
from leadline.objectives.contract import Decision, Defaults, EvaluationContext, Learning, Objective, Supervision
from leadline.objectives.generative.input_likelihoods import unlikely
from leadline.objectives.generative.latent_codes import (
    RECONSTRUCTION,
    complete_latent,
    entries,
    latent_network,
    spacious,
)
from leadline.objectives.self_supervised.kmeans import Clusters, clusters_of

CLUSTERS = Metric("clusters", "Number of clusters", "clusters used")

LATENT = 10  # numbers of a code at most, where nobody says it
FITTED, COMPARED = 10_000, 2_000  # train rows among which centres are found, and validation rows that say how many
AGREEMENT = {
    "clustering_accuracy": metrics.accuracy,
    "adjusted_rand": metrics.adjusted_rand,
    "mutual_information": metrics.mutual_information,
}


class Options(Fact):
    """How many `n_clusters` there are; None is as many of `candidates` as keep validation rows furthest apart.

    Codes have `latent_dim` numbers; None is half of a row's values, and 10 at most. After the share `warmup` of
    training centres are placed, and then clustering counts `clustering_weight` beside making rows, each value of which
    counts the same. `pixel_likelihood` and `sigma` are as of an autoencoder.
    """

    n_clusters: int | None = Field(
        default=None, ge=2, description="number of clusters; null: the candidate with the best silhouette"
    )
    candidates: tuple[int, ...] = Field(
        default=(2, 3, 4, 5, 6, 8, 10, 12, 15, 20), description="numbers of clusters to choose from"
    )
    latent_dim: int | None = Field(
        default=None, ge=1, description="dimension of the latent code; null: half of the input values, at most 10"
    )
    warmup: float = Field(
        default=0.5, ge=0, lt=1, description="share of training with the autoencoder alone, before clustering"
    )
    clustering_weight: float = Field(default=0.1, ge=0, description="weight of the clustering loss")
    pixel_likelihood: PixelLikelihood | None = Field(
        default=None, description="likelihood of pixels; null: chosen from the data"
    )
    sigma: Sigma = Field(default=1.0, description="standard deviation of Gaussian likelihoods, or learned")

    @field_validator("candidates")
    @classmethod
    def _sound(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or min(value) < 2:
            raise ValueError(say("objectives.cluster-candidates"))
        return tuple(sorted(set(value)))

    @property
    def most(self) -> int:
        """How many clusters there are at most."""
        return self.n_clusters or max(self.candidates)


@dataclass(frozen=True)
class ClusteringLearning(Learning):
    """The loss side: making rows of codes, and drawing codes to the clusters that they are in."""

    options: Options

    def build(self, schema: Schema, encoders: Mapping[str, nn.Module], fuse: Fuse | None = None) -> nn.Module:
        """Return the network: encoders, their fusion, a dense layer that gives the code, a decoder for each input,
        centres.
        """
        assert self.options.latent_dim is not None
        width, last = self.options.latent_dim, Centres(self.options.most, self.options.latent_dim)
        network: Any = latent_network(
            schema,
            encoders,
            fuse,
            outputs=width,
            code=width,
            pixels=self.options.pixel_likelihood,
            sigma=self.options.sigma,
            last=last,
        )
        network.entries = entries(schema)
        return network  # type: ignore[no-any-return]

    def loss(self, network: Any, batch: Batch, stepped: str, rng: Rng) -> Loss:
        """Return what making each row costs, in nats a value, and how far the shares of its code are from sharpened
        ones.

        The latter is Kullback and Leibler's divergence in nats. Sharpened shares are those of the batch, taken as they
        are.
        """
        code_BL = full(network(batch.inputs))
        made_B = _made(network, code_BL, batch.inputs)
        log_BK = network.last.shares(code_BL)
        with torch.no_grad():
            wanted_BK = sharpened(log_BK)
        apart_B = torch.where(network.last.placed, _divergence(wanted_BK, log_BK), 0)
        return Loss(
            made_B + self.options.clustering_weight * apart_B,
            batch.weight_B,
            {"reconstruction": made_B, "clustering": apart_B},
        )

    def on_epoch_end(
        self, network: Any, done: float, embeddings: Callable[[str, int], np.ndarray], seed: int
    ) -> str | None:
        """Place the centres once the share `warmup` of training is done, by k-means among the codes of train rows."""
        if done < self.options.warmup or bool(network.last.placed):
            return None
        own = self.options
        wanted = (own.n_clusters,) if own.n_clusters else own.candidates
        found: Clusters = clusters_of(
            embeddings("train", FITTED), embeddings("validation", COMPARED), wanted, seed_for(seed, "clusters") % 2**32
        )
        network.last.place(torch.from_numpy(found.centre_KL), found.unit)
        return f"{len(found.centre_KL)} cluster centres initialised by {found.description}"

    def score(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the logarithms of each cluster's share (B,K)."""
        shares: Tensor = network.last.shares(full(network(inputs)))
        return shares

    def embed(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return codes (B,L)."""
        return ClusteringCodes().encode(network, inputs)


@dataclass(frozen=True)
class ClusteringCodes(Encoder):
    """Finds codes, and makes rows of them."""

    def encode(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return codes (B,L)."""
        return full(network(inputs))

    def reconstruct(self, network: Any, batch: Batch) -> Mapping[str, Tensor]:
        """Return the rows that come out where those of the batch go in."""
        rows: Mapping[str, Tensor] = network.rows(network(batch.inputs))
        return rows


@dataclass(frozen=True)
class ClusterDecision(Decision):
    """The decision side: the cluster that each row is in."""

    options: Options
    monitors: ClassVar[Mapping[str, str]] = {"loss": "lower"}
    declared_metrics = (*metrics.METRICS, RECONSTRUCTION, CLUSTERS)

    def calibrate(
        self, network: Any, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> tuple[Finding, ...]:
        """Say how many clusters there are; that was settled when their centres were placed."""
        how = (
            say("objectives.clusters-as-configured")
            if self.options.n_clusters
            else say("objectives.clusters-best-silhouette")
        )
        count = int(network.last.there_K.sum())
        if self.options.n_clusters and count < self.options.n_clusters:
            how = say("objectives.clusters-different-codes")
        again = Reproduction(producer="training", repeat="recorded")
        return (Finding(name="clusters", value=count, method=how, again=again),)

    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return each row's `cluster`, from 1 on, its `share` of the row, what making the row costs, `reconstruction`
        in nats a value, and by how much of the way to the next centre its own is nearer, its `silhouette` (B,).
        """
        code_BL = full(network(batch.inputs))
        share_B, cluster_B = network.last.shares(code_BL).max(1)
        own_B, next_B = network.last.squares(code_BL).sqrt().topk(2, dim=1, largest=False).values.unbind(1)
        near_B = torch.where(next_B.isfinite() & (next_B > 0), 1 - own_B / next_B, 0)
        return Prediction(
            {
                "cluster": (cluster_B + 1).to(torch.int32),
                "share": share_B.exp(),
                "silhouette": near_B,
                "reconstruction": _made(network, code_BL, batch.inputs),
            }
        )

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return what making rows costs, in nats a value."""
        return {"loss": float(predictions["reconstruction"].astype(np.float64).mean())}

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        return (*(AGREEMENT if schema.classes else ()), "silhouette", "reconstruction")

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield how well clusters agree with classes, where there are any, how far apart they are, and how well rows
        are made.
        """
        again = Reproduction(producer="objective", seed=context.seed, repeat="exact", tolerance=1e-5)
        common: dict[str, Any] = {"split": context.split, "levels": context.levels, "again": again}
        cluster_n, group_n = predictions["cluster"], context.group
        if context.schema.classes:
            known = context.target >= 0
            group = None if group_n is None else group_n[known]
            for name, agreement in AGREEMENT.items():
                yield finding(
                    name,
                    agreement(cluster_n[known], context.target[known], context.levels, group),
                    better="higher",
                    **common,
                )
        yield finding("silhouette", _apart(predictions, context), better="higher", **common)
        made = mean_of(predictions["reconstruction"], context.levels, group_n)
        yield finding("reconstruction", made, unit="nats", better="lower", **common)


def _too_few_rows(options: Options, rows: Mapping[str, int]) -> str | None:
    """Say that there are fewer train rows than clusters, or None."""
    wanted = options.n_clusters or min(options.candidates)
    if rows["train"] >= wanted:
        return None
    return say("objectives.clusters-too-many", rows=rows["train"], clusters=wanted)


def _made(network: Any, code_BL: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
    a_value_B: Tensor = network.nll(network.given(code_BL), inputs) / network.entries
    return a_value_B


def _divergence(wanted_BK: Tensor, log_BK: Tensor) -> Tensor:
    return torch.where(wanted_BK > 0, wanted_BK * (wanted_BK.clamp_min(1e-30).log() - log_BK), 0).sum(1)


def _apart(predictions: Mapping[str, np.ndarray], context: EvaluationContext) -> Measurement:
    """Return the mean silhouette, by distances to centres in the place of distances to all rows (Hruschka et al.
    2004).
    """
    if len(np.unique(predictions["cluster"])) < 2:
        return absent(
            say("objectives.one-cluster") if len(context.target) else say("metrics.no-examples"), len(context.target)
        )
    note = "; of codes, by distances to centres (Hruschka et al. 2004)"
    return mean_of(predictions["silhouette"], context.levels, context.group, low=-1.0, high=1.0, note=note)


OBJECTIVE = Objective(
    name="clustering",
    options=Options,
    # How much each cluster has of a batch couples its rows.
    supervision=lambda options: Supervision(labels="none", coupled=True),
    learning=ClusteringLearning,
    decision=ClusterDecision,
    # How well rows are made says nothing of clusters: the last weights ship.
    defaults=lambda options: Defaults({"early_stopping": None}),
    capabilities={"encoder": lambda options: ClusteringCodes()},
    complete=lambda options, schema: complete_latent(options, schema, LATENT),
    unsuitable=lambda options, schema: unlikely(schema),
    warnings=lambda options, schema: spacious(schema, options.latent_dim or 0),
    too_few_rows=_too_few_rows,
)
