"""What an objective changes between epochs, where a gradient cannot: it is shown what its network makes of rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor, nn

from leadline.data.dataset import Dataset
from leadline.evaluation.feature_space import random_rows
from leadline.nn.batch import Batch, Prediction
from leadline.nn.rng import Rng
from leadline.objectives.contract import Learning
from leadline.pipeline.trainer_state import TrainerState
from leadline.run.inference import predict_subset


class _Embedding:
    """Decides on embeddings, so that whoever predicts for all rows can make them."""

    def __init__(self, learning: Learning) -> None:
        self.learning = learning

    def predict(self, network: nn.Module, batch: Batch, rng: Rng | None) -> Prediction:
        code_BL: Tensor = self.learning.embed(network, batch.inputs)
        return Prediction({"code": code_BL.flatten(1)})


def on_epoch_end(trainer: TrainerState, dataset: Dataset, done: float) -> None:
    """Let the objective change the network after the share `done` of training, in all processes alike.

    It depends on the weights, the data and the seed alone. What was best, or averaged, of the network before begins
    anew.
    """
    step, seed, objective = trainer.step, trainer.run_context.experiment.seed, trainer.step.context.objective
    decision: Any = _Embedding(objective.learning)
    embedding = replace(objective, decision=decision)

    def embeddings(split: str, rows: int) -> np.ndarray:
        part = dataset.splits.get(split)
        if part is None or not len(part):
            return np.zeros((0, 1), dtype=np.float32)
        return predict_subset(
            step.network, embedding, random_rows(part, rows, seed, f"between {split}"), device=step.context.plan.device
        )["code"]

    what = objective.learning.on_epoch_end(step.network, done, embeddings, seed)
    if what is None:
        return
    if step.averaged is not None:
        step.averaged.count = 0
    trainer.best.restart()
    trainer.happened(what)
