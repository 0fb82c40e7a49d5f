"""Which n-grams of tokens a text has, and what each counts in it: TF-IDF, found in padded token numbers.

An n-gram is known by its column and is the n-gram without its last token, followed by that token. So one sorted list of
keys, (1 + the column of the beginning) times the vocabulary plus the last token, holds all lengths: keys of longer ones
come after those of shorter ones, and columns are places in the list.

Shapes in names: B rows of a batch, n rows fitted on, L tokens a row, V tokens of the vocabulary, G n-grams, M places of
n-grams in a row (L for each length), S n-grams of all rows.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse
import torch
from torch import Tensor

from leadline.nn.batch import Texts
from leadline.nn.classical.classical_module import ClassicalModule

FEWEST = 2  # texts that an n-gram is in, unless hardly any is
BLOCK = 4096  # rows whose n-grams are looked up at once


class NGrams(ClassicalModule):
    """Token numbers (B,L) as float32, 0 where there is none and 1 for an unknown one, to the columns of their n-grams
    (B,M) and what each place counts (B,M).

    A place without a known n-gram has column G and counts nothing. What the places of one n-gram count adds up to its
    number times ln((1 + n) / (1 + n with it)) + 1, divided by the length of the row's vector of these (Salton & Buckley
    1988).
    """

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self.texts = texts
        self.key_G: Tensor
        self.idf_G: Tensor
        self.declare("key_G", 1, dtype=torch.int64)
        self.declare("idf_G", 1)

    @property
    def count(self) -> int:
        """How many n-grams are known."""
        return len(self.key_G)

    def fit(self, token_nL: np.ndarray, longest: int, most: int) -> None:
        """Take the n-grams of up to `longest` tokens that are in two texts or more, of more than `most` the
        commonest.
        """
        keys, frequencies, before = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], np.zeros_like(token_nL)
        count, fewest = 0, FEWEST
        for length in range(1, longest + 1):
            key_S, row_S, at_S = self._keys(token_nL, before, length)
            in_row = np.unique(np.stack([key_S, row_S]), axis=1)[0] if len(key_S) else key_S
            key_K, texts_K = np.unique(in_row, return_counts=True)
            if length == 1 and not (texts_K >= fewest).any():
                fewest = 1
            kept_K = _commonest(texts_K, fewest, most - count)
            if not kept_K.any():
                break
            keys.append(key_K[kept_K])
            frequencies.append(texts_K[kept_K])
            before = np.zeros_like(token_nL)
            column_S, known_S = _found(keys[-1], key_S)
            before[row_S[known_S], at_S[known_S]] = 1 + count + column_S[known_S]
            count += int(kept_K.sum())
        idf_G = np.log((1 + len(token_nL)) / (1 + np.concatenate(frequencies))) + 1
        self.put(key_G=np.concatenate(keys), idf_G=idf_G)

    def _keys(self, token_nL: np.ndarray, before: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the keys of all n-grams of a length (S,), their rows and where they begin."""
        last = token_nL[:, length - 1 :]
        first = before[:, : last.shape[1]]
        row_S, at_S = np.nonzero((last > self.texts.unknown) & ((first > 0) | (length == 1)))
        return first[row_S, at_S].astype(np.int64) * self.texts.vocabulary + last[row_S, at_S], row_S, at_S

    def forward(self, token_BL: Tensor) -> tuple[Tensor, Tensor]:
        token_BL = token_BL.long()
        places: list[Tensor] = []
        if self.count:
            for length in range(1, self.texts.ngrams + 1):
                last_BT = token_BL[:, length - 1 :]
                known_BT = last_BT > self.texts.unknown
                key_BT = last_BT
                if length > 1:
                    before_BT = places[-1][:, : last_BT.shape[1]]
                    known_BT = known_BT & (before_BT < self.count)
                    key_BT = (1 + before_BT) * self.texts.vocabulary + last_BT
                at_BT = torch.searchsorted(self.key_G, key_BT.contiguous()).clamp(max=self.count - 1)
                known_BT = known_BT & (self.key_G[at_BT] == key_BT)
                places.append(torch.where(known_BT, at_BT, self.count))
        column_BM = torch.cat(places, 1) if places else torch.zeros_like(token_BL)
        idf_BM = torch.cat([self.idf_G, self.idf_G.new_zeros(1)])[column_BM]
        sorted_BM = column_BM.sort(1).values
        often_BM = torch.searchsorted(sorted_BM, column_BM, right=True) - torch.searchsorted(sorted_BM, column_BM)
        # Each place of an n-gram that is there c times brings c of the c² that it has in the squared length.
        square_B1 = (often_BM * idf_BM.square()).sum(1, keepdim=True)
        return column_BM, idf_BM / square_B1.clamp(min=1e-12).sqrt()

    def rows(self, token_nL: np.ndarray) -> scipy.sparse.csr_matrix:
        """Return rows of TF-IDF (n,G), sparse."""
        parts = [scipy.sparse.csr_matrix((0, self.count), dtype=np.float64)]
        with torch.inference_mode():
            for start in range(0, len(token_nL), BLOCK):
                column_BM, value_BM = (one.numpy() for one in self(torch.from_numpy(token_nL[start : start + BLOCK])))
                row_S, at_S = np.nonzero(column_BM < self.count)
                cells = (value_BM[row_S, at_S].astype(np.float64), (row_S, column_BM[row_S, at_S]))
                # the places of one n-gram are added up
                parts.append(scipy.sparse.csr_matrix(cells, shape=(len(column_BM), self.count)))
        rows: scipy.sparse.csr_matrix = scipy.sparse.vstack(parts, format="csr")
        return rows


def _commonest(texts_K: np.ndarray, fewest: int, most: int) -> np.ndarray:
    """Return which n-grams are kept: an n-gram is in no more texts than its beginning, which so is kept with it."""
    kept_K: np.ndarray = texts_K >= fewest
    if kept_K.sum() > most:
        bound = np.sort(texts_K)[::-1][most] if most > 0 else texts_K.max()
        kept_K = texts_K > bound
    return kept_K


def _found(keys: np.ndarray, wanted_S: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    at_S = np.searchsorted(keys, wanted_S).clip(max=len(keys) - 1)
    return at_S, keys[at_S] == wanted_S
