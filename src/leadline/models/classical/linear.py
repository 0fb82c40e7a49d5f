"""Logistic regression, or linear regression, on plain features."""

from __future__ import annotations

import numpy as np
import torch
from pydantic import Field
from sklearn.linear_model import Ridge
from torch import Tensor

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.models.contract import AT_LEISURE, Effort, Family, FitResult, Sample
from leadline.nn.batch import SignalSpec
from leadline.nn.classical.classical_module import ABSENT, ClassicalModule, by_output
from leadline.nn.classical.design_matrix import Encoding, columns_of
from leadline.nn.classical.penalty_ladder import climb
from leadline.nn.classical.plain_features import KINDS, features
from leadline.nn.classical.softmax_regression import SoftmaxRegression

_PASSES = 30  # over the rows that fitting takes, at a guess
_RUNGS = 6  # of the ladder of penalties, at a guess
LADDER_ROWS = 10_000  # train rows that are enough to choose a penalty


class Options(Fact):
    """`l2` times half the squared weights is added to the summed loss (for a number, times the squared weights).

    None chooses it on validation rows (`penalty_ladder`); without any it is 1. `max_iter` bounds the search for a
    classifier.
    """

    l2: float | None = Field(default=None, ge=0, description="strength of the L2 penalty; null: chosen on validation")
    max_iter: int = Field(default=200, ge=1, description="maximum number of L-BFGS iterations")


class Linear(ClassicalModule):
    """Plain features (B,F) to (B,O): encoded, then one weight a column and output."""

    def __init__(self, spec: SignalSpec, outputs: int, options: Options) -> None:
        super().__init__()
        self.encoding = Encoding(spec.shape[0], spec.classes)
        self.outputs, self.options, self.columns = outputs, options, columns_of(spec)
        self.weight_OG: Tensor
        self.bias_O: Tensor
        self.declare("weight_OG", 2, learned=True)
        self.declare("bias_O", 1, learned=True)

    def forward(self, x_BF: Tensor) -> Tensor:
        return torch.nn.functional.linear(self.encoding(x_BF), self.weight_OG, self.bias_O)


def fit(model: Linear, train: Sample, validation: Sample | None, seed: int, effort: Effort = AT_LEISURE) -> FitResult:
    """Find the weights: of the softmax's cross-entropy by L-BFGS, of squared errors in closed form.

    Of more than `LADDER_ROWS` train rows so many are drawn to choose the penalty, and all are fitted with it.
    """
    model.encoding.fit(train.x_nF)
    given = model.options.l2
    if given is not None or validation is None:
        late = _Solver(model, train).solve(1.0 if given is None else given)
        return FitResult({}, notes=late, caveats=late)
    some = train.drawn(LADDER_ROWS, seed)
    solver, share = _Solver(model, some), float(some.weight_n.sum() / max(train.weight_n.sum(), 1e-12))

    def tried(l2: float) -> tuple[float, tuple[dict[str, Tensor], tuple[str, ...]]]:
        said = solver.solve(l2 * share)
        return _loss(model, validation), ({name: one.clone() for name, one in model.state_dict().items()}, said)

    best = climb(tried, effort.is_over, effort.progress)
    state, late = best.state
    said = late
    if some is train:
        model.load_state_dict(state)
    else:
        late = _Solver(model, train).solve(best.l2)
        said = (say("models.penalty-on-some", rows=LADDER_ROWS), *late)
    return FitResult({}, notes=(best.note(len(validation.x_nF)), *said), caveats=(*best.caveats, *late))


class _Solver:
    """Puts the weights for one penalty after another into a model."""

    def __init__(self, model: Linear, train: Sample) -> None:
        self.model, self.train = model, train
        self.x_nG = model.encoding.rows(train.x_nF)
        if model.outputs > 1:
            self.classes_K, class_n = np.unique(train.target_n, return_inverse=True)
            self.softmax = SoftmaxRegression(self.x_nG, class_n, train.weight_n, model.options.max_iter)

    def solve(self, l2: float) -> tuple[str, ...]:
        """Find the weights for a penalty; returns what should be known of them."""
        model, train = self.model, self.train
        if model.outputs == 1:
            ridge = Ridge(alpha=l2).fit(self.x_nG.astype(np.float64), train.target_n, train.weight_n)
            model.put(weight_OG=ridge.coef_[None], bias_O=np.atleast_1d(ridge.intercept_))
            return ()
        found = self.softmax.solve(l2)
        model.put(
            weight_OG=by_output(found.weight_KD, self.classes_K, model.outputs, 0.0),
            bias_O=by_output(found.bias_K, self.classes_K, model.outputs, ABSENT),
        )
        if found.converged:
            return ()
        return (say("models.logistic-not-converged", iterations=model.options.max_iter),)


def _loss(model: Linear, sample: Sample) -> float:
    with torch.inference_mode():
        return sample.loss(model(torch.from_numpy(sample.x_nF)).double().numpy())


def _work(model: Linear, rows: int) -> float:
    each = _PASSES * model.outputs if model.outputs > 1 else model.columns / 10
    return (rows + _RUNGS * min(rows, LADDER_ROWS)) * model.columns * each


FAMILY = Family(
    name="linear",
    accepts=KINDS,
    options=Options,
    gives=lambda spec, options: features(spec),
    head=Linear,
    fit=fit,
    work=_work,
    reference="Cox 1958, The regression analysis of binary sequences; Hoerl & Kennard 1970, Ridge regression",
)
