from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from fitting_rows import SPEC, part, rows
from sklearn.linear_model import LogisticRegression, Ridge

from leadline.models.classical import linear
from leadline.models.classical.linear import Linear, Options, fit
from leadline.models.contract import Sample
from leadline.nn.batch import SignalSpec
from sentences import says


@pytest.mark.parametrize("outputs", [2, 3])
def test_classes_agree_with_scikit_learn(outputs: int) -> None:
    sample = rows(outputs)
    model = Linear(SPEC, outputs, Options())
    fit(model, sample, None, 0)
    x_nG = model.encoding.rows(sample.x_nF)
    np.testing.assert_allclose(x_nG, by_hand(sample.x_nF), atol=1e-5)
    theirs = LogisticRegression(C=1.0, max_iter=2000, tol=1e-9).fit(
        x_nG.astype(np.float64), sample.target_n, sample.weight_n
    )
    mine = model(torch.from_numpy(sample.x_nF)).softmax(1).numpy()
    np.testing.assert_allclose(mine, theirs.predict_proba(x_nG), atol=1e-4)


def by_hand(x_nF: np.ndarray) -> np.ndarray:
    columns = []
    for feature in (0, 2, 4, 5):
        values = x_nF[:, feature].astype(np.float64)
        columns.append(np.nan_to_num((values - np.nanmean(values)) / np.nanstd(values)))
    columns += [np.isnan(x_nF[:, feature]) for feature in (0, 2, 4, 5)]
    codes, counts = np.unique(x_nF[:, 1], return_counts=True)
    often = sorted(codes[np.argsort(-counts, kind="stable")[:255]])
    columns += [x_nF[:, 1] == code for code in often]
    columns += [x_nF[:, 3] == code for code in range(7)]
    return np.stack(columns, 1).astype(np.float64)


def test_a_number_agrees_with_ridge_regression() -> None:
    sample = rows(1)
    x_nG = by_hand(sample.x_nF)
    theirs = Ridge(alpha=2.0).fit(x_nG, sample.target_n, sample.weight_n)
    model = Linear(SPEC, 1, Options(l2=2.0))
    fit(model, sample, None, 0)
    np.testing.assert_allclose(model(torch.from_numpy(sample.x_nF))[:, 0].numpy(), theirs.predict(x_nG), atol=1e-5)


def test_it_is_noted_where_iterations_did_not_suffice() -> None:
    model = Linear(SPEC, 3, Options(max_iter=2))
    assert "before it had converged" in fit(model, rows(3), None, 0).notes[0]


def test_a_class_that_no_row_has_is_never_predicted() -> None:
    sample = rows(2)
    model = Linear(SPEC, 3, Options())
    fit(model, sample._replace(target_n=sample.target_n * 2), None, 0)
    probability = model(torch.from_numpy(sample.x_nF)).softmax(1)
    assert probability[:, 1].max() < 1e-6
    assert (probability.argmax(1).numpy() == 2 * sample.target_n).mean() > 0.8


def test_constant_columns_and_columns_without_values_count_nothing() -> None:
    sample = rows(2)
    sample.x_nF[:, 0], sample.x_nF[:, 2] = 1e6, np.nan
    model = Linear(SignalSpec("table", (6,)), 2, Options())
    fit(model, sample, None, 0)
    moved = sample.x_nF.copy()
    moved[:, 0], moved[:, 2] = -5.0, 3.0
    assert torch.equal(model(torch.from_numpy(sample.x_nF)), model(torch.from_numpy(moved)))


@pytest.mark.parametrize("outputs", [1, 2])
def test_how_far_weights_are_held_back_is_chosen_on_validation_rows(outputs: int) -> None:
    """Of sixty rows with forty columns of noise little can be learnt: what suits the rows least restrained suits no
    others.
    """
    rng = np.random.default_rng(0)
    x_nF = rng.normal(size=(400, 40)).astype(np.float32)
    score_n = 0.3 * x_nF[:, 0] + rng.normal(size=400)
    sample = Sample(x_nF, score_n if outputs == 1 else (score_n > 0).astype(np.int64), np.ones(400))
    train, validation = part(sample, slice(0, 60)), part(sample, slice(60, None))
    spec = SignalSpec("table", (40,))
    chosen = Linear(spec, outputs, Options())
    notes = fit(chosen, train, validation, 0).notes
    losses = {}
    for l2 in (0.1, 1.0, 10.0, 32.0, 100.0, 320.0, 1000.0):
        fixed = Linear(spec, outputs, Options(l2=l2))
        fit(fixed, train, validation, 0)
        losses[l2] = linear._loss(fixed, validation)
    assert min(losses, key=lambda l2: losses[l2]) > 1
    assert notes[0].startswith(("L2 penalty 32:", "L2 penalty 100:", "L2 penalty 320:"))
    assert linear._loss(chosen, validation) == pytest.approx(min(losses.values()), rel=0.02)


@pytest.mark.parametrize("outputs", [1, 3])
def test_weights_are_hardly_held_back_where_that_is_best(outputs: int) -> None:
    """Columns that say all are to be given great weights: the best penalty lies below 1."""
    rng = np.random.default_rng(1)
    x_nF = rng.normal(size=(300, 6)).astype(np.float32)
    score_n = x_nF @ np.array([3.0, -2, 1, 0, 0, 0]) + 0.02 * rng.normal(size=300)
    target = score_n / score_n.std() if outputs == 1 else np.digitize(score_n, [-1.0, 1.0])
    sample = Sample(x_nF, target, np.ones(300))
    model = Linear(SignalSpec("table", (6,)), outputs, Options())
    said = fit(model, part(sample, slice(0, 200)), part(sample, slice(200, None)), 0).notes[0]
    assert float(said.split()[2].rstrip(":")) < 1


def test_of_many_rows_some_choose_the_penalty_and_all_are_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "LADDER_ROWS", 80)
    sample = rows(3, 600)
    train, validation = part(sample, slice(0, 400)), part(sample, slice(400, None))
    model = Linear(SPEC, 3, Options())
    notes = fit(model, train, validation, 0).notes
    assert re.fullmatch(says("models.penalty-on-some", rows=80), notes[1])
    fixed = Linear(SPEC, 3, Options(l2=float(notes[0].split()[2].rstrip(":"))))
    fit(fixed, train, None, 0)
    torch.testing.assert_close(model(torch.from_numpy(sample.x_nF)), fixed(torch.from_numpy(sample.x_nF)))
