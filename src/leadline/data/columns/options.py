"""Options of a kind of column, checked where they are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leadline.core.catalogue import say
from leadline.errors import UsageError, did_you_mean


def known_only(kind: str, options: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise UsageError where an option is not one of the kind's."""
    known = tuple(known)
    for name in options:
        if name not in known:
            raise UsageError(
                say("columns.type-without-option", type=kind, option=name, suggestion=did_you_mean(name, known))
            )


def choice(options: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    """Return an option that is one of several words, the first of them unless it is given; raises UsageError
    otherwise.
    """
    value = options.get(name, choices[0])
    if value not in choices:
        raise UsageError(
            say("columns.option-value", option=name, value=value, suggestion=did_you_mean(str(value), choices))
        )
    return str(value)
