"""Rows with gaps and codes that fitted models are tried on."""

from __future__ import annotations

import numpy as np

from leadline.models.contract import Sample
from leadline.nn.batch import SignalSpec

SPEC = SignalSpec("table", (6,), (0, 500, 0, 6, 0, 0))


def rows(outputs: int, count: int = 1500, seed: int = 0) -> Sample:
    """Return features of which two are codes (one of very many classes), all with gaps, and a target that depends on
    them.
    """
    rng = np.random.default_rng(seed)
    x_nF = rng.normal(size=(count, 6)).astype(np.float32)
    x_nF[:, 4] = np.round(x_nF[:, 4], 1)  # values that lie on thresholds
    x_nF[rng.random(x_nF.shape) < 0.1] = np.nan
    x_nF[:, 1] = rng.integers(0, 501, count)
    x_nF[:, 3] = rng.integers(0, 7, count)
    score_n = np.nan_to_num(x_nF[:, 0]) + (x_nF[:, 1] % 7) / 3 + (x_nF[:, 3] == 2) * 2 + np.isnan(x_nF[:, 4])
    score_n = score_n + 0.1 * rng.normal(size=count)
    if outputs == 1:
        target_n: np.ndarray = (score_n - score_n.mean()) / score_n.std()
    else:
        target_n = np.digitize(score_n, [2.0] if outputs == 2 else [1.0, 2.5])
    return Sample(x_nF, target_n, rng.uniform(0.5, 2.0, count))


def part(sample: Sample, at: slice) -> Sample:
    """Return some of the rows."""
    return Sample(*(values[at] for values in sample))
