"""What is evaluated: a network with its objective and dataset, and all that is found out about it on the way.

Everything that takes the network over rows is asked of the subject, which does it once: the predictions of a split, the
embeddings of some rows, rows that are generated. The analyses of `evaluation.analyses` share it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from leadline.core.exhibit import ExhibitDraft
from leadline.core.experiment import Experiment
from leadline.core.finding import Finding
from leadline.core.requirement import Requirement
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.evaluation.feature_space import RawFeatures, ReferenceClassifier
from leadline.evaluation.samples import Inputs, generate
from leadline.nn.rng import generator_for
from leadline.objectives.contract import BoundObjective, EvaluationContext
from leadline.run.inference import embed_subset, predict_subset
from leadline.run.trained import Trained

LEVEL = 0.95
SPLITS = ("train", "validation", "test")
TRAIN_ROWS = 10_000  # of the train split, drawn at random, that the generalisation gap is measured on

Value = TypeVar("Value")


@dataclass(frozen=True)
class RunRecord:
    """What a finished run knows beside its network: the file that ships, how it was trained, and on what machine.

    `timed` is False where other runs were under way on the machine.
    """

    weights: Path
    experiment: Experiment
    trained: Trained
    environment: Mapping[str, Any]
    timed: bool = True

    @property
    def threads(self) -> int:
        """How many threads were found to be fastest for the network on the machine of the run."""
        return int(self.environment.get("plan", {}).get("threads", torch.get_num_threads()))


@dataclass
class Subject:
    """A network, what it was trained for and the data it is evaluated on.

    `reference` is the classifier that compares generated rows with real ones, and `no_reference` says why there is
    none; `levels` are the confidence levels of intervals, the report's own first; `record` is there for a run.
    """

    network: nn.Module
    objective: BoundObjective
    dataset: Dataset
    levels: tuple[float, ...] = (LEVEL,)
    seed: int = 0
    reference: ReferenceClassifier | None = None
    no_reference: str = ""
    progress: Callable[[int, int], None] | None = None
    record: RunRecord | None = None
    _known: dict[Any, Any] = field(default_factory=dict, repr=False)

    def split(self, name: str) -> Subset | None:
        """Return the rows of a split that are measured, of train at most `TRAIN_ROWS`; None where none has a target."""
        subset = self.dataset.splits.get(name)
        if subset is not None and name == "train":
            subset = self._once(("train rows",), lambda: _sample(self.dataset.splits["train"].labelled, self.seed))
        return None if subset is None or len(subset) == 0 or subset.target is None else subset

    @property
    def test(self) -> Subset | None:
        """The test rows; None where there are none."""
        return self.split("test")

    @property
    def test_rows(self) -> Subset:
        """The test rows, of which there are some."""
        test = self.test
        assert test is not None, "an analysis of test rows applies where there are some"
        return test

    @property
    def run_record(self) -> RunRecord:
        """What the run knows beside its network, where the subject is one."""
        assert self.record is not None, "an analysis of a run applies to runs"
        return self.record

    def predictions(self, name: str) -> Mapping[str, np.ndarray]:
        """Return what is predicted for the rows of a split, a column a name (n, ...)."""
        return self._once(
            ("predictions", name),
            lambda: predict_subset(self.network, self.objective, self._rows(name), progress=self.progress),
        )

    def context(self, name: str) -> EvaluationContext:
        """Return what measuring the predictions of a split takes beside them."""
        subset = self._rows(name)
        assert subset.target is not None
        required = () if self.record is None else self.record.experiment.require
        return EvaluationContext(
            name,
            subset.target,
            subset.group,
            self.dataset.schema,
            self.levels,
            self.seed,
            frozenset(Requirement.parse(text).name for text in required),
        )

    def quality(self, name: str) -> tuple[Finding | ExhibitDraft, ...]:
        """Return what the objective measures of the predictions of a split."""
        return self._once(("quality", name), lambda: tuple(self._measured(name)))

    def embeddings(self, subset: Subset) -> np.ndarray:
        """Return what the network makes of rows before it decides (n,E) float32."""
        key = ("embeddings", subset.name, subset.rows.tobytes())
        return self._once(key, lambda: embed_subset(self.network, self.objective, subset))

    def generated(self, rows: int) -> Inputs:
        """Return so many rows that the network generates, by the default options of its objective."""
        generator = self.objective.capability("generator")
        assert generator is not None
        return self._once(
            ("generated", rows),
            lambda: generate(self.network, generator, self.dataset.schema, rows, self.seed, generator.samples()),
        )

    @cached_property
    def raw_features(self) -> RawFeatures | None:
        """The space of standardised raw inputs; None where rows of an input differ in length."""
        return RawFeatures.fitted(self.dataset, self.seed)

    def held_out(self) -> Mapping[str, Mapping[str, np.ndarray]]:
        """Return the predictions of all splits that were not trained on, by split."""
        return {name: self.predictions(name) for name in SPLITS[1:] if self.split(name) is not None}

    def _rows(self, name: str) -> Subset:
        subset = self.split(name)
        assert subset is not None, f"no row of {name} has a target"
        return subset

    def _measured(self, name: str) -> list[Finding | ExhibitDraft]:
        subset = self._rows(name)
        items = self.objective.decision.measure(self.predictions(name), self.context(name))
        return [with_units(item, subset) if isinstance(item, Finding) else item for item in items]

    def _once(self, key: Any, find: Callable[[], Value]) -> Value:
        if key not in self._known:
            self._known[key] = find()
        value: Value = self._known[key]
        return value


def with_units(finding: Finding, subset: Subset) -> Finding:
    """Return a finding whose method says how many groups of rows, or blocks of time, its interval rests on."""
    if finding.interval is None or subset.units is None:
        return finding
    return finding.model_copy(update={"method": f"{finding.method}, {subset.units}"})


def _sample(subset: Subset, seed: int) -> Subset:
    if len(subset) <= TRAIN_ROWS:
        return subset
    at = torch.randperm(len(subset), generator=generator_for(seed, "train sample"))[:TRAIN_ROWS]
    return subset.subset(at.sort().values.numpy())
