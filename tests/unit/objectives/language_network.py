"""A small network that foresees letters, and what it was made of."""

from __future__ import annotations

from typing import Any

import torch

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.models.build import build_encoder
from leadline.objectives.lookup import objective_for

LETTERS = ("[ padding ]", "[ unknown ]", *"abcd")
LONGEST = 12
STATE = {"tokens": "characters", "lower": False, "vocabulary": list(LETTERS), "length": LONGEST, "width": 8}
SCHEMA = Schema(
    inputs=(
        InputSchema(
            name="text", kind="text", fields=(ColumnSchema(name="text", kind="text", state=STATE),), shape=(LONGEST,)
        ),
    ),
    target=ColumnSchema(name="text", kind="text", state={"of": "text", "length": LONGEST}),
)


def language(family: str = "rnn", **options: Any) -> tuple[Any, Any]:
    """Return the objective and an untrained network, the same every time."""
    torch.manual_seed(0)
    objective: Any = objective_for(Component(name="language"))
    front = build_preprocessor(SCHEMA.inputs[0])
    component = Component(name=family, options=options)
    body = build_encoder(
        component,
        signal_spec(front, SCHEMA.inputs[0]),
        front,
        "small",
        encoder_output=objective.learning.encoder_output,
    )
    return objective, objective.learning.build(SCHEMA, {"text": body}).eval()
