"""The contract of a family of networks: what a ``FAMILY`` in `leadline.models`, or in a plugin, must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from pydantic import BaseModel
from scipy.special import log_softmax
from torch import nn

from leadline.core.schema import Schema
from leadline.nn.batch import EncoderOutput, SignalSpec
from leadline.nn.rng import generator_for


class Sample(NamedTuple):
    """Rows that a model is fitted on: features (n,F) float32, NaN where missing; what to learn (n,), int64 class
    numbers or standardised float64 values; what each row counts (n,).

    For a family that forecasts, rows are windows: values (n,T,F) as a front gives them, and what follows each (n,H,V)
    float32, standardised, NaN where missing.
    """

    x_nF: np.ndarray
    target_n: np.ndarray
    weight_n: np.ndarray

    def loss(self, score_nO: np.ndarray) -> float:
        """Return the weighted mean loss of scores (n,O) in float64: the squared error of one output, else cross-entropy
        in nats.
        """
        if score_nO.shape[1] == 1:
            loss_n = np.square(score_nO[:, 0] - self.target_n)
        else:
            loss_n = -log_softmax(score_nO, axis=1)[np.arange(len(score_nO)), self.target_n]
        return float(np.average(loss_n, weights=self.weight_n))

    def drawn(self, rows: int, seed: int) -> Sample:
        """Return so many rows, drawn at random; itself where there are no more."""
        if len(self.x_nF) <= rows:
            return self
        order = torch.randperm(len(self.x_nF), generator=generator_for(seed, "svm rows"))
        at = order[:rows].sort().values.numpy()
        return Sample(*(values[at] for values in self))


Windows = Callable[[], Iterator[Sample]]  # all windows of a split, in blocks, as often as it is called


class FitResult(NamedTuple):
    """How fitting went: the losses after each iteration by name, from the start, where there are iterations; which of
    them ships; what the user should know; which of that makes the model weaker than it might be.
    """

    losses: Mapping[str, np.ndarray]
    shipped: int | None = None
    notes: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()


class Effort(NamedTuple):
    """What fitting says meanwhile, the share of it that is done, and asks: whether its time is over.

    Then it ends as soon as there is a model, and says so.
    """

    progress: Callable[[float], None] = lambda share: None
    is_over: Callable[[], bool] = lambda: False


AT_LEISURE = Effort()


Builder = Callable[[SignalSpec, Any], nn.Module]


@dataclass(frozen=True)
class Family:
    """A family of backbones. Each ``models/<family>.py`` declares one ``FAMILY``; so may a user's own Python file.

    - `accepts`: the kinds of signal it takes (``table``, ``image``, ``sequence``).
    - `options`: a frozen pydantic model with the family's options and their defaults.
    - `sizes`: option values for ``small``, ``base`` and ``large``; what the user sets wins over them.
    - `gives`: by what an encoder may give of a row, what builds the module, from `Signal` to `Signal`, of a spec and
      options: one ``vector`` (B,F); a ``sequence`` (B,T,F) of the same steps, or a ``causal`` one, each step of which
      knows of no later one; ``maps`` (B,F,H,W) of features where they are in a picture. What F is, is found by a dry
      run. A lone builder is that of vectors.
    - `decoder(spec, latent, options)`: a module from codes (B, latent) to values (B, *spec.shape), the family's network
      the other way round; families without one are given `leadline.nn.generative.decoders`' own.
    - `reference`: the paper.
    - `head(spec, outputs, options)`, `fit(head, train, validation, seed, effort)` and `work(head, rows)`: for classical
      families, which no gradient trains. Their vectors only say which features they learn from; `head` is the model
      itself, from the features of all inputs (B,F) to what the network's end takes (B,outputs), its numbers empty until
      `fit` finds them on `Sample`s; its `columns` say how many float32 a row takes meanwhile. `work` estimates how many
      operations that takes. Their table is `data.preprocessors.TablePreprocessor`'s plain one.
    - `forecasts`: it needs to know how many steps of a sequence are to be forecast, and gives them itself (``head:
      none``). If it is fitted, the model is what `build` returns, and `fit` and `work` take that; the splits are given
      to it as `Windows`.
    - `is_baseline(schema)`: whether the data suits it as a baseline, where its inputs usually have it as one;
      `from_data(schema)`: the options that the data gives it there.
    - `training`: entries of `training` that suit it, as in an experiment file, where it reads the only input and
      neither the user nor the objective says another.
    - `check()`: raises UsageError where it cannot be fitted with what is installed, before a run's folder is made.
    """

    name: str
    accepts: tuple[str, ...]
    options: type[BaseModel]
    gives: Builder | Mapping[EncoderOutput, Builder]
    reference: str
    sizes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    decoder: Callable[[SignalSpec, int, Any], nn.Module] | None = None
    head: Callable[[SignalSpec, int, Any], nn.Module] | None = None
    fit: Callable[[Any, Any, Any, int, Effort], FitResult] | None = None
    work: Callable[[Any, int], float] | None = None
    forecasts: bool = False
    is_baseline: Callable[[Schema], bool] = lambda schema: True
    from_data: Callable[[Schema], Mapping[str, Any]] = lambda schema: {}
    training: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[], None] = lambda: None

    @property
    def plain(self) -> bool:
        """Whether it takes plain inputs, in which nothing is learned: see `data.preprocessors.build_preprocessor`."""
        return self.fit is not None and not self.forecasts

    @property
    def builders(self) -> Mapping[EncoderOutput, Builder]:
        """What builds its modules, by what they give."""
        return self.gives if isinstance(self.gives, Mapping) else {"vector": self.gives}

    def build(self, spec: SignalSpec, options: Any, output: EncoderOutput = "vector") -> nn.Module:
        """Return a module with fresh weights that gives what is asked for, which must be among `builders`."""
        return self.builders[output](spec, options)
