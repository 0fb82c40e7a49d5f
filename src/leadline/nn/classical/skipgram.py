"""Word vectors from text: skip-gram with negative sampling (Mikolov et al. 2013), on whole batches.

Shapes in names: S tokens of all texts one after another, N texts, V words, E features, B pairs of a batch, M noise
words, D different words of a batch, K tokens that are kept, P pairs of a block.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from leadline.nn.rng import generator_for

BLOCK = 200_000  # tokens whose pairs are made and shuffled at a time
BATCH = 2_048  # pairs
SHARED = 64  # noise words that the pairs of a batch share
PAIRS = 20_000_000  # after which training ends


def pair_loss(middle_BE: Tensor, beside_BE: Tensor, noise_ME: Tensor, negatives: float) -> Tensor:
    """Return the sum over pairs (v, u) of -log σ(u·v) - (k/M) Σ log σ(-n·v), k being `negatives`.

    The M noise words n are the same for all pairs, where the paper draws k for each: the same in expectation, and a
    product of matrices.
    """
    near_B = (middle_BE * beside_BE).sum(1)
    far_BM = middle_BE @ noise_ME.T
    return -F.logsigmoid(near_B).sum() - negatives / len(noise_ME) * F.logsigmoid(-far_BM).sum()


class _Vectors:
    """Vectors (V,E) that learn by Adagrad (Duchi et al. 2011), with a rate for each word: the rare ones learn as the
    others do.
    """

    def __init__(self, start_VE: Tensor, rate: float) -> None:
        self.weight_VE = start_VE
        self._rate = rate
        self._seen_V = torch.zeros(len(start_VE))

    def of(self, word_B: Tensor) -> Tensor:
        """Return the vectors of words, to take gradients for."""
        return self.weight_VE[word_B].requires_grad_()

    def step(self, word_B: Tensor, gradient_BE: Tensor) -> None:
        word_D, at_B = torch.unique(word_B, return_inverse=True)
        sum_DE = torch.zeros(len(word_D), gradient_BE.shape[1]).index_add_(0, at_B, gradient_BE)
        seen_D = self._seen_V[word_D] + sum_DE.square().mean(1)
        self._seen_V[word_D] = seen_D
        self.weight_VE[word_D] -= sum_DE * (self._rate / (seen_D.sqrt() + 1e-8))[:, None]


def train(
    ids_S: Tensor,
    lengths_N: Tensor,
    words: int,
    width: int,
    *,
    window: int = 5,
    negatives: int = 5,
    epochs: int = 5,
    rare: float = 1e-3,
    rate: float = 0.1,
    first: int = 0,
    seed: int = 0,
) -> tuple[Tensor, list[float]]:
    """Return the vectors of all words (V,E), and the mean loss of a pair in each epoch; a function of the seed.

    Words that make up more than `rare` of all tokens are left out at random, the more frequent the more often; a
    token's neighbours are those at most 1 to `window` away in its text, the bound drawn for each; noise words are drawn
    by their frequency to the power of 3/4. Numbers below `first` (padding, unknown ones) are no words. The rule is
    Adagrad with the learning rate `rate`. What is long is read less than `epochs` times: `PAIRS` pairs are enough.
    """
    generator = generator_for(seed, "skipgram")
    middle = _Vectors((torch.rand(words, width, generator=generator) - 0.5) / width, rate)
    beside = _Vectors(torch.zeros(words, width), rate)
    count_V = torch.bincount(ids_S, minlength=words).double()
    count_V[:first] = 0
    keep_V = torch.sqrt(rare * count_V.sum() / count_V.clamp(min=1)).clamp(max=1)
    keep_V[:first] = 0
    text_S = torch.repeat_interleave(torch.arange(len(lengths_N)), lengths_N)
    losses: list[float] = []
    left = PAIRS
    for _ in range(epochs):
        total, pairs = torch.zeros(()), 0
        for middle_P, beside_P in _pairs(ids_S, text_S, keep_V, window, generator):
            for middle_B, beside_B in zip(_cut(middle_P, BATCH), _cut(beside_P, BATCH), strict=True):
                noise_M = torch.multinomial(count_V**0.75, SHARED, replacement=True, generator=generator)
                with torch.enable_grad():
                    leaves = middle.of(middle_B), beside.of(beside_B), beside.of(noise_M)
                    loss = pair_loss(*leaves, negatives)
                for_v_BE, for_u_BE, for_n_ME = torch.autograd.grad(loss, leaves)
                middle.step(middle_B, for_v_BE)
                beside.step(torch.cat([beside_B, noise_M]), torch.cat([for_u_BE, for_n_ME]))
                total += loss.detach()
            pairs += len(middle_P)
            if pairs >= left:
                break
        left -= pairs
        losses += [float(total) / pairs] if pairs else []
        if left <= 0 or not pairs:
            break
    return middle.weight_VE, losses


def _pairs(
    ids_S: Tensor, text_S: Tensor, keep_V: Tensor, window: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield words and words beside them (P,), each block's shuffled."""
    for some_S, some_text_S in zip(_cut(ids_S, BLOCK), _cut(text_S, BLOCK), strict=True):
        kept_S = torch.rand(len(some_S), generator=generator, dtype=torch.float64) < keep_V[some_S]
        word_K, text_K = some_S[kept_S].long(), some_text_S[kept_S]
        reach_K = torch.randint(1, window + 1, (len(word_K),), generator=generator)
        middle, beside = [], []
        for step in range(1, window + 1):
            left_K, right_K, same_K = word_K[:-step], word_K[step:], text_K[step:] == text_K[:-step]
            for near_K, centre_K, other_K in ((reach_K[:-step], left_K, right_K), (reach_K[step:], right_K, left_K)):
                middle.append(centre_K[same_K & (near_K >= step)])
                beside.append(other_K[same_K & (near_K >= step)])
        order_P = torch.randperm(sum(map(len, middle)), generator=generator)
        if len(order_P):
            yield torch.cat(middle)[order_P], torch.cat(beside)[order_P]


def _cut(x: Tensor, size: int) -> Iterator[Tensor]:
    for start in range(0, len(x), size):
        yield x[start : start + size]
