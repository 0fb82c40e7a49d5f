"""The likelihood of texts, against closed forms and draws."""

from __future__ import annotations

import math

import pytest
import torch

from leadline.data.columns.texts import token_likelihood as module
from leadline.data.columns.texts.token_likelihood import Tokens
from leadline.nn.rng import Rng

LETTERS = {"tokens": "characters", "lower": False, "vocabulary": ["[p]", "[u]", "a", "b"], "length": 5}
TEXT = torch.tensor([[2, 3, 0, 0], [2, 2, 3, 2], [0, 0, 0, 0]], dtype=torch.int32)


def scored(tokens: Tokens, places: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    given = torch.randn(3, places, 128, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return given, tokens.scores(given).log_softmax(2)


def test_texts_cost_their_tokens_and_their_end() -> None:
    tokens = Tokens(LETTERS)
    given, log = scored(tokens)
    expected = [
        -(log[0, 0, 2] + log[0, 1, 3] + log[0, 2, 0]),
        -(log[1, 0, 2] + log[1, 1, 2] + log[1, 2, 3] + log[1, 3, 2] + log[1, 4, 0]),
    ]
    torch.testing.assert_close(tokens.nll(given, TEXT), torch.stack([*expected, -log[2, 0, 0]]))


def test_the_longest_text_has_no_place_for_its_end() -> None:
    tokens = Tokens({**LETTERS, "length": 4})
    given, log = scored(tokens, 4)
    expected = -(log[1, 0, 2] + log[1, 1, 2] + log[1, 2, 3] + log[1, 3, 2])
    torch.testing.assert_close(tokens.nll(given, TEXT)[1], expected)


def test_places_that_are_counted_are_tokens_only() -> None:
    tokens = Tokens(LETTERS)
    given, log = scored(tokens)
    counted = torch.zeros_like(TEXT, dtype=torch.bool)
    counted[:, 1] = True
    torch.testing.assert_close(
        tokens.nll(given, TEXT, None, counted), torch.stack([-log[0, 1, 3], -log[1, 1, 2], log.new_zeros(())])
    )


def test_rows_in_turn_cost_the_same_and_have_the_same_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(LETTERS)
    given, _ = scored(tokens)
    whole = tokens.nll(given, TEXT)
    whole.sum().backward()
    assert tokens.scores.weight.grad is not None
    gradient, tokens.scores.weight.grad = tokens.scores.weight.grad.clone(), None
    made = tokens.mean(given)
    monkeypatch.setattr(module, "SCORES", 1)
    tokens.nll(given.requires_grad_(), TEXT).sum().backward()
    torch.testing.assert_close(tokens.scores.weight.grad, gradient)
    torch.testing.assert_close(tokens.nll(given, TEXT), whole)
    assert torch.equal(tokens.mean(given), made)


def test_drawn_tokens_have_their_probabilities_and_end_once() -> None:
    tokens, rows = Tokens(LETTERS), 20_000
    given = torch.randn(1, 5, 128, generator=torch.Generator().manual_seed(0)).expand(rows, -1, -1)
    with torch.no_grad():
        drawn, p_V = tokens.draw(given, Rng(0, 0, torch.arange(rows))), tokens.scores(given[0, 0]).softmax(0)
    shares = torch.bincount(drawn[:, 0], minlength=4) / rows
    torch.testing.assert_close(shares, p_V, atol=5 * math.sqrt(0.25 / rows), rtol=0)
    over = (drawn == 0).cumsum(1) > 0
    assert (drawn[over] == 0).all()
