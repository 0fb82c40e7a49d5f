"""An ensemble of decision trees, computed for whole batches by look-ups in arrays of nodes.

Shapes in names: B rows, F features, K coded features, S splits by category, N nodes, T trees, I iterations, O outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from leadline.nn.classical.classical_module import ClassicalModule

KNOWN = 255  # classes of a column that splits can tell apart; the others, and unknown ones, count as missing
WORD = 32  # bits


class Forest(NamedTuple):
    """Trees as arrays. Children and roots are node numbers; a leaf is its own child.

    `number_N` is a split's threshold (values up to it go left) or a leaf's value, `missing_left_N` where a missing
    value goes. `category_N` is -1, or the row of `left_S` (S,256) that says which codes go left. `iteration_T` and
    `output_T` say what a tree belongs to.
    """

    feature_N: np.ndarray
    number_N: np.ndarray
    left_N: np.ndarray
    right_N: np.ndarray
    missing_left_N: np.ndarray
    category_N: np.ndarray
    left_S: np.ndarray
    root_T: np.ndarray
    output_T: np.ndarray


class Trees(ClassicalModule):
    """Features (B,F), NaN where missing, to the sums of the trees' leaves (B,O), each output on top of its base value.

    `classes` says of each feature how many classes it codes, 0 for a quantity. A step down all trees costs four
    look-ups: a row's features stand twice side by side, with minus and with plus infinity for missing, and behind them
    one 0 or 1 for each split by category, so that all splits are of one kind.
    """

    def __init__(self, features: int, outputs: int, classes: Sequence[int] = ()) -> None:
        super().__init__()
        self.outputs = outputs
        coded = [feature for feature, count in enumerate(classes) if count]
        sizes = [classes[feature] + 1 for feature in coded]
        self.number_N: Tensor
        self.feature_N: Tensor
        self.child_N2: Tensor
        self.root_T: Tensor
        self.output_T: Tensor
        self.base_O: Tensor
        self.word_S8: Tensor
        self.coded_S: Tensor
        self.code_M: Tensor
        self.coded_K: Tensor
        self.first_K: Tensor
        self.last_K: Tensor
        self.declare("number_N", 1, learned=True)
        for name, dims in (
            ("feature_N", 1),
            ("child_N2", 2),
            ("root_T", 1),
            ("output_T", 1),
            ("word_S8", 2),
            ("coded_S", 1),
        ):
            self.declare(name, dims, dtype=torch.int32)
        self.declare("base_O", 1, learned=True)
        # The number that splits know a class by, for all classes of all coded features, `KNOWN` where it is as good as
        # missing.
        self.declare("code_M", 1, dtype=torch.int32)
        self.register_buffer("coded_K", torch.tensor(coded, dtype=torch.int64), persistent=False)
        self.register_buffer("first_K", torch.tensor(np.cumsum([0, *sizes])[:-1], dtype=torch.int64), persistent=False)
        self.register_buffer("last_K", torch.tensor(sizes, dtype=torch.int64) - 1, persistent=False)
        self.features = features
        self.depth = 0

    def set_codes(self, code_M: np.ndarray) -> None:
        """Say by which number (0 … 254, or `KNOWN`) each class of each coded feature is known, code 0 first."""
        self.put(code_M=code_M)

    def set(self, forest: Forest, base_O: np.ndarray) -> None:
        """Take over trees that were grown elsewhere, and the value that each output starts from."""
        by_category = forest.category_N >= 0
        # Values beyond any that a column may hold stand for missing, so that a threshold must not let them pass.
        limit = np.finfo(np.float32)
        number_N = _rounded_down(np.clip(forest.number_N, limit.min, limit.max))
        feature_N = np.where(forest.missing_left_N, forest.feature_N, self.features + forest.feature_N)
        is_leaf = forest.left_N == np.arange(len(forest.left_N))
        coded = {feature: k for k, feature in enumerate(self.coded_K.tolist())}
        features_S = np.zeros(len(forest.left_S), dtype=np.int64)
        features_S[forest.category_N[by_category]] = forest.feature_N[by_category]
        left_S = forest.left_S.copy()
        left_S[forest.category_N[by_category], KNOWN] = forest.missing_left_N[by_category]
        bits_S = np.packbits(left_S.astype(bool), axis=1, bitorder="little")
        self.put(
            number_N=np.where(is_leaf, forest.number_N, np.where(by_category, 0.5, number_N)),
            feature_N=np.where(is_leaf, 0, np.where(by_category, 2 * self.features + forest.category_N, feature_N)),
            child_N2=np.stack([forest.right_N, forest.left_N], 1),
            root_T=forest.root_T,
            output_T=forest.output_T,
            base_O=base_O,
            word_S8=np.ascontiguousarray(bits_S).view("<u4").astype(np.uint32).view(np.int32).reshape(-1, 256 // WORD),
            coded_S=np.asarray([coded[int(feature)] for feature in features_S], dtype=np.int32),
        )
        self.measure_depth()

    def measure_depth(self) -> None:
        """Find out how many steps it takes until every row has reached a leaf in every tree."""
        child_N2, at, self.depth = self.child_N2.numpy(force=True), np.unique(self.root_T.numpy(force=True)), 0
        while len(at):
            below = child_N2[at]
            at = np.unique(below[(below != at[:, None]).any(1)])
            self.depth += bool(len(at))

    def _load_from_state_dict(self, *arguments: Any) -> None:
        super()._load_from_state_dict(*arguments)
        self.measure_depth()

    def forward(self, x_BF: Tensor) -> Tensor:
        x_BX = self._comparable(x_BF)
        rows, width = x_BX.shape
        value_X, child_X = x_BX.reshape(-1), self.child_N2.view(-1)
        first_B1 = torch.arange(rows, device=x_BF.device, dtype=torch.int32)[:, None] * width
        at = self.root_T.expand(rows, -1).reshape(-1)
        for _ in range(self.depth):
            feature = (self.feature_N.index_select(0, at).view(rows, -1) + first_B1).view(-1)
            left = value_X.index_select(0, feature) <= self.number_N.index_select(0, at)
            at = child_X.index_select(0, at * 2 + left)
        leaf_BT = self.number_N.index_select(0, at).view(rows, -1)
        return self.base_O.expand(rows, -1).index_add(1, self.output_T, leaf_BT)

    def _comparable(self, x_BF: Tensor) -> Tensor:
        """Return the row's values twice, missing ones below and above all others, and 0 or 1 for each split by
        category.
        """
        missing_BF = torch.isnan(x_BF)
        parts = [x_BF.masked_fill(missing_BF, -torch.inf), x_BF.masked_fill(missing_BF, torch.inf)]
        if len(self.coded_S):
            raw_BK = torch.nan_to_num(x_BF.index_select(1, self.coded_K)).to(torch.int64).clamp(min=0)
            code_BK = self.code_M.index_select(0, (torch.minimum(raw_BK, self.last_K) + self.first_K).view(-1)).view(
                raw_BK.shape
            )
            code_BS = code_BK.index_select(1, self.coded_S)
            at_BS = (
                torch.arange(0, self.word_S8.numel(), 256 // WORD, device=x_BF.device, dtype=torch.int32)
                + code_BS // WORD
            )
            word_BS = self.word_S8.view(-1).index_select(0, at_BS.view(-1)).view(at_BS.shape)
            left_BS = (word_BS >> (code_BS % WORD)) & 1
            parts.append(1 - left_BS.to(x_BF.dtype))  # what goes left is not above the threshold
        return torch.cat(parts, 1)


def _rounded_down(values: np.ndarray) -> np.ndarray:
    """Return the largest float32 numbers that are not above float64 ones: a float32 value is up to both or to
    neither.
    """
    nearest = values.astype(np.float32)
    return np.where(nearest > values, np.nextafter(nearest, np.float32(-np.inf)), nearest)
