"""Ctrl-C while an estimator fits: the fit ends with KeyboardInterrupt, and so does what had called it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV, cross_val_score
from torch import Tensor

from leadline.estimators.classifier import Classifier
from leadline.estimators.regressor import Regressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
OPTIONS: dict[str, Any] = {"epochs": 50, "batch": 16}


@pytest.fixture(autouse=True)
def place(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))


class Pressing:
    """Losses that count how often they are asked for, and press Ctrl-C at one of those times."""

    def __init__(self, at: int, number: signal.Signals = signal.SIGINT) -> None:
        self.at, self.number, self.asked = at, number, 0

    def press(self) -> None:
        self.asked += 1
        if self.asked == self.at:
            os.kill(os.getpid(), self.number)

    def squared(self, score_B: Tensor, target_B: Tensor) -> Tensor:
        self.press()
        return (score_B.flatten() - target_B) ** 2

    def entropy(self, score_BC: Tensor, target_B: Tensor) -> Tensor:
        self.press()
        return torch.nn.functional.cross_entropy(score_BC, target_B, reduction="none")


def searched(pressing: Pressing) -> object:
    estimator = Classifier(loss=pressing.entropy, **OPTIONS)
    return GridSearchCV(estimator, {"batch": [8, 16]}, cv=2, refit=False).fit(X, np.where(X[:, 0] > 0, "p", "q"))


def crossed(pressing: Pressing) -> object:
    return cross_val_score(Regressor(loss=pressing.squared, **OPTIONS), X, X[:, 0], cv=2)


def fitted(pressing: Pressing) -> object:
    return Regressor(loss=pressing.squared, **OPTIONS).fit(X, X[:, 0])


@pytest.mark.parametrize("work", [fitted, crossed, searched], ids=["fit", "cross_val_score", "GridSearchCV"])
def test_ctrl_c_ends_all_of_it(work: Callable[[Pressing], object]) -> None:
    pressing = Pressing(at=12)
    with pytest.raises(KeyboardInterrupt):
        work(pressing)
    assert pressing.asked < 30


def test_a_handler_of_the_callers_own_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []

    def handler(number: int, frame: FrameType | None) -> None:
        told.append(number)

    before = signal.signal(signal.SIGTERM, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            fitted(Pressing(at=12, number=signal.SIGTERM))
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)
    assert told == [signal.SIGTERM]
