"""One sigmoid layer, forward and backward, written out in NumPy beside Leadline's: y = σ(xWᵀ + b), then the gradient of
a loss.
"""

import numpy as np
import torch

from leadline.models.tabular.mlp import FAMILY, Options
from leadline.nn.batch import Signal, SignalSpec


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    x_BF, target_BH = rng.normal(size=(4, 3)), rng.uniform(size=(4, 2))

    network = FAMILY.build(SignalSpec("table", (3,)), Options(hidden=(2,), activation="sigmoid")).double()
    dense = network.layers[0]
    W_HF, b_H = dense.weight.detach().numpy(), dense.bias.detach().numpy()

    # Forward: a weighted sum, then the activation. The loss is the mean over rows of half the squared error.
    y_BH = sigmoid(x_BF @ W_HF.T + b_H)
    loss = 0.5 * ((y_BH - target_BH) ** 2).sum(1).mean()

    # Backward, by the chain rule from the loss to the weights: dL/dz = (y − t) ⊙ y(1 − y) / B, as σ' = σ(1 − σ).
    slope_BH = (y_BH - target_BH) * y_BH * (1 - y_BH) / len(x_BF)
    by_hand = {"W": slope_BH.T @ x_BF, "b": slope_BH.sum(0)}

    ours_BH = network(Signal(torch.from_numpy(x_BF))).values
    our_loss = 0.5 * (ours_BH - torch.from_numpy(target_BH)).square().sum(1).mean()
    our_loss.backward()
    ours = {"W": dense.weight.grad.numpy(), "b": dense.bias.grad.numpy()}

    print(f"loss      by hand {loss:.12f}   Leadline {our_loss.item():.12f}")
    for name, expected in by_hand.items():
        print(f"dL/d{name}: largest difference {np.abs(ours[name] - expected).max():.1e}")
        assert np.allclose(ours[name], expected, atol=1e-12)
