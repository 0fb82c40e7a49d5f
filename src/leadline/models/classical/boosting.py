"""Gradient boosting of trees over histograms, grown by scikit-learn and computed by the shipped network."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

import numpy as np
import sklearn
from pydantic import Field
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.errors import UsageError
from leadline.models.contract import AT_LEISURE, Effort, Family, FitResult, Sample
from leadline.nn.batch import SignalSpec
from leadline.nn.classical.classical_module import ABSENT, by_output, two_sided
from leadline.nn.classical.plain_features import KINDS, features
from leadline.nn.classical.trees import KNOWN, Forest, Trees
from leadline.nn.rng import seed_for

# Versions of scikit-learn whose trees lie where `take_over` reads them; the upper one is not among them, nor in
# pyproject.toml. Raise both once tests/unit/models/classical/test_boosting.py passes with a newer one.
KNOWN_VERSIONS = ("1.7", "1.10")
_HISTOGRAMS = 1.5  # operations for each value and level of a tree


class Options(Fact):
    """`max_iter` trees, one a class, of at most `max_leaf_nodes` leaves with `min_samples_leaf` rows each; a leaf's
    part is `learning_rate` of the step.

    Growing stops after `patience` iterations without a better loss on validation rows, where there are any, and the
    trees up to the best ship. `l2_regularization` shrinks the leaves.
    """

    max_iter: int = Field(default=300, ge=1, le=10_000, description="maximum number of boosting iterations")
    learning_rate: float = Field(default=0.1, gt=0, le=1, description="learning rate (shrinkage)")
    max_leaf_nodes: int = Field(default=31, ge=2, le=65_536, description="maximum number of leaves per tree")
    max_depth: int | None = Field(default=None, ge=1, description="maximum depth of a tree; null: no limit")
    min_samples_leaf: int = Field(default=20, ge=1, description="minimum number of training examples per leaf")
    l2_regularization: float = Field(default=0.0, ge=0, description="L2 penalty on leaf values")
    patience: int | None = Field(
        default=20,
        ge=1,
        description="iterations without a better validation loss before stopping; null: never stop early",
    )


class Boosting(Trees):
    """An ensemble of trees with the options that it is grown by."""

    def __init__(self, spec: SignalSpec, outputs: int, options: Options) -> None:
        super().__init__(spec.shape[0], outputs, spec.classes)
        self.options = options
        self.columns = 2 * self.features  # scikit-learn takes them as float64


class _Columns(NamedTuple):
    """Features as scikit-learn wants them: codes from 0 to 254 in coded columns, NaN where missing."""

    code_M: np.ndarray
    coded: tuple[int, ...]
    first_K: np.ndarray
    last_K: np.ndarray
    empty_F: np.ndarray

    @classmethod
    def of(cls, model: Boosting, x_nF: np.ndarray) -> _Columns:
        """Number the classes of each coded column that occur, of very many the most frequent."""
        coded, first_K, last_K = model.coded_K.tolist(), model.first_K.numpy(), model.last_K.numpy()
        code_M = np.full(int((last_K + 1).sum()), KNOWN)
        for feature, first, last in zip(coded, first_K, last_K, strict=True):
            counts = np.bincount(_codes(x_nF[:, feature], last), minlength=last + 1)
            counts[0] = 0
            often = np.argsort(-counts, kind="stable")[:KNOWN]
            kept = np.sort(often[counts[often] > 0])
            code_M[first + kept] = np.arange(len(kept))
        empty_F = np.isnan(x_nF).all(0)
        for feature, first, last in zip(coded, first_K, last_K, strict=True):
            empty_F[feature] = bool((code_M[first : first + last + 1] == KNOWN).all())
        return cls(code_M, tuple(coded), first_K, last_K, empty_F)

    def encode(self, x_nF: np.ndarray) -> np.ndarray:
        """Return features (n,F) as float64."""
        encoded: np.ndarray = x_nF.astype(np.float64)
        for feature, first, last in zip(self.coded, self.first_K, self.last_K, strict=True):
            code_n = self.code_M[first + _codes(x_nF[:, feature], last)]
            encoded[:, feature] = np.where(code_n == KNOWN, np.nan, code_n)
        encoded[:, self.empty_F] = 0  # there is nothing to split by, which scikit-learn would stumble over
        return encoded


def _codes(raw_n: np.ndarray, last: int) -> np.ndarray:
    codes: np.ndarray = np.nan_to_num(raw_n).clip(0, last).astype(np.int64)
    return codes


def fit(model: Boosting, train: Sample, validation: Sample | None, seed: int, effort: Effort = AT_LEISURE) -> FitResult:
    """Grow the trees on train rows; the loss is cross-entropy in nats, or the squared error of one output.

    Raises UsageError where the installed scikit-learn may keep its trees elsewhere.
    """
    check_version()
    columns = _Columns.of(model, train.x_nF)
    watched = _of_known_classes(validation, train) if model.options.patience is not None else None
    estimator = estimator_for(model, columns, watched is not None, seed)
    beside = {}
    if watched is not None:
        beside = {
            "X_val": columns.encode(watched.x_nF),
            "y_val": watched.target_n,
            "sample_weight_val": watched.weight_n,
        }
    estimator.fit(columns.encode(train.x_nF), train.target_n, train.weight_n, **beside)
    scale = -1.0 if model.outputs > 1 else -2.0  # scores are negative losses; squared errors are halved there
    losses = {"loss": scale * estimator.train_score_}
    shipped: int = estimator.n_iter_
    if watched is not None:
        losses["val_loss"] = scale * estimator.validation_score_
        shipped = 1 + int(np.argmin(losses["val_loss"][1:]))  # the first is that of no trees at all
    take_over(model, estimator, columns, shipped)
    return FitResult(losses, shipped)


def check_version() -> None:
    """Raise UsageError where the trees of the installed scikit-learn are not known to lie where they are read."""
    installed, (lowest, beyond) = sklearn.__version__, KNOWN_VERSIONS
    if not _release(lowest) <= _release(installed) < _release(beyond):
        raise UsageError(say("models.boosting-unknown-version", installed=installed, lowest=lowest, beyond=beyond))


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _of_known_classes(sample: Sample | None, train: Sample) -> Sample | None:
    """Return the rows whose loss is known: a class that no train row has has none; None where there are no such
    rows.
    """
    if sample is None or train.target_n.dtype.kind == "f":
        return sample
    known_n = np.isin(sample.target_n, train.target_n)
    return Sample(*(values[known_n] for values in sample)) if known_n.any() else None


def estimator_for(model: Boosting, columns: _Columns, watched: bool, seed: int) -> Any:
    """Return scikit-learn's estimator with the model's options, before it is fitted."""
    options = model.options
    kind = HistGradientBoostingClassifier if model.outputs > 1 else HistGradientBoostingRegressor
    return kind(
        max_iter=options.max_iter,
        learning_rate=options.learning_rate,
        max_leaf_nodes=options.max_leaf_nodes,
        max_depth=options.max_depth,
        min_samples_leaf=options.min_samples_leaf,
        l2_regularization=options.l2_regularization,
        categorical_features=list(columns.coded) or None,
        # Without validation rows nothing stops it; the losses on train rows are wanted all the same.
        early_stopping=True,
        validation_fraction=None,
        n_iter_no_change=options.patience if watched and options.patience else options.max_iter + 1,
        tol=0.0,
        random_state=seed_for(seed, "gradient-boosting") % 2**32,
    )


def take_over(model: Boosting, estimator: Any, columns: _Columns, iterations: int) -> None:
    """Copy the trees of the first `max_iter` iterations out of a fitted estimator.

    There is no public way to a tree's nodes: this one holds for `KNOWN_VERSIONS`, and a test against the estimator's
    own predictions guards it.
    """
    if columns.coded:  # it put the coded columns first
        plain = [feature for feature in range(model.features) if feature not in columns.coded]
        feature_F = np.asarray([*columns.coded, *plain])
    else:
        feature_F = np.arange(model.features)
    grown = [(tree, k) for iteration in estimator._predictors[:iterations] for k, tree in enumerate(iteration)]
    sizes = [len(tree.nodes) for tree, _ in grown]
    root_T = np.cumsum([0, *sizes])[:-1].astype(np.int64)
    bits = [tree.raw_left_cat_bitsets for tree, _ in grown]
    first_T = np.cumsum([0, *map(len, bits)])[:-1]
    node_N = np.concatenate([tree.nodes for tree, _ in grown])
    at_N, shift_N = np.arange(len(node_N)), np.repeat(root_T, sizes)
    leaf_N, coded_N = node_N["is_leaf"].astype(bool), node_N["is_categorical"].astype(bool)
    word_S8 = np.concatenate(bits)
    left_S = np.unpackbits(
        np.ascontiguousarray(word_S8.astype("<u4")).view(np.uint8).reshape(-1, 32), axis=1, bitorder="little"
    )
    classes = getattr(estimator, "classes_", np.arange(model.outputs))
    two = model.outputs > 1 and len(classes) == 2
    forest = Forest(
        feature_N=np.where(leaf_N, 0, feature_F[np.where(leaf_N, 0, node_N["feature_idx"])]),
        number_N=np.where(leaf_N, node_N["value"], node_N["num_threshold"]),
        left_N=np.where(leaf_N, at_N, node_N["left"] + shift_N),
        right_N=np.where(leaf_N, at_N, node_N["right"] + shift_N),
        missing_left_N=node_N["missing_go_to_left"].astype(bool),
        category_N=np.where(coded_N & ~leaf_N, node_N["bitset_idx"] + np.repeat(first_T, sizes), -1),
        left_S=left_S,
        root_T=root_T,
        output_T=classes[[1] * len(grown) if two else [k for _, k in grown]].astype(np.int64),
    )
    start_K = np.ravel(estimator._baseline_prediction)
    model.set_codes(columns.code_M)
    model.set(forest, by_output(two_sided(start_K) if two else start_K, classes, model.outputs, ABSENT))


def _work(model: Boosting, rows: int) -> float:
    options = model.options
    trees = options.max_iter * (model.outputs if model.outputs > 2 else 1)
    levels = min(math.log2(options.max_leaf_nodes), options.max_depth or math.inf)
    return trees * model.features * (rows * levels * _HISTOGRAMS + options.max_leaf_nodes * 500)


FAMILY = Family(
    name="gradient-boosting",
    accepts=KINDS,
    options=Options,
    gives=lambda spec, options: features(spec),
    head=Boosting,
    fit=fit,
    work=_work,
    check=check_version,
    sizes={"small": {"max_iter": 100}, "base": {}, "large": {"max_iter": 1000, "learning_rate": 0.05, "patience": 50}},
    reference="Friedman 2001, Greedy function approximation; Ke et al. 2017, LightGBM",
)
