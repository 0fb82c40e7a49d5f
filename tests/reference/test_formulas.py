"""The formulas of docs/formulas.md that no other test writes out: losses, the chain rule through two layers,
convolution.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d, correlate2d

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, Schema
from leadline.models.tabular.mlp import FAMILY, Options
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.stack import build_stack, read_layers
from leadline.run.build import objective_for

RNG = np.random.default_rng(0)
SCORES, CLASS = RNG.normal(size=(5, 3)), np.array([0, 2, 1, 1, 0])


def loss(scores: np.ndarray, target: np.ndarray, classes: int = 3, **options: Any) -> np.ndarray:
    labels = [f"c{number}" for number in range(classes)]
    schema = Schema(inputs=(), target=ColumnSchema(name="kind", kind="category", state={"classes": labels}))
    objective = objective_for(Component(name="classification", options=options))
    last = objective.capability("head").last(schema)
    value = objective.capability("head").value(last, torch.from_numpy(scores), torch.from_numpy(target))
    return np.asarray(value.value_B.detach())


def log_softmax(scores_BC: np.ndarray) -> np.ndarray:
    return scores_BC - np.log(np.exp(scores_BC).sum(1, keepdims=True))


def test_cross_entropy_is_the_surprise_at_the_true_class() -> None:
    assert loss(SCORES, CLASS) == pytest.approx(-log_softmax(SCORES)[np.arange(5), CLASS])


def test_label_smoothing_shares_out_a_part_of_the_target() -> None:
    target_BC = 0.9 * np.eye(3)[CLASS] + 0.1 / 3
    assert loss(SCORES, CLASS, label_smoothing=0.1) == pytest.approx(-(target_BC * log_softmax(SCORES)).sum(1))


def test_two_scores_and_a_softmax_are_one_score_and_a_sigmoid() -> None:
    scores_B2, target_B = RNG.normal(size=(6, 2)), np.array([0, 1, 1, 0, 1, 0])
    p_B = 1 / (1 + np.exp(scores_B2[:, 0] - scores_B2[:, 1]))
    binary_B = -(target_B * np.log(p_B) + (1 - target_B) * np.log(1 - p_B))
    assert loss(scores_B2, target_B, classes=2) == pytest.approx(binary_B)


def test_focal_loss_with_no_exponent_is_cross_entropy_and_else_weighs_by_what_is_missing() -> None:
    p_B = np.exp(log_softmax(SCORES))[np.arange(5), CLASS]
    assert loss(SCORES, CLASS, focal_gamma=2.0) == pytest.approx(-((1 - p_B) ** 2) * np.log(p_B))


def test_the_chain_rule_through_two_sigmoid_layers() -> None:
    torch.manual_seed(0)
    network = FAMILY.build(SignalSpec("table", (3,)), Options(hidden=(4, 2), activation="sigmoid")).double()
    x_BF, target_BH = RNG.normal(size=(5, 3)), RNG.uniform(size=(5, 2))
    output_BH = network(Signal(torch.from_numpy(x_BF))).values
    (0.5 * (output_BH - torch.from_numpy(target_BH)).square()).sum().backward()

    first, second = network.layers[0], network.layers[2]
    W1, b1, W2, b2 = (p.detach().numpy() for p in (first.weight, first.bias, second.weight, second.bias))
    hidden_BH = 1 / (1 + np.exp(-(x_BF @ W1.T + b1)))
    y_BH = 1 / (1 + np.exp(-(hidden_BH @ W2.T + b2)))
    delta2 = (y_BH - target_BH) * y_BH * (1 - y_BH)  # dL/dz of the last layer
    delta1 = (delta2 @ W2) * hidden_BH * (1 - hidden_BH)  # and of the one before: δ W ⊙ σ'
    np.testing.assert_allclose(output_BH.detach().numpy(), y_BH)
    for p, expected in (
        (first.weight, delta1.T @ x_BF),
        (first.bias, delta1.sum(0)),
        (second.weight, delta2.T @ hidden_BH),
    ):
        np.testing.assert_allclose(p.grad.numpy(), expected, atol=1e-12)


def convolution(padding: str) -> tuple[torch.nn.Module, np.ndarray, np.ndarray]:
    stack = build_stack(read_layers([{"conv": 1, "kernel": 3, "padding": padding}]), (1, 6, 5)).double()
    x_HW = RNG.normal(size=(6, 5))
    y = stack[0](torch.from_numpy(x_HW)[None, None])[0, 0].detach().numpy() - stack[0].bias.item()
    return stack[0], x_HW, y


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_a_convolution_layer_is_a_cross_correlation(padding: str) -> None:
    layer, x_HW, y_HW = convolution(padding)
    kernel = layer.weight.detach().numpy()[0, 0]
    np.testing.assert_allclose(y_HW, correlate2d(x_HW, kernel, mode=padding), atol=1e-12)
    np.testing.assert_allclose(y_HW, convolve2d(x_HW, kernel[::-1, ::-1], mode=padding), atol=1e-12)


def test_a_convolution_by_its_sum() -> None:
    layer, x_HW, y_HW = convolution("valid")
    kernel = layer.weight.detach().numpy()[0, 0]
    by_hand = [
        [sum(kernel[a, b] * x_HW[i + a, j + b] for a in range(3) for b in range(3)) for j in range(3)] for i in range(4)
    ]
    np.testing.assert_allclose(y_HW, by_hand, atol=1e-12)
