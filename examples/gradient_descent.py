"""Gradient descent against its formula: w ← w − lr · ∇L(w), on all rows at once, for a network without hidden
layers.
"""

import numpy as np

import leadline
from leadline.run.build import build_network

LR, STEPS = 0.1, 5

if __name__ == "__main__":
    rng = np.random.default_rng(0)
    X_nF = rng.normal(size=(200, 3))
    y_n = X_nF @ [1.0, -2.0, 0.5] + 3 + rng.normal(scale=0.1, size=200)

    run = leadline.train(
        (X_nF, y_n),
        objective="regression",
        epochs=STEPS,
        deterministic=True,
        settings={
            "network": {"name": "mlp", "hidden": []},
            "training.optimizer": {"name": "sgd", "full_batch": True, "lr": LR},
            "training.schedule": "constant",
            "training.early_stopping": None,
            "data.split": {"by": "random", "validation": 0.0, "test": 0.0},  # every row is trained on
        },
    )

    # By hand: inputs and target standardised, a linear network, the mean squared error and its gradient.
    x_nF, t_n = (X_nF - X_nF.mean(0)) / X_nF.std(0), (y_n - y_n.mean()) / y_n.std()
    head = build_network(run.experiment, run.schema).head  # as the seed drew it, before the first step
    w_F, b = head.weight.detach().numpy()[0].astype(float), head.bias.item()
    for _ in range(STEPS):
        error_n = x_nF @ w_F + b - t_n
        w_F, b = w_F - LR * 2 * (error_n @ x_nF) / len(x_nF), b - LR * 2 * error_n.mean()

    ours_F = run.network.head.weight.detach().numpy()[0]
    print("by hand ", w_F.round(5))
    print("Leadline", ours_F.round(5))
    assert np.allclose(ours_F, w_F, atol=1e-5)
    assert np.isclose(run.network.head.bias.item(), b, atol=1e-5)
