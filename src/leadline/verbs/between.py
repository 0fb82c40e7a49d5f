"""What an objective changes between epochs, where a gradient cannot: it is shown what its network makes of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor, nn

from leadline.data.dataset import Dataset
from leadline.layers.contracts import Objective
from leadline.layers.draws import Draws
from leadline.layers.types import Batch, Prediction
from leadline.measuring.decisions import decide
from leadline.measuring.space import few
from leadline.training.stopping import Best
from leadline.verbs.course import Course
from leadline.verbs.trained import Event


class _Embedding:
    """Decides on embeddings, so that whoever decides for all rows can make them."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective

    def decide(self, network: nn.Module, batch: Batch, draws: Draws | None) -> Prediction:
        code_BL: Tensor = self.objective.embed(network, batch.inputs)
        return Prediction({"code": code_BL.flatten(1)})


def between(course: Course, dataset: Dataset, done: float) -> None:
    """Let the objective change the network after the share `done` of training, in all processes alike.

    It depends on the weights, the data and the seed alone. What was best, or averaged, of the network before begins anew.
    """
    step, seed = course.step, course.job.experiment.seed
    embedding: Any = _Embedding(course.objective)

    def codes(split: str, rows: int) -> np.ndarray:
        part = dataset.parts.get(split)
        if part is None or not len(part):
            return np.zeros((0, 1), dtype=np.float32)
        return decide(step.network, embedding, few(part, rows, seed, f"between {split}"), device=step.plan.device)["code"]

    what = course.objective.between(step.network, done, codes, seed)
    if what is None:
        return
    if step.averaged is not None:
        step.averaged.count = 0
    if course.best is not None:
        course.best, course.best_tensors = Best.model_validate({"better": course.best.better}), {}
    course.events.append(Event(step.step, course.epochs(step.step), what))
    course.shown.note(what)
