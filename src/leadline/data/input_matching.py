"""Which input of one dataset is the same as one of another, and what was fitted on the one used for the other.

Embeddings and codes mean something only with the vocabulary, the classes and the scale that they were learnt with.
"""

from __future__ import annotations

from collections.abc import Collection

from leadline.core.schema import InputSchema, Schema
from leadline.data.columns.contract import input_type


def matching_input(one: InputSchema, schema: Schema, known: Schema) -> InputSchema | None:
    """Return the input of `known` that an input of `schema` stands for: of its name and kind, else the only one of its
    kind.
    """
    alike = [other for other in known.inputs if other.kind == one.kind]
    named = [other for other in alike if other.name == one.name]
    if named:
        return named[0]
    own = [other for other in schema.inputs if other.kind == one.kind]
    return alike[0] if len(alike) == 1 and len(own) == 1 else None


def columns_differ(one: InputSchema, other: InputSchema) -> str | None:
    """Say how the columns of two inputs of a kind differ, or None; a medium's one column may have another name."""
    return input_type(one.kind).columns_differ(one, other)


def as_fitted_before(schema: Schema, known: Schema | None, own: Collection[str] = ()) -> Schema:
    """Return a schema whose inputs have what was fitted for their counterparts in `known`, where their columns are the
    same.

    Those among `own`, for which the user has said how they are prepared, keep what was fitted on them.
    """
    if known is None:
        return schema
    return schema.model_copy(
        update={
            "inputs": tuple(
                one if one.name in own else _as(one, matching_input(one, schema, known)) for one in schema.inputs
            )
        }
    )


def same_state(one: InputSchema, other: InputSchema) -> bool:
    """Say whether values of two inputs are encoded and prepared the same way."""
    states = [[(f.kind, f.state) for f in side.fields] for side in (one, other)]
    return states[0] == states[1] and columns_differ(one, other) is None


def _as(one: InputSchema, other: InputSchema | None) -> InputSchema:
    return one if other is None or columns_differ(one, other) is not None else input_type(one.kind).refitted(one, other)
