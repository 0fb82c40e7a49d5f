"""A named part of an experiment with its options: a network, an optimizer, an augmentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_serializer, model_validator

from leadline.core.base import Fact

AUTO = "auto"  # in the place of a name: what suits the data, or the one that is taken by default


class Component(Fact):
    """A named part with its options; written ``adamw``, ``{name: adamw, lr: 0.001}`` or ``{shift: 0.1}``."""

    name: str
    options: Mapping[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, Mapping) and "options" not in value:
            if "name" in value:
                return {"name": value["name"], "options": {k: v for k, v in value.items() if k != "name"}}
            if len(value) == 1:
                ((name, only),) = value.items()
                return {"name": name, "options": dict(only) if isinstance(only, Mapping) else {"amount": only}}
        return value

    @model_serializer
    def _write(self) -> dict[str, Any]:
        return {"name": self.name, **self.options}
