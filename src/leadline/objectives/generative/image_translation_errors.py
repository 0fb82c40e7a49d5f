"""How far translated pictures are from what they should be: of pairs the error, without pairs that of making them back.

B rows, n rows of a split, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.means import mean_of
from leadline.nn.batch import PRESENT, Batch, Prediction
from leadline.nn.features import full
from leadline.nn.generative.generators import HALF
from leadline.nn.rng import Rng
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.generative.adversarial_base import METRICS, AdversarialDecision, again

UNCHANGED = "baseline=unchanged"  # pictures as they go in
DARKEST = 1e-10  # squared error, the range of pixels being 1, below which pictures are taken for equal: 100 dB


@dataclass(frozen=True)
class TranslationDecision(AdversarialDecision):
    """The decision side: how far pictures are from what they should be."""

    declared_metrics = (
        *METRICS,
        Metric(
            "conversion_error",
            "Translation error",
            "mean absolute pixel error of translated images; pixels range from 0 to 1",
            better="lower",
        ),
        Metric(
            "conversion_psnr",
            "Peak signal-to-noise ratio",
            "of translated images against their targets",
            "dB",
            "higher",
        ),
        Metric(
            "cycle_error",
            "Cycle-consistency error",
            "mean absolute pixel error after translation and back",
            better="lower",
        ),
        Metric(
            "same_error",
            "Identity error",
            "mean absolute pixel error of images translated to their own class",
            better="lower",
        ),
    )

    def predict(self, network: Any, batch: Batch, rng: Rng | None) -> Prediction:
        """Return the scores of each row and of what it becomes (B,), and how far pictures are from what they should be.

        Of pairs the mean absolute difference `error`, and `copied` of the picture that goes in, `psnr` in dB; else
        `cycle`, made back, and `same`, made into its own kind. The range of pixels is 1; NaN of rows that lack what is
        asked.
        """
        own = rng or Rng(0, 0, batch.row_B).fold_in("decide")
        class_B, other_B = drawn_classes(network, batch, own)
        real, new = batch.inputs[network.into], network.made(batch.inputs, other_B)
        score_B = network.scored(batch.inputs, class_B)
        columns = {"score": score_B, "score_new": network.scored({**batch.inputs, network.into: new}, other_B)}
        if class_B is None:
            first = batch.inputs[network.given]
            error_B, copied_B = apart(new, real) / 2, apart(first, real) / 2 if first.shape == real.shape else None
            square_B = (full(new) - real).square().flatten(1).mean(1) / 255**2
            there_B = batch.inputs[PRESENT].all(1) if PRESENT in batch.inputs else torch.ones_like(error_B).bool()
            more = {"error": error_B, "psnr": -10 * torch.log10(square_B.clamp_min(DARKEST))}
            more |= {} if copied_B is None else {"copied": copied_B}
        else:
            own_B, there_B = class_B.clamp_min(0), class_B >= 0
            back = network.made({network.given: new}, own_B)
            more = {"cycle": apart(back, real) / 2, "same": apart(network.made(batch.inputs, own_B), real) / 2}
        return Prediction(columns | {name: torch.where(there_B, x_B, torch.nan) for name, x_B in more.items()})

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return what both networks lose together, with what differences count, and the share of pairs that are told
        apart.
        """
        chosen = self.options
        counts = {"error": 2 * chosen.l1_weight, "cycle": 2 * chosen.cycle_weight, "same": 2 * chosen.identity_weight}
        apart_ = sum(
            weight * float(np.nanmean(predictions[name]))
            for name, weight in counts.items()
            if _there(predictions, name).size
        )
        seen = super().monitor(predictions, target, schema)
        return {**seen, "loss": seen["loss"] + apart_}

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split."""
        pairs = ("conversion_error", "conversion_error(unchanged)", "conversion_psnr")
        own = pairs if self.options.into else ("cycle_error", "same_error")
        return (*own, *super().metric_names(schema))

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield how far pictures are from what they should be, and how well they are told from real ones, with
        intervals.
        """
        levels, group = context.levels, context.group
        common: dict[str, Any] = {"split": context.split, "levels": levels, "again": again(context)}
        plain = {
            "error": "conversion_error",
            "copied": "conversion_error",
            "cycle": "cycle_error",
            "same": "same_error",
        }
        note = " of the mean absolute pixel difference, pixels from 0 to 1"
        for column, name in plain.items():
            if column in predictions:
                of, section = (UNCHANGED, "baselines") if column == "copied" else (None, None)
                mean = self._mean(predictions, column, levels, group, note)
                yield finding(name, mean, better="lower", group=of, section=section, **common)
        if "psnr" in predictions:
            yield finding(
                "conversion_psnr",
                self._mean(predictions, "psnr", levels, group, ""),
                better="higher",
                unit="dB",
                **common,
            )
        yield from super().measure(predictions, context)

    def _mean(self, predictions: Mapping[str, np.ndarray], column: str, levels: Any, group: Any, note: str) -> Any:
        there_n = ~np.isnan(predictions[column])
        return mean_of(
            predictions[column][there_n], levels, None if group is None else group[there_n], low=0, note=note
        )


def drawn_classes(network: Any, batch: Batch, rng: Rng) -> tuple[Tensor | None, Tensor | None]:
    """Return the class of each row, -1 where it is not known, and another that is drawn; None of pairs."""
    count: int = network.generator.classes
    if not count:
        return None, None
    class_B = torch.full_like(batch.row_B, -1) if batch.target_B is None else batch.target_B
    further_B = 1 + (rng.uniform("kind") * (count - 1)).long().clamp_max(count - 2)
    return class_B, (class_B.clamp_min(0) + further_B) % count


def _there(predictions: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    values_n = predictions.get(name, np.zeros(0))
    there_n: np.ndarray = values_n[~np.isnan(values_n)]
    return there_n


def apart(x: Tensor, y: Tensor) -> Tensor:
    """Return the mean absolute difference of raw pictures (B,), pixels having the range from -1 to 1."""
    return ((full(x) - full(y)) / HALF).abs().flatten(1).mean(1)
