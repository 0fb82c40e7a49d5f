"""From a plain table to columns that a linear map can work with: standardised quantities, one column a class.

Shapes in names: B rows, n rows fitted on, F features, N quantities, M of them with gaps, H classes with a column, G
columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from leadline.nn.batch import SignalSpec
from leadline.nn.classical.classical_module import ClassicalModule

CLASSES = 255  # of one column that get a column of their own, the most frequent ones
BLOCK = 4096  # rows encoded at once


class Encoding(ClassicalModule):
    """A plain table (B,F), NaN where missing, to (B,G).

    Quantities are standardised on the rows fitted on, with 0 where missing and a further column of 0 and 1 for each
    that had gaps there; constant ones are 0. Each class that occurs has a column of 0 and 1, unknown and missing
    together too.
    """

    def __init__(self, features: int, classes: Sequence[int] = ()) -> None:
        super().__init__()
        self.classes = tuple(classes) or (0,) * features
        quantities = [feature for feature, count in enumerate(self.classes) if not count]
        self.quantity_N: Tensor
        self.mean_N: Tensor
        self.scale_N: Tensor
        self.gap_M: Tensor
        self.hot_feature_H: Tensor
        self.hot_code_H: Tensor
        self.register_buffer("quantity_N", torch.tensor(quantities, dtype=torch.int64), persistent=False)
        self.declare("mean_N", 1)
        self.declare("scale_N", 1)
        self.declare("gap_M", 1, dtype=torch.int32)
        self.declare("hot_feature_H", 1, dtype=torch.int32)
        self.declare("hot_code_H", 1)

    @property
    def width(self) -> int:
        """How many columns it gives."""
        return len(self.mean_N) + len(self.gap_M) + len(self.hot_code_H)

    def fit(self, x_nF: np.ndarray) -> None:
        """Find means, deviations, gaps and classes of rows."""
        x_nN = x_nF[:, self.quantity_N.numpy()]
        missing_nN = np.isnan(x_nN)
        there_N = (~missing_nN).sum(0)
        count_N = np.maximum(there_N, 1)
        mean_N = np.where(missing_nN, 0, x_nN).sum(0, dtype=np.float64) / count_N
        square_N = np.square(np.where(missing_nN, 0, x_nN - mean_N)).sum(0, dtype=np.float64) / count_N
        deviation_N = np.sqrt(square_N)
        varies_N = deviation_N > 1e-6 * np.maximum(np.abs(mean_N), 1e-30)
        hot = [self._codes(x_nF[:, feature], count, feature) for feature, count in enumerate(self.classes) if count]
        hot_H2 = np.concatenate(hot) if hot else np.zeros((0, 2))
        self.put(
            mean_N=mean_N,
            scale_N=np.divide(1.0, deviation_N, out=np.zeros_like(deviation_N), where=varies_N),
            gap_M=np.flatnonzero(missing_nN.any(0) & (there_N > 0)),
            hot_feature_H=hot_H2[:, 0],
            hot_code_H=hot_H2[:, 1],
        )

    @staticmethod
    def _codes(raw_n: np.ndarray, count: int, feature: int) -> np.ndarray:
        codes, counts = np.unique(np.nan_to_num(raw_n).clip(0, count), return_counts=True)
        kept = np.sort(codes[np.argsort(-counts, kind="stable")[:CLASSES]])
        return np.stack([np.full(len(kept), feature), kept], 1)

    def forward(self, x_BF: Tensor) -> Tensor:
        x_BN = x_BF.index_select(1, self.quantity_N)
        missing_BN = torch.isnan(x_BN)
        parts = [((x_BN - self.mean_N) * self.scale_N).masked_fill(missing_BN, 0)]
        if len(self.gap_M):
            parts.append(missing_BN.index_select(1, self.gap_M).to(x_BF.dtype))
        if len(self.hot_code_H):
            code_BF = torch.nan_to_num(x_BF)
            parts.append((code_BF.index_select(1, self.hot_feature_H) == self.hot_code_H).to(x_BF.dtype))
        return torch.cat(parts, 1)

    def rows(self, x_nF: np.ndarray) -> np.ndarray:
        """Return encoded rows (n,G), float32, a few thousand at a time."""
        x_nG = np.empty((len(x_nF), self.width), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(x_nF), BLOCK):
                x_nG[start : start + BLOCK] = self(torch.from_numpy(x_nF[start : start + BLOCK])).numpy()
        return x_nG


def columns_of(spec: SignalSpec) -> int:
    """Return about how many columns a plain table becomes."""
    return sum(min(count + 1, CLASSES) if count else 1 for count in spec.classes) or spec.shape[0]
