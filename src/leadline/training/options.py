"""Named parts of training with checked options: an optimizer, a schedule."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from leadline.core.base import Fact
from leadline.core.component import Component
from leadline.core.entries.shapes import shaped
from leadline.core.entries.wrong_values import explained
from leadline.errors import UsageError

Options = TypeVar("Options", bound=Fact)


def read_options(what: str, component: Component, kind: type[Options]) -> Options:
    """Return the checked options of a named part, `what` being its entry of training; raises UsageError naming the part
    and the option that is wrong.
    """
    try:
        return kind.model_validate(shaped(component.options, kind))
    except ValidationError as error:
        raise UsageError(explained(error, kind, component.options, f"training.{what}", component.name)) from None
