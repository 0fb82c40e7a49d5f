from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
import torch
from fitting_rows import SPEC, part, rows

from leadline.errors import UsageError
from leadline.models.classical import boosting
from leadline.models.classical.boosting import Boosting, Options, fit
from leadline.models.contract import Sample
from leadline.nn.batch import SignalSpec
from sentences import says


def grown(sample: Sample, outputs: int, spec: SignalSpec = SPEC, **options: Any) -> tuple[Boosting, Any]:
    model = Boosting(spec, outputs, Options(**{"max_iter": 30, **options}))
    return model, fit(model, part(sample, slice(0, -400)), part(sample, slice(-400, None)), 0)


def theirs(model: Boosting, sample: Sample, rows: np.ndarray, iterations: int) -> np.ndarray:
    """Return the predictions of scikit-learn's own estimator after so many iterations."""
    train, watched = part(sample, slice(0, -400)), part(sample, slice(-400, None))
    columns = boosting._Columns.of(model, train.x_nF)
    estimator = boosting.estimator_for(model, columns, True, 0)
    beside = {"X_val": columns.encode(watched.x_nF), "y_val": watched.target_n, "sample_weight_val": watched.weight_n}
    estimator.fit(columns.encode(train.x_nF), train.target_n, train.weight_n, **beside)
    staged = estimator.staged_predict if model.outputs == 1 else estimator.staged_predict_proba
    return np.asarray(list(staged(columns.encode(rows)))[iterations - 1])


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_the_shipped_trees_predict_what_scikit_learn_predicts(outputs: int) -> None:
    sample = rows(outputs)
    model, fitted = grown(sample, outputs)
    unseen = rows(outputs, seed=1).x_nF  # classes that no train row has are among its codes
    with torch.inference_mode():
        scores = model(torch.from_numpy(unseen))
    mine = scores[:, 0] if outputs == 1 else scores.softmax(1)
    np.testing.assert_allclose(mine.numpy(), theirs(model, sample, unseen, fitted.shipped), atol=1e-5)


def test_trees_up_to_the_best_on_validation_rows_ship() -> None:
    _, fitted = grown(rows(2), 2, max_iter=200, patience=5, learning_rate=0.5)
    losses = fitted.losses["val_loss"]
    assert len(losses) < 201  # it was stopped
    assert fitted.shipped == losses[1:].argmin() + 1
    assert len(losses) - 1 - fitted.shipped >= 5


def test_without_validation_rows_every_iteration_ships_and_the_loss_on_train_rows_is_known() -> None:
    model = Boosting(SPEC, 2, Options(max_iter=12))
    fitted = fit(model, rows(2), None, 0)
    assert fitted.shipped == 12
    assert set(fitted.losses) == {"loss"} and len(fitted.losses["loss"]) == 13
    assert fitted.losses["loss"][-1] < fitted.losses["loss"][0]
    assert len(model.root_T) == 12


def test_losses_are_mean_cross_entropy_and_mean_squared_error() -> None:
    for outputs in (1, 2):
        sample = rows(outputs)
        model, fitted = grown(sample, outputs)
        watched = part(sample, slice(-400, None))
        scores = model(torch.from_numpy(watched.x_nF)).double()
        target = torch.from_numpy(watched.target_n)
        each = (
            (scores[:, 0] - target).square()
            if outputs == 1
            else torch.nn.functional.cross_entropy(scores, target, reduction="none")
        )
        expected = np.average(each.numpy(), weights=watched.weight_n)
        assert fitted.losses["val_loss"][fitted.shipped] == pytest.approx(expected, rel=1e-5)


def test_a_class_that_no_train_row_has_is_never_predicted() -> None:
    sample = rows(3)
    sample = sample._replace(target_n=np.where(sample.target_n == 1, 2, sample.target_n))
    model, _ = grown(sample, 4)
    probability = model(torch.from_numpy(sample.x_nF)).softmax(1)
    assert probability.shape == (1500, 4)
    assert probability[:, [1, 3]].max() < 1e-9
    assert (probability.argmax(1).numpy() == sample.target_n).mean() > 0.8


def test_columns_without_any_value_or_any_known_class_do_no_harm() -> None:
    sample = rows(2)
    sample.x_nF[:, 2] = np.nan
    sample.x_nF[:, 3] = 0
    model, fitted = grown(sample, 2)
    assert model(torch.from_numpy(sample.x_nF)).isfinite().all()
    assert fitted.losses["loss"][-1] < 0.5 * fitted.losses["loss"][0]


def test_row_weights_count() -> None:
    sample = rows(2)
    heavy = sample._replace(weight_n=np.where(sample.target_n == 1, 50.0, 0.02))
    few, many = (grown(s, 2, max_iter=5)[0](torch.from_numpy(s.x_nF)).argmax(1).sum() for s in (sample, heavy))
    assert many > few


def test_the_same_seed_gives_the_same_bits() -> None:
    one, two = (grown(rows(3), 3)[0].state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("version", ["1.6.1", "1.10.0", "1.10.dev0", "1.10rc1", "2.0"])
def test_a_version_of_scikit_learn_whose_trees_are_not_known_is_refused(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = grown(rows(2), 2)
    x_BF = torch.from_numpy(rows(2, seed=1).x_nF)
    before = model(x_BF)
    monkeypatch.setattr(sklearn, "__version__", version)
    with pytest.raises(UsageError, match=says("models.boosting-unknown-version", installed=version, beyond="1.10")):
        grown(rows(2), 2)
    assert torch.equal(model(x_BF), before)  # what has shipped needs no scikit-learn


@pytest.mark.parametrize("version", ["1.7", "1.7.2", "1.9.1", sklearn.__version__])
def test_known_versions_are_taken(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sklearn, "__version__", version)
    boosting.check_version()


def test_the_package_is_installed_with_the_versions_that_are_known() -> None:
    project = tomllib.loads((Path(__file__).parents[4] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lowest, beyond = boosting.KNOWN_VERSIONS
    assert f"scikit-learn>={lowest},<{beyond}" in project["dependencies"]
