"""Measures and the likelihood of ordered classes against scikit-learn, SciPy and sums written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit
from sklearn.metrics import cohen_kappa_score

from leadline.core.schema import ColumnSchema, Schema
from leadline.metrics.classification import ordinal as metrics
from leadline.objectives.supervised.ordinal import OBJECTIVE, Options, Thresholds

RNG = np.random.default_rng(0)


def ranks(n: int = 400, classes: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    true = RNG.integers(0, classes, n)
    said = np.clip(true + RNG.integers(-1, 2, n), 0, classes - 1)
    return true, said, RNG.dirichlet(np.ones(classes), n)


def test_kappa_is_that_of_scikit_learn() -> None:
    true, said, _ = ranks()
    found = metrics.kappa(true, said, (0.95,))
    assert found.value == pytest.approx(cohen_kappa_score(true, said, weights="quadratic"))
    assert found.intervals[0][0] < found.value < found.intervals[0][1]


def test_kappa_covers_at_its_level() -> None:
    true, said, _ = ranks(200_000)
    right = cohen_kappa_score(true, said, weights="quadratic")
    hits = 0
    for _ in range(400):
        at = RNG.integers(0, len(true), 150)
        (low, high), *_ = metrics.kappa(true[at], said[at], (0.95,)).intervals
        hits += low <= right <= high
    assert 0.92 <= hits / 400 <= 0.98


def test_ranked_scores_are_sums_over_thresholds() -> None:
    true, _, probability = ranks(20, 4)
    expected = [
        sum((probability[i, : k + 1].sum() - (true[i] <= k)) ** 2 for k in range(3)) / 3 for i in range(20)
    ]  # fmt: skip
    np.testing.assert_allclose(metrics.ranked_scores(true, probability), expected)


def test_probabilities_are_differences_of_logistic_functions() -> None:
    order = ("low", "middle", "high")
    target = ColumnSchema(
        name="grade", kind="category", state={"classes": ["high", "low", "middle"], "counts": [30, 55, 15]}
    )
    schema = Schema(inputs=(), target=target)
    head: Any = OBJECTIVE.bind(Options(order=order)).capability("head")
    last = head.last(schema)
    z = torch.tensor([[-2.0], [0.0], [3.0], [40.0]])
    probability = head.decided(last, last(z)).columns["probability"].detach().numpy()
    first, second = (0.0 - last(torch.zeros(1, 1))[0]).tolist()
    above = expit(z.numpy() - np.array([first, second]))
    np.testing.assert_allclose(probability[:, 1], 1 - above[:, 0], atol=1e-6)
    np.testing.assert_allclose(probability[:, 2], above[:, 0] - above[:, 1], atol=1e-6)
    np.testing.assert_allclose(probability[:, 0], above[:, 1], atol=1e-6)
    # where nothing is known: the classes' shares
    np.testing.assert_allclose(probability[1], [0.3, 0.55, 0.15], atol=0.02)
    assert head.decided(last, last(z)).columns["prediction"].tolist() == [1, 1, 0, 0]


def test_the_likelihood_keeps_its_digits_far_from_every_threshold() -> None:
    last = Thresholds(torch.ones(4) / 4, torch.arange(4)).double()
    z = torch.tensor([[-300.0], [300.0]], dtype=torch.float64, requires_grad=True)
    value = OBJECTIVE.bind(Options()).capability("head").value(last, last(z), torch.tensor([3, 1])).value_B
    assert value.isfinite().all()
    (slope,) = torch.autograd.grad(value.sum(), z)
    np.testing.assert_allclose(slope.flatten(), [-1.0, 1.0], atol=1e-9)


def test_it_learns_an_order_that_is_there() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(600, 1, generator=generator)
    rank = torch.bucketize(2 * x[:, 0] + 0.3 * torch.randn(600, generator=generator), torch.tensor([-2.0, 0.0, 1.0]))
    net = torch.nn.Sequential(torch.nn.Linear(1, 1), Thresholds(torch.bincount(rank) / 600, torch.arange(4)))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    for _ in range(300):
        loss = OBJECTIVE.bind(Options()).capability("head").value(net[1], net(x), rank).value_B.mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    said = OBJECTIVE.bind(Options()).capability("head").decided(net[1], net(x)).columns["prediction"]
    assert (said == rank).float().mean() > 0.85
