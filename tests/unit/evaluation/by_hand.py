"""Objectives that consist of one thing made by hand."""

from __future__ import annotations

from typing import Any

from leadline.core.base import Fact
from leadline.objectives.contract import BoundObjective, Objective, Supervision

CAPABILITIES = {
    "generator": "generate",
    "encoder": "encode",
    "bounded": "log_likelihood",
    "converter": "convert",
    "diagnostics": "alarms",
}


class Nothing(Fact):
    """There is nothing to choose."""


def bound(thing: Any) -> BoundObjective:
    """Return the objective without labels whose loss side, decision side and capabilities are all one thing."""

    def make(options: Any) -> Any:
        return thing

    return Objective(
        name="made by hand",
        options=Nothing,
        supervision=lambda options: Supervision(labels="none"),
        learning=make,
        decision=make,
        capabilities={name: make for name, member in CAPABILITIES.items() if hasattr(thing, member)},
    ).bind(Nothing())
