"""Logistic regression, or linear regression, on plain features."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from pydantic import Field
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from torch import Tensor

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.models.contract import Family, FitResult, Sample
from leadline.nn.batch import SignalSpec
from leadline.nn.classical.classical_module import ABSENT, ClassicalModule, by_output, two_sided
from leadline.nn.classical.design_matrix import Encoding, columns_of
from leadline.nn.classical.penalty_ladder import climb
from leadline.nn.classical.plain_features import KINDS, features

_PASSES = 30  # over the rows that fitting takes, at a guess
_RUNGS = 5  # of the ladder of penalties, at a guess


class Options(Fact):
    """`l2` times half the squared weights is added to the summed loss (for a number, times the squared weights).

    None chooses it on validation rows (`penalty_ladder`); without any it is 1. `max_iter` bounds the search for a
    classifier.
    """

    l2: float | None = Field(default=None, ge=0, description="strength of the L2 penalty; null: chosen on validation")
    max_iter: int = Field(default=200, ge=1, description="most iterations of L-BFGS")


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


def fit(model: Linear, train: Sample, validation: Sample | None, seed: int) -> FitResult:
    """Find the weights: of the softmax's cross-entropy by L-BFGS, of squared errors in closed form."""
    model.encoding.fit(train.x_nF)
    solver = _Solver(model, model.encoding.rows(train.x_nF), train)
    given = model.options.l2
    if given is not None or validation is None:
        return FitResult({}, notes=solver.solve(1.0 if given is None else given))

    def tried(l2: float) -> tuple[float, tuple[dict[str, Tensor], tuple[str, ...]]]:
        said = solver.solve(l2)
        return _loss(model, validation), ({name: one.clone() for name, one in model.state_dict().items()}, said)

    chosen = climb(tried)
    state, said = chosen.state
    model.load_state_dict(state)
    return FitResult({}, notes=(chosen.note(len(validation.x_nF)), *said))


class _Solver:
    """Finds the weights for one penalty after another; a classifier's search begins where the last one ended."""

    def __init__(self, model: Linear, x_nG: np.ndarray, train: Sample) -> None:
        self.model, self.train = model, train
        self.x_nG = x_nG.astype(np.float64) if model.outputs == 1 else x_nG
        self.logistic = LogisticRegression(max_iter=model.options.max_iter, warm_start=True)

    def solve(self, l2: float) -> tuple[str, ...]:
        """Put the weights for a penalty into the model; returns what should be known of them."""
        model, train = self.model, self.train
        if model.outputs == 1:
            ridge = Ridge(alpha=l2).fit(self.x_nG, train.target_n, train.weight_n)
            model.put(weight_OG=ridge.coef_[None], bias_O=np.atleast_1d(ridge.intercept_))
            return ()
        logistic = self.logistic.set_params(C=1 / l2 if l2 else np.inf)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it is noted below
            logistic.fit(self.x_nG, train.target_n, train.weight_n)
        two = len(logistic.classes_) == 2
        weight_KG, bias_K = (two_sided(values) if two else values for values in (logistic.coef_, logistic.intercept_))
        model.put(
            weight_OG=by_output(weight_KG, logistic.classes_, model.outputs, 0.0),
            bias_O=by_output(bias_K, logistic.classes_, model.outputs, ABSENT),
        )
        most = model.options.max_iter
        stopped = int(logistic.n_iter_.max()) >= most
        return (say("models.logistic-not-converged", iterations=most),) if stopped else ()


def _loss(model: Linear, sample: Sample) -> float:
    with torch.inference_mode():
        score_nO, target_n = model(torch.from_numpy(sample.x_nF)).double(), torch.from_numpy(sample.target_n)
    if model.outputs == 1:
        loss_n = (score_nO[:, 0] - target_n).square()
    else:
        loss_n = torch.nn.functional.cross_entropy(score_nO, target_n, reduction="none")
    return float(np.average(loss_n.numpy(), weights=sample.weight_n))


def _work(model: Linear, rows: int) -> float:
    each = _PASSES * model.outputs if model.outputs > 1 else model.columns / 10
    return _RUNGS * rows * model.columns * each


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
