"""A support vector machine with a Gaussian kernel, approximated from landmarks among the rows.

Shapes in names: B rows, n rows fitted on, G encoded columns, M landmarks, D dimensions kept, K classes that occur, O
outputs.
"""

from __future__ import annotations

import warnings

import numpy as np
import torch
from pydantic import Field
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC, LinearSVR
from torch import Tensor

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.metrics.classification.temperature import best_scale
from leadline.models.contract import AT_LEISURE, Effort, Family, FitResult, Sample
from leadline.nn.batch import SignalSpec
from leadline.nn.classical.classical_module import ABSENT, ClassicalModule, by_output, two_sided
from leadline.nn.classical.design_matrix import BLOCK, Encoding, columns_of
from leadline.nn.classical.plain_features import KINDS, features
from leadline.nn.rng import generator_for, seed_for

_SMALLEST = 1e-4  # of the largest eigenvalue: directions below it are rounding errors in float32
SCALES = (0.05, 150.0)  # between which that of the scores lies, whose unit is the margin
_PASSES = 30  # over the rows that fitting takes, at a guess


class Options(Fact):
    """`c` is what a row's loss counts against the margin, `gamma` the kernel's exp(-gamma d²), None for 1 / summed
    variance.

    The kernel is spanned by `n_components`, drawn from the rows. Of more than `max_samples` train rows so many are
    drawn.
    """

    c: float = Field(default=1.0, gt=0, description="inverse regularisation strength C")
    gamma: float | None = Field(
        default=None, gt=0, description="coefficient of the RBF kernel exp(−γ·d²); null: 1 over the summed variance"
    )
    n_components: int = Field(default=500, ge=2, description="number of landmarks of the Nyström approximation")
    max_samples: int = Field(default=10_000, ge=2, description="maximum number of training examples, drawn at random")


class SVM(ClassicalModule):
    """Plain features (B,F) to (B,O): encoded, their kernel with each landmark, one weight a landmark and output."""

    def __init__(self, spec: SignalSpec, outputs: int, options: Options) -> None:
        super().__init__()
        self.encoding = Encoding(spec.shape[0], spec.classes)
        self.outputs, self.options, self.columns = outputs, options, columns_of(spec)
        self.gamma: Tensor
        self.landmark_MG: Tensor
        self.weight_OM: Tensor
        self.bias_O: Tensor
        self.register_buffer("gamma", torch.tensor(1.0))
        self.declare("landmark_MG", 2, learned=True)
        self.declare("weight_OM", 2, learned=True)
        self.declare("bias_O", 1, learned=True)

    def kernel(self, x_BG: Tensor) -> Tensor:
        """Return the kernel of encoded rows with each landmark (B,M)."""
        lengths_BM = x_BG.square().sum(1, keepdim=True) + self.landmark_MG.square().sum(1)
        return torch.exp(-self.gamma * (lengths_BM - 2 * x_BG @ self.landmark_MG.T).clamp(min=0))

    def forward(self, x_BF: Tensor) -> Tensor:
        return torch.nn.functional.linear(self.kernel(self.encoding(x_BF)), self.weight_OM, self.bias_O)


def fit(model: SVM, train: Sample, validation: Sample | None, seed: int, effort: Effort = AT_LEISURE) -> FitResult:
    """Find the machines: of classes one against the rest with the squared hinge loss, of a number with the
    ε-insensitive one.

    Scores of classes are then multiplied by the one number that makes validation rows likeliest (Guo et al. 2017),
    train rows where there are none: this makes probabilities of them and leaves every decision as it is.
    """
    options = model.options
    notes, caveats = list[str](), tuple[str, ...]()
    if len(train.x_nF) > options.max_samples:
        train = train.drawn(options.max_samples, seed)
        notes.append(say("models.svm-fitted-to-some", rows=len(train.x_nF)))
        caveats = tuple(notes)
    model.encoding.fit(train.x_nF)
    x_nG = model.encoding.rows(train.x_nF)
    order = torch.randperm(len(x_nG), generator=generator_for(seed, "landmarks"))[: options.n_components].numpy()
    variance = float(x_nG.var(0, dtype=np.float64).sum())
    model.put(gamma=torch.tensor(options.gamma or 1 / max(variance, 1e-12)), landmark_MG=np.unique(x_nG[order], axis=0))
    to_D = _whitening(_kernel(model, model.landmark_MG.numpy()))
    weight_KD, bias_K, classes_K = _machines(model, _kernel(model, x_nG) @ to_D, train, seed)
    weight_OM, bias_O = _per_output(weight_KD @ to_D.T, bias_K, classes_K, model.outputs)
    if model.outputs > 1:
        judged = train if validation is None else validation
        if validation is None:
            notes.append(say("models.svm-no-validation"))
        scale = _scale(_kernel(model, model.encoding.rows(judged.x_nF)) @ weight_OM.T + bias_O, judged, classes_K)
        weight_OM, bias_O = weight_OM * scale, np.where(bias_O == ABSENT, bias_O, bias_O * scale)
    model.put(weight_OM=weight_OM, bias_O=bias_O)
    return FitResult({}, notes=tuple(notes), caveats=caveats)


def _kernel(model: SVM, x_nG: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        blocks = (torch.from_numpy(x_nG[start : start + BLOCK]) for start in range(0, len(x_nG), BLOCK))
        return np.concatenate([model.kernel(x_BG).double().numpy() for x_BG in blocks])


def _whitening(kernel_MM: np.ndarray) -> np.ndarray:
    """Return the map (M,D) after which products of rows are their kernel, as landmarks know it (Williams & Seeger
    2001).
    """
    values_M, vectors_MM = np.linalg.eigh(kernel_MM)
    kept = values_M > _SMALLEST * values_M[-1]
    whitening: np.ndarray = vectors_MM[:, kept] / np.sqrt(values_M[kept])
    return whitening


def _machines(model: SVM, x_nD: np.ndarray, train: Sample, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights (K,D), biases (K,) and the classes they are of; of two classes, and of a number, there is one."""
    state = seed_for(seed, "svm") % 2**32
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if model.outputs == 1:
            loss = "squared_epsilon_insensitive"
            machine = LinearSVR(C=model.options.c, epsilon=0.1, loss=loss, dual=False, random_state=state)
        else:
            machine = LinearSVC(C=model.options.c, dual=False, random_state=state)
        machine.fit(x_nD, train.target_n, train.weight_n)
    classes_K = machine.classes_ if model.outputs > 1 else np.zeros(1, dtype=np.int64)
    return np.atleast_2d(machine.coef_), np.atleast_1d(machine.intercept_), classes_K


def _per_output(
    weight_KM: np.ndarray, bias_K: np.ndarray, classes_K: np.ndarray, outputs: int
) -> tuple[np.ndarray, np.ndarray]:
    if len(classes_K) == 2:
        weight_KM, bias_K = two_sided(weight_KM), two_sided(bias_K)
    return by_output(weight_KM, classes_K, outputs, 0.0), by_output(bias_K, classes_K, outputs, ABSENT)


def _scale(score_nO: np.ndarray, judged: Sample, classes_K: np.ndarray) -> float:
    known_n = np.isin(judged.target_n, classes_K)
    score_nK, weight_n = score_nO[known_n][:, classes_K], judged.weight_n[known_n]
    target_n = np.searchsorted(classes_K, judged.target_n[known_n])

    return best_scale(target_n, score_nK, weight_n, SCALES) if len(target_n) else 1.0


def _work(model: SVM, rows: int) -> float:
    count, landmarks = min(rows, model.options.max_samples), min(rows, model.options.n_components)
    machines = model.outputs if model.outputs > 2 else 1
    return count * landmarks * (model.columns + landmarks + _PASSES * machines) / 10 + landmarks**3


FAMILY = Family(
    name="svm",
    accepts=KINDS,
    options=Options,
    gives=lambda spec, options: features(spec),
    head=SVM,
    fit=fit,
    work=_work,
    reference="Cortes & Vapnik 1995, Support-vector networks; Williams & Seeger 2001, Using the Nyström method",
)
