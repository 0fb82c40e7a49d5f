"""A network of one's own behind scikit-learn's contract: trained, cloned, searched over, pickled and saved."""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from torch import Tensor, nn

import leadline
from leadline.errors import UsageError
from leadline.nn.batch import SignalSpec
from sentences import says


class Net(nn.Module):
    def __init__(self, spec: SignalSpec, hidden: int = 16) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(spec.shape[0], hidden), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.layers(x)
        return features


def make(spec: SignalSpec) -> nn.Module:
    return Net(spec, hidden=6)


def words(spec: SignalSpec) -> Any:
    return "no module"


NETWORKS = {
    "class": (Net, 16),
    "partial": (partial(Net, hidden=5), 5),
    "function": (make, 6),
    "object": (nn.Sequential(nn.Linear(4, 7), nn.ReLU()), 7),
    "file": ("net.py:make", 6),
}
FILE = f"from {__name__} import make as inner\n\ndef make(spec):\n    return inner(spec)\n"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(FILE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("kind", NETWORKS)
def test_it_trains_and_comes_back_from_files_and_from_a_pickle(kind: str, place: Path) -> None:
    network, width = NETWORKS[kind]
    X, y = load_iris(return_X_y=True)
    fitted = clone(leadline.Classifier(network=network, epochs=2)).fit(X, y)
    predicted = fitted.predict_proba(X)
    body: Any = fitted._network[2].encoders[0]
    assert body.width == width
    fitted.save(place / "saved")
    again = {} if isinstance(network, str) else {"network": network}
    assert np.array_equal(leadline.Classifier.load(place / "saved", **again).predict_proba(X), predicted)
    assert np.array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), predicted)  # noqa: S301  our own bytes


def test_a_regressor_takes_one_too() -> None:
    X, y = load_iris(return_X_y=True)
    assert leadline.Regressor(network=Net, epochs=2).fit(X, y).predict(X).shape == (150,)


def test_a_grid_search_chooses_among_networks() -> None:
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(leadline.Classifier(epochs=1), {"network": [Net, partial(Net, hidden=3)]}, cv=2)
    assert search.fit(X, y).best_params_["network"] in (Net, search.param_grid["network"][1])


def test_a_saved_one_says_that_it_needs_its_network(place: Path) -> None:
    X, y = load_iris(return_X_y=True)
    leadline.Classifier(network=Net, epochs=1).fit(X, y).save(place / "saved")
    with pytest.raises(UsageError, match=says("estimators.own-network-missing", type="Classifier")):
        leadline.Classifier.load(place / "saved")


def test_a_function_that_makes_no_module_is_refused() -> None:
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=says("models.maker-returns-no-module", type="str", name="words")):
        leadline.Classifier(network=words, epochs=1).fit(X, y)
