"""Surprise a token, perplexity and bits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from leadline.metrics.generative import language
from leadline.metrics.statistics import paired


def test_long_texts_count_for_as_many_tokens_as_they_have() -> None:
    nll_n, tokens_n = np.array([2.0, 30.0]), np.array([1, 9])
    found = language.surprise(nll_n, tokens_n)
    assert (found.value, found.n) == (3.2, 10)
    perplexity = language.perplexity(found)
    assert perplexity.value == pytest.approx(math.exp(3.2))
    assert perplexity.intervals[0] == pytest.approx(tuple(math.exp(end) for end in found.intervals[0]))
    assert language.in_bits(found).value == pytest.approx(3.2 / math.log(2))


def test_the_interval_is_that_of_a_mean_where_texts_are_as_long() -> None:
    rng = np.random.default_rng(0)
    nll_n = rng.exponential(size=400) * 10
    low, high = language.surprise(nll_n, np.full(400, 10)).intervals[0]
    size = nll_n.std(ddof=1) / 10 / 20
    assert (low, high) == pytest.approx((nll_n.mean() / 10 - 1.96 * size, nll_n.mean() / 10 + 1.96 * size), rel=0.01)


def test_groups_are_what_is_counted() -> None:
    rng = np.random.default_rng(0)
    nll_n = np.repeat(rng.exponential(size=40), 10)
    alone, grouped = (
        language.surprise(nll_n, np.ones(400), group_n=group) for group in (None, np.repeat(np.arange(40), 10))
    )
    assert np.diff(grouped.intervals[0]) > 2.5 * np.diff(alone.intervals[0])
    assert "by group" in grouped.method


def test_where_nothing_can_be_said() -> None:
    assert language.surprise(np.empty(0), np.empty(0)).why
    assert language.perplexity(language.surprise(np.empty(0), np.empty(0))).value is None
    assert language.surprise(np.array([3.0]), np.array([2])).intervals == ()
    assert language.perplexity(language.surprise(np.array([1e6]), np.array([1]))).value < math.inf


def test_differences_by_token_are_those_of_the_ratios() -> None:
    rng = np.random.default_rng(0)
    tokens_n = rng.integers(1, 30, 300)
    one_n = rng.exponential(size=300) * tokens_n
    other_n = one_n * 0.9 + rng.normal(size=300) * 0.1
    found = paired.ratio_difference(one_n, other_n, tokens_n)
    assert found.value == pytest.approx((one_n.sum() - other_n.sum()) / tokens_n.sum())
    low, high = found.intervals[0]
    assert 0 < low < found.value < high
    assert paired.ratio_difference(one_n[:0], other_n[:0], tokens_n[:0]).why
