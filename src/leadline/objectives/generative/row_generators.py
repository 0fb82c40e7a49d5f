"""What makes rows of an input of codes for a discriminator to judge: each kind of input says it for itself."""

from __future__ import annotations

from torch import nn

from leadline.core.catalogue import say
from leadline.core.schema import InputSchema
from leadline.data.columns.contract import input_type
from leadline.nn.batch import SignalSpec
from leadline.nn.generative.decoders import Growing


def generator_for_input(
    one: InputSchema, spec: SignalSpec, latent: int, classes: int, *, width: int, growing: Growing
) -> nn.Module:
    """Return what makes rows of an input, with fresh weights; `spec` is what its preprocessor gives."""
    build = input_type(one.kind).generator
    assert build is not None
    return build(one, spec, latent, classes, width, growing)


def cannot_generate(one: InputSchema) -> str | None:
    """Say why rows of an input cannot be made, or None."""
    own = input_type(one.kind)
    if own.generator is None:
        return say("objectives.generates-images-tables", name=one.name, kind=own.plural or one.kind)
    return own.cannot_generate(one)
