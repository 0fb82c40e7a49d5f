"""What is observed of an input by its kind, and texts against closed forms."""

from __future__ import annotations

import pytest

from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.data.input_types.tabular_likelihood import TabularLikelihood
from leadline.errors import UsageError
from leadline.nn.generative.likelihood import Bernoulli, Gaussian, default_pixel_likelihood
from leadline.objectives.generative.input_likelihoods import in_words, input_likelihood, unlikely


def picture(mean: float, std: float, channels: int = 1) -> InputSchema:
    state = {"height": 4, "width": 4, "channels": channels, "mean": [mean] * channels, "std": [std] * channels}
    return InputSchema(
        name="photo",
        kind="image",
        fields=(ColumnSchema(name="photo", kind="image", state=state),),
        shape=(4, 4, channels),
    )


def test_pixels_are_bernoulli_where_they_are_nearly_black_and_white() -> None:
    assert default_pixel_likelihood(picture(33, 78).fields[0].state) == "bernoulli"  # as those of handwriting
    assert default_pixel_likelihood(picture(120, 60).fields[0].state) == "gaussian"
    assert default_pixel_likelihood(picture(33, 78, 3).fields[0].state) == "gaussian"
    assert isinstance(input_likelihood(picture(33, 78)), Bernoulli)
    assert isinstance(input_likelihood(picture(33, 78), "gaussian"), Gaussian)


def test_what_has_no_likelihood_is_refused_in_words() -> None:
    sound = InputSchema(
        name="clip", kind="audio", fields=(ColumnSchema(name="clip", kind="audio", state={}),), shape=(100,)
    )
    said = unlikely(Schema(inputs=(sound,)))
    assert said is not None
    assert "'clip' is audio" in said
    assert "ignore=" in said
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
