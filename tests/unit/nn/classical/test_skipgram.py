"""Word vectors: the gradient is the formula's, the loss falls, and words used alike come to lie side by side."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from leadline.nn.classical import skipgram


def texts(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return texts of twelve words each from one of two topics, the words 2 … 11 or 12 … 21."""
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, 2, count)
    ids = 2 + 10 * topic[:, None] + rng.integers(0, 10, (count, 12))
    return torch.from_numpy(ids.ravel().astype(np.int32)), torch.full((count,), 12)


def pairs(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return vectors of words in the middle, beside them, and of noise words."""
    generator = torch.Generator().manual_seed(0)
    middle, beside, noise = (torch.randn(n, 5, dtype=dtype, generator=generator) for n in (7, 7, 4))
    return middle, beside, noise


def test_the_loss_is_the_papers() -> None:
    v, u, n = pairs()
    # The paper's formula (4), summed over pairs, its expectation over noise words taken over those that are shared.
    loss = -(F.logsigmoid((v * u).sum(1)).sum() + 5 * F.logsigmoid(-(v @ n.T)).mean(1).sum())
    torch.testing.assert_close(skipgram.pair_loss(v, u, n, 5), loss)


def test_the_first_batch_knows_nothing() -> None:
    ids, lengths = torch.tensor([2, 3, 2], dtype=torch.int32), torch.tensor([3])
    given = {"first": 2, "rare": 1e9, "window": 1, "epochs": 1}
    start, _ = skipgram.train(ids, lengths, 4, 6, rate=0.0, **given)
    found, losses = skipgram.train(ids, lengths, 4, 6, rate=0.1, **given)
    # Vectors beside others start at zero: σ(u·v) = 1/2, which pulls at no middle one, and a pair costs (1 + 5) ln 2.
    assert torch.equal(found, start)
    assert losses == pytest.approx([6 * np.log(2)])


def test_gradients_are_those_in_closed_form() -> None:
    v, u, n = (x.requires_grad_() for x in pairs())
    found_v, found_u, found_n = torch.autograd.grad(skipgram.pair_loss(v, u, n, 5), (v, u, n))
    pull_B1, push_BM = (torch.sigmoid((v * u).sum(1)) - 1)[:, None], torch.sigmoid(v @ n.T) * 5 / 4
    torch.testing.assert_close(found_v, pull_B1 * u + push_BM @ n)
    torch.testing.assert_close(found_u, pull_B1 * v)
    torch.testing.assert_close(found_n, push_BM.T @ v)


def test_training_needs_no_gradients_of_the_caller() -> None:
    ids, lengths = texts(50)
    with torch.no_grad():
        vectors, _ = skipgram.train(ids, lengths, 22, 8, first=2, epochs=1)
    assert torch.equal(vectors, skipgram.train(ids, lengths, 22, 8, first=2, epochs=1)[0])
    assert not vectors.requires_grad


def test_the_loss_falls_and_words_of_a_topic_lie_side_by_side() -> None:
    ids, lengths = texts(400)
    vectors, losses = skipgram.train(ids, lengths, 22, 16, first=2, rare=1.0)
    assert len(losses) == 5
    assert losses[-1] < 0.9 * losses[0]
    unit = F.normalize(vectors[2:], dim=1)
    alike = unit @ unit.T
    same = torch.arange(20)[:, None] // 10 == torch.arange(20) // 10
    assert alike[same].mean() > alike[~same].mean() + 0.5
    assert alike[same].min() > alike[~same].max()


def test_vectors_are_a_function_of_the_seed() -> None:
    ids, lengths = texts(50)
    first, again, other = (skipgram.train(ids, lengths, 22, 8, first=2, epochs=1, seed=seed)[0] for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_words_of_different_texts_are_not_neighbours() -> None:
    ids, lengths = torch.tensor([2, 3, 4, 5], dtype=torch.int32), torch.tensor([2, 2])
    ends = torch.repeat_interleave(torch.arange(2), lengths)
    (pairs,) = skipgram._pairs(ids, ends, torch.ones(6, dtype=torch.float64), 5, torch.Generator().manual_seed(0))
    assert set(zip(*(side.tolist() for side in pairs), strict=True)) == {(2, 3), (3, 2), (4, 5), (5, 4)}


def test_neighbours_are_within_the_window_and_the_nearer_ones_more_often() -> None:
    ids = torch.arange(2, 1002, dtype=torch.int32)
    text = torch.zeros(1000, dtype=torch.int64)
    (pairs,) = skipgram._pairs(ids, text, torch.ones(1002, dtype=torch.float64), 4, torch.Generator().manual_seed(0))
    middle, beside = pairs
    far = (middle - beside).abs()
    counts = torch.bincount(far, minlength=5)
    assert far.max() == 4
    # A neighbour d away is taken where the bound, drawn from 1 … 4, is at least d: in (5 - d)/4 of all cases.
    assert counts[1:].numpy() / 2000 == pytest.approx([1, 0.75, 0.5, 0.25], abs=0.05)


def test_frequent_words_are_left_out_more_often() -> None:
    ids = torch.tensor([2] * 9_000 + [3, 4] * 500, dtype=torch.int32)[
        torch.randperm(10_000, generator=torch.Generator().manual_seed(0))
    ]
    keep = torch.tensor([0, 0, 0.1, 1, 1], dtype=torch.float64)
    (pairs,) = skipgram._pairs(ids, torch.zeros(10_000, dtype=torch.int64), keep, 1, torch.Generator().manual_seed(0))
    counts = torch.bincount(pairs[0], minlength=5)
    assert counts[2] / counts[3:].sum() == pytest.approx(0.9, abs=0.1)


def test_what_is_too_short_gives_vectors_all_the_same() -> None:
    vectors, losses = skipgram.train(torch.tensor([2, 3], dtype=torch.int32), torch.tensor([1, 1]), 4, 8, first=2)
    assert losses == []
    assert vectors.isfinite().all()
