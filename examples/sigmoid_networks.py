"""The smallest textbook networks, 10-5-1 and 10-10-1: ten inputs, a layer of sigmoid units, one sigmoid output; random
tables.
"""

import numpy as np
import polars as pl

import leadline

if __name__ == "__main__":
    rng = np.random.default_rng(0)
    X_nF = rng.normal(size=(1_000, 10))
    # What is to be learned: how probable an event is, by a rule that no single unit can express.
    chance_n = 1 / (1 + np.exp(-(2 * X_nF[:, 0] - 2 * np.abs(X_nF[:, 1]) + X_nF[:, 2] * X_nF[:, 3])))
    table = pl.DataFrame(X_nF, schema=[f"x{i}" for i in range(10)]).with_columns(chance=pl.Series(chance_n))

    for hidden in (5, 10):
        run = leadline.train(
            table,
            target="chance",
            objective="probabilities",  # its output is a softmax of two scores, which is a sigmoid of their difference
            epochs=60,
            settings={
                "network": {"name": "mlp", "hidden": [hidden], "activation": "sigmoid"},
                "training.optimizer": {"name": "adam", "lr": 0.02},
            },
        )
        error = run.report.find("probability_mae")
        low, high = error.interval
        print(
            f"10-{hidden}-1: mean error of the probabilities {error.value:.3f}, 95 % interval {low:.3f} to {high:.3f}"
        )
