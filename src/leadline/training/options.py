"""Named parts of training with checked options: an optimizer, a schedule."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.errors import UsageError, did_you_mean, plain

Options = TypeVar("Options", bound=Fact)


def read_options(what: str, component: Component, kind: type[Options]) -> Options:
    """Return the checked options of a named part; raises UsageError naming the part and the option that is wrong."""
    try:
        return kind.model_validate(dict(component.options))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        hint = (
            did_you_mean(name, kind.model_fields)
            if first["type"] == "extra_forbidden"
            else f"{plain(first['msg'])} (got {first['input']!r})."
        )
        raise UsageError(say("training.option", what=what, component=component.name, name=name, hint=hint)) from None
