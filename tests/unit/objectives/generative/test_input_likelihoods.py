"""What is observed of an input by its kind, and texts against closed forms."""

from __future__ import annotations

import math

import pytest
import torch

from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.errors import UsageError
from leadline.nn.rng import Rng
from leadline.objectives.generative import input_likelihoods as module
from leadline.objectives.generative.input_likelihoods import Tokens, in_words, input_likelihood, unlikely, usual_pixels
from leadline.objectives.generative.likelihood import Bernoulli, Gaussian
from leadline.objectives.generative.tabular_likelihood import TabularLikelihood

LETTERS = {"tokens": "characters", "lower": False, "vocabulary": ["[p]", "[u]", "a", "b"], "length": 5}
TEXT = torch.tensor([[2, 3, 0, 0], [2, 2, 3, 2], [0, 0, 0, 0]], dtype=torch.int32)


def picture(mean: float, std: float, channels: int = 1) -> InputSchema:
    state = {"height": 4, "width": 4, "channels": channels, "mean": [mean] * channels, "std": [std] * channels}
    return InputSchema(
        name="photo",
        kind="image",
        fields=(ColumnSchema(name="photo", kind="image", state=state),),
        shape=(4, 4, channels),
    )


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


def test_pixels_are_bernoulli_where_they_are_nearly_black_and_white() -> None:
    assert usual_pixels(picture(33, 78)) == "bernoulli"  # as those of handwriting
    assert usual_pixels(picture(120, 60)) == "gaussian"
    assert usual_pixels(picture(33, 78, 3)) == "gaussian"
    assert isinstance(input_likelihood(picture(33, 78)), Bernoulli)
    assert isinstance(input_likelihood(picture(33, 78), "gaussian"), Gaussian)


def test_what_has_no_likelihood_is_refused_in_words() -> None:
    sound = InputSchema(
        name="clip", kind="audio", fields=(ColumnSchema(name="clip", kind="audio", state={}),), shape=(100,)
    )
    said = unlikely(Schema(inputs=(sound,)))
    assert said is not None
    assert "'clip' is audio" in said
    assert "data.ignore" in said
    with pytest.raises(UsageError, match="The input 'clip' is audio"):
        input_likelihood(sound)
    empty = ColumnSchema(name="kind", kind="category", state={"classes": []})
    nothing = unlikely(Schema(inputs=(InputSchema(name="table", kind="table", fields=(empty,), shape=(1,)),)))
    assert nothing is not None
    assert "no column" in nothing
    assert unlikely(Schema(inputs=(picture(33, 78),))) is None


def test_words_say_what_is_modelled() -> None:
    schema = Schema(inputs=(picture(33, 78),))
    assert in_words(schema) == Bernoulli.description
    assert in_words(schema, "gaussian") == Gaussian.description
    assert "categorical" in TabularLikelihood.description
