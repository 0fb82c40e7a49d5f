"""How likely an input's rows are: each kind of input, and each column of a table, says it for itself."""

from __future__ import annotations

from leadline.core.catalogue import say
from leadline.core.schema import InputSchema, Schema
from leadline.data.columns.contract import input_type
from leadline.errors import UsageError
from leadline.nn.generative.likelihood import Likelihood, PixelLikelihood, Sigma


def input_likelihood(one: InputSchema, pixels: PixelLikelihood | None = None, sigma: Sigma = "learned") -> Likelihood:
    """Return what is observed of an input, its parameters fresh; raises UsageError where there is no likelihood of such
    rows.

    `pixels` None is what is usual for such pictures; `sigma` is the spread of quantities, in standard deviations of the
    train rows.
    """
    why = _refused(one)
    model = input_type(one.kind).row_model
    if why is not None or model is None:
        raise UsageError(f"{why[0].upper()}{why[1:]}." if why else say("objectives.no-likelihood"))
    return model.likelihood(one, pixels, sigma)


def in_words(schema: Schema, pixels: PixelLikelihood | None = None) -> str:
    """Return how likelihoods of rows are reckoned."""
    models = [(input_type(one.kind).row_model, one) for one in schema.inputs]
    return "; ".join(dict.fromkeys(model.words(one, pixels) for model, one in models if model is not None))


def unlikely(schema: Schema) -> str | None:
    """Say why rows of such data have no likelihood here, or None."""
    return next((why for why in map(_refused, schema.inputs) if why is not None), None)


def _refused(one: InputSchema) -> str | None:
    model = input_type(one.kind).row_model
    if model is None:
        return say("objectives.no-decoder-for", name=one.name, kind=one.kind)
    return model.unsuitable(one)
