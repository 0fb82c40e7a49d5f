"""Learn from rows without labels first: hidden cells of a table are told from the others, then a few labels go
further.
"""

import numpy as np
import polars as pl

import leadline

if __name__ == "__main__":
    # Three hidden causes, each seen through many noisy measurements; the class depends on two of them together.
    rng = np.random.default_rng(0)
    cause_N3 = rng.normal(size=(3_000, 3))
    seen_NF = np.tanh(cause_N3 @ rng.normal(size=(3, 24))) + rng.normal(0, 0.7, (3_000, 24))
    kind = np.where(cause_N3[:, 0] * cause_N3[:, 1] > 0, "alike", "apart")
    rows = pl.DataFrame({**{f"measurement {k}": seen_NF[:, k] for k in range(24)}, "kind": kind})

    before = leadline.train(rows.drop("kind"), target="none", objective="masked", epochs=15, seed=0)
    hidden = before.report.find("masked_explained")
    print(f"of hidden cells, {hidden.value:.0%} of the variance is told from the others")

    few = {"data.labelled": 0.02, "baselines": []}
    for words, options in (("from scratch", {}), ("pre-trained", {"init": before})):
        run = leadline.train(rows, target="kind", seed=0, settings=few, **options)
        found = run.report.find("accuracy")
        low, high = found.interval
        print(f"2 % of the labels, {words}: accuracy {found.value:.3f}, 95 % interval {low:.3f} to {high:.3f}")
