"""Logistic regression, or ridge regression, on the TF-IDF of words and pairs of words, beside the columns of a table.

What a practitioner tries first on texts. Of classes the n-grams may also be weighted by how much oftener they are in
texts of one class than in others (Wang & Manning 2012): that, and the penalty, is chosen on validation rows.

Shapes in names: B rows, n rows fitted on, G n-grams of all texts, C columns of tables and pictures, D = G + C, O
outputs, K classes that occur.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np
import scipy.sparse
import torch
from pydantic import Field
from sklearn.linear_model import Ridge
from torch import Tensor, nn
from torch.nn import functional as F

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.schema import Schema
from leadline.data.columns.contract import input_type
from leadline.models.contract import AT_LEISURE, Effort, Family, FitResult, Sample
from leadline.nn.batch import SignalSpec
from leadline.nn.classical.classical_module import ABSENT, ClassicalModule, by_output
from leadline.nn.classical.design_matrix import Encoding, columns_of
from leadline.nn.classical.ngrams import NGrams
from leadline.nn.classical.penalty_ladder import BestPenalty, climb
from leadline.nn.classical.plain_features import KINDS, features
from leadline.nn.classical.softmax_regression import SoftmaxRegression

Rows = TypeVar("Rows", Tensor, np.ndarray)

_PASSES = 40  # over the rows that one search takes, at a guess
_RUNGS = 10  # of the ladders of penalties, at a guess
_PLACES = 8  # numbers that a token takes while n-grams are counted
SMOOTHING = 1.0  # added to how often an n-gram is in texts of a class


class Options(Fact):
    """`l2` times half the squared weights is added to the summed loss (for a number, times the squared weights).

    What is None is chosen on validation rows: `l2` on a ladder, without any it is 1; `naive_bayes` by trying both,
    without any it is false; `ngrams` by the kind of tokens, two for words.
    """

    l2: float | None = Field(default=None, ge=0, description="strength of the L2 penalty; null: chosen on validation")
    naive_bayes: bool | None = Field(
        default=None, description="weight n-grams by their log-count ratio between classes; null: chosen on validation"
    )
    ngrams: int | None = Field(
        default=None, ge=1, le=8, description="maximum length of n-grams; null: 2 for words, more for shorter tokens"
    )
    max_features: int = Field(
        default=100_000, ge=1, description="maximum number of n-grams per text column, the most frequent"
    )
    max_iter: int = Field(default=200, ge=1, description="maximum number of L-BFGS iterations")


class TFIDF(ClassicalModule):
    """Token numbers and other plain features (B,F) to (B,O): one weight an n-gram or encoded column, and output."""

    def __init__(self, spec: SignalSpec, outputs: int, options: Options) -> None:
        super().__init__()
        self.outputs, self.options = outputs, options
        texts = [one if options.ngrams is None else one._replace(ngrams=options.ngrams) for one in spec.texts]
        held = {column for one in texts for column in range(one.start, one.start + one.length)}
        others = [column for column in range(spec.shape[0]) if column not in held]
        classes = spec.classes or (0,) * spec.shape[0]
        self.ngrams = nn.ModuleList([NGrams(one) for one in texts])
        self.encoding = Encoding(len(others), [classes[column] for column in others])
        self.columns = _PLACES * len(held) + columns_of(SignalSpec("table", (len(others),), self.encoding.classes))
        self.others_F: Tensor
        self.register_buffer("others_F", torch.tensor(others, dtype=torch.int64), persistent=False)
        self.weight_GO: Tensor
        self.weight_OC: Tensor
        self.bias_O: Tensor
        self.declare("weight_GO", 2, learned=True)
        self.declare("weight_OC", 2, learned=True)
        self.declare("bias_O", 1, learned=True)

    def forward(self, x_BF: Tensor) -> Tensor:
        score_BO = F.linear(self.encoding(x_BF.index_select(1, self.others_F)), self.weight_OC, self.bias_O)
        first = 0
        for ngrams in self.texts():
            column_BM, value_BM = ngrams(_of(x_BF, ngrams))
            weight_GO = F.pad(self.weight_GO[first : first + ngrams.count], (0, 0, 0, 1))
            score_BO = score_BO + F.embedding_bag(column_BM, weight_GO, mode="sum", per_sample_weights=value_BM)
            first += ngrams.count
        return score_BO

    def fit_features(self, x_nF: np.ndarray) -> None:
        """Find n-grams and the columns of tables."""
        self.encoding.fit(x_nF[:, self.others_F.numpy()])
        for ngrams in self.texts():
            token_nL = _of(x_nF, ngrams).astype(np.int64)
            ngrams.fit(token_nL, ngrams.texts.ngrams, self.options.max_features)

    def rows(self, x_nF: np.ndarray) -> scipy.sparse.csr_matrix:
        """Return features (n,D), sparse: n-grams of all texts, then encoded columns."""
        parts = [ngrams.rows(_of(x_nF, ngrams)) for ngrams in self.texts()]
        others = self.encoding.rows(x_nF[:, self.others_F.numpy()])
        table = scipy.sparse.csr_matrix(others, dtype=np.float64)
        rows: scipy.sparse.csr_matrix = scipy.sparse.hstack([*parts, table], format="csr")
        return rows

    def put_weights(self, weight_OD: np.ndarray, bias_O: np.ndarray) -> None:
        """Take weights in the order of `rows`."""
        count = sum(ngrams.count for ngrams in self.texts())
        self.put(weight_GO=weight_OD[:, :count].T, weight_OC=weight_OD[:, count:], bias_O=bias_O)

    def texts(self) -> Sequence[NGrams]:
        """Return what finds the n-grams of each text."""
        return list(self.ngrams)  # type: ignore[arg-type]


def _of(x: Rows, ngrams: NGrams) -> Rows:
    """Return the token numbers of a text among features (rows, F)."""
    return x[:, ngrams.texts.start : ngrams.texts.start + ngrams.texts.length]


class _Fitted(NamedTuple):
    """Weights (O,D) of one penalty, biases, and whether the search for them had converged."""

    weight_OD: np.ndarray
    bias_O: np.ndarray
    converged: bool = True


def fit(model: TFIDF, train: Sample, validation: Sample | None, seed: int, effort: Effort = AT_LEISURE) -> FitResult:
    """Find the weights: of the softmax's cross-entropy by L-BFGS, of squared errors by conjugate gradients."""
    model.fit_features(train.x_nF)
    x_nD = model.rows(train.x_nF)
    options = model.options
    ways = [bool(options.naive_bayes)] if options.naive_bayes is not None or validation is None else [False, True]
    solvers = [_Solver(model, x_nD, train, way) for way in (ways if model.outputs > 1 else [False])]
    if validation is None or (options.l2 is not None and len(solvers) == 1):
        best = BestPenalty(1.0, 0.0, solvers[0].solve(1.0 if options.l2 is None else options.l2), ())
        said: tuple[str, ...] = ()
    else:
        best, said = _best(model, solvers, validation, effort)
    model.put_weights(best.state.weight_OD, best.state.bias_O)
    late = () if best.state.converged else (say("models.logistic-not-converged", iterations=options.max_iter),)
    return FitResult({}, notes=(*said, *late), caveats=(*best.caveats, *late))


def _best(
    model: TFIDF, solvers: Sequence[_Solver], validation: Sample, effort: Effort
) -> tuple[BestPenalty[_Fitted], tuple[str, ...]]:
    """Return what has the least loss on validation rows, and how it was chosen."""
    x_nD, given = model.rows(validation.x_nF), model.options.l2

    def tried(solver: _Solver, l2: float) -> tuple[float, _Fitted]:
        fitted = solver.solve(l2)
        return validation.loss(x_nD @ fitted.weight_OD.T + fitted.bias_O), fitted

    climbs: list[BestPenalty[_Fitted]] = []
    for number, solver in enumerate(solvers):
        if given is None:
            done = partial(_share, effort, number, len(solvers))
            climbs.append(climb(partial(tried, solver), effort.is_over, done))
        else:
            loss, fitted = tried(solver, given)
            climbs.append(BestPenalty(given, loss, fitted, (given,)))
    at = min(range(len(climbs)), key=lambda i: climbs[i].loss)
    said: tuple[str, ...] = () if given is not None else (climbs[at].note(len(validation.x_nF)),)
    if len(solvers) > 1:
        name = "models.naive-bayes-chosen" if solvers[at].naive_bayes else "models.naive-bayes-left-out"
        said = (*said, say(name, rows=len(validation.x_nF)))
    return climbs[at], said


def _share(effort: Effort, number: int, count: int, share: float) -> None:
    effort.progress((number + share) / count)


class _Solver:
    """Finds weights for one penalty after another, of n-grams weighted in one way."""

    def __init__(self, model: TFIDF, x_nD: scipy.sparse.csr_matrix, train: Sample, naive_bayes: bool) -> None:
        self.x_nD, self.train, self.outputs, self.naive_bayes = x_nD, train, model.outputs, naive_bayes
        if model.outputs == 1:
            return
        self.classes_K, class_n = np.unique(train.target_n, return_inverse=True)
        scale_KD = None
        if naive_bayes:
            count = sum(ngrams.count for ngrams in model.texts())
            scale_KD = np.ones((len(self.classes_K), x_nD.shape[1]))
            scale_KD[:, :count] = _log_count_ratios(x_nD[:, :count], class_n, train.weight_n)
        self.softmax = SoftmaxRegression(x_nD, class_n, train.weight_n, model.options.max_iter, scale_KD)

    def solve(self, l2: float) -> _Fitted:
        """Return the weights for a penalty."""
        if self.outputs == 1:
            ridge = Ridge(alpha=l2).fit(self.x_nD, self.train.target_n, self.train.weight_n)
            return _Fitted(ridge.coef_[None], np.atleast_1d(ridge.intercept_))
        found = self.softmax.solve(l2)
        weight_OD = by_output(found.weight_KD, self.classes_K, self.outputs, 0.0)
        return _Fitted(weight_OD, by_output(found.bias_K, self.classes_K, self.outputs, ABSENT), found.converged)


def _log_count_ratios(x_nG: scipy.sparse.csr_matrix, class_n: np.ndarray, weight_n: np.ndarray) -> np.ndarray:
    """Return, for each class (K,G), the log of how much oftener an n-gram is in its texts than in all others."""
    there_nG = x_nG.astype(bool).astype(np.float64)
    member_nK = weight_n[:, None] * (class_n[:, None] == np.arange(class_n.max() + 1))
    in_KG = (there_nG.T @ member_nK).T
    out_KG = in_KG.sum(0) - in_KG
    in_KG, out_KG = in_KG + SMOOTHING, out_KG + SMOOTHING
    ratio_KG: np.ndarray = np.log(in_KG / in_KG.sum(1, keepdims=True)) - np.log(out_KG / out_KG.sum(1, keepdims=True))
    return ratio_KG


def _work(model: TFIDF, rows: int) -> float:
    tokens = sum(ngrams.texts.length * ngrams.texts.ngrams for ngrams in model.texts())
    return float(_RUNGS * _PASSES * rows * (tokens + model.columns) * model.outputs)


def _reads_texts(schema: Schema) -> bool:
    return any(input_type(one.kind).tokens is not None for one in schema.inputs)


FAMILY = Family(
    name="tfidf",
    accepts=KINDS,
    options=Options,
    gives=lambda spec, options: features(spec, tokens=True),
    head=TFIDF,
    fit=fit,
    work=_work,
    is_baseline=_reads_texts,
    reference="Salton & Buckley 1988, Term-weighting approaches; Wang & Manning 2012, Baselines and bigrams",
)
