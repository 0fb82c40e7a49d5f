"""What values an entry takes, in words, and an example of one: for messages about wrong values."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.entries.places import GROUPS, alternatives, is_model, value_type
from leadline.core.entries.surface import language, mark
from leadline.core.entries.train_options import AT, OPTIONS
from leadline.core.entries.writing import shown
from leadline.core.item_options import constraints, number_bounds
from leadline.core.registry import registered

_PLAIN: Mapping[Any, str] = {bool: "options.truth", str: "options.text", int: "options.whole", float: "options.number"}
_SAMPLES: Mapping[Any, Any] = {bool: True, str: "text", int: 8, float: 0.5}


def described(field: FieldInfo) -> str:
    """Return what values an entry takes: ``a whole number from 1 on``."""
    said = _described(field.annotation, tuple(field.metadata))
    if is_model(alternatives(field.annotation)[0]) and isinstance(next(iter(field.examples or ()), None), str):
        return say("options.or").join((say("options.text"), said))  # a short form of it
    return said


def example(field: FieldInfo | None, place: str) -> str:
    """Return a value of an entry as it would be written: its default, what the field gives as one, or one made up."""
    if field is None:
        return "…"
    option = OPTIONS.get(AT.get(place, ""))
    if option is not None and option.form == "names" and language() == "command line" and mark(place) is None:
        return ",".join(field.examples[0]) if field.examples else "…"
    if field.examples:
        return shown(field.examples[0])
    value = field.get_default(call_default_factory=True) if not field.is_required() else None
    if value is None or value in ((), "", {}):
        value = _sample(field.annotation, tuple(field.metadata), place)
    return shown(_bare(value))


def _bare(value: Any) -> Any:
    """Return a value as people write it: a part without options by its name, lists for tuples."""
    if isinstance(value, Component):
        return value.name if not value.options else value.model_dump()
    if isinstance(value, list | tuple):
        return [_bare(one) for one in value]
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


def _described(annotation: Any, bounds: Sequence[Any]) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _described(inner[0], (*bounds, *constraints(inner[1:])))
    if origin in (Union, types.UnionType):
        kinds = [_described(one, bounds) for one in inner if one is not type(None)]
        return say("options.or").join(dict.fromkeys(kinds))
    if origin is Literal:
        words = [shown(one) for one in inner]
        return words[0] if len(words) == 1 else say("options.one-of", names=", ".join(words))
    if annotation is Component:
        return say("options.part")
    if is_model(annotation):
        return say("options.mapping", names=", ".join(annotation.model_fields))
    if origin is tuple and inner[1:] != (...,):
        return say("options.so-many", n=len(inner), what=_described(inner[0], ()))
    if origin in (tuple, list):
        return say("options.list", what=_described(inner[0], ()))
    below = value_type([annotation])
    if below is not None:
        return say("options.by-name", what=_described(below, ()))
    return say(_PLAIN[annotation]) + _range(annotation, bounds) if annotation in _PLAIN else say("options.value")


def _range(kind: Any, bounds: Sequence[Any]) -> str:
    """Return the bounds of a number in words, with a blank before them; nothing where there are none."""
    ends = number_bounds(bounds)
    if kind not in (int, float) or not ends:
        return ""
    low = ends.get("ge", ends.get("gt"))
    high = ends.get("le", ends.get("lt"))
    if high is not None and high >= 2**31:  # a bound of the machine, not of the matter
        high = None
    open_low, open_high = "gt" in ends, "lt" in ends
    if high is None:
        return " " + say("options.above-on" if open_low else "options.at-least", low=low)
    if low is None:
        return " " + say("options.below" if open_high else "options.most", high=high)
    if open_low:
        return " " + say("options.above-below" if open_high else "options.above-most", low=low, high=high)
    return " " + say("options.from-below" if open_high else "options.from-most", low=low, high=high)


def _sample(annotation: Any, bounds: Sequence[Any], place: str) -> Any:
    """Return a value of a type, within its bounds."""
    first = next(iter(alternatives(annotation)))
    bounds = (*bounds, *(one for part in get_args(annotation) for one in constraints(get_args(part)[1:])))
    origin, inner = get_origin(first), get_args(first)
    if origin is Literal:
        return inner[0]
    if first is Component:
        holder = next(word for word in reversed(place.split(".")) if word in GROUPS)
        return min(registered(GROUPS[holder]))
    if is_model(first):
        return {}
    if origin in (tuple, list):
        item = _sample(inner[0], (), place)
        return [item] if inner[1:] == (...,) or len(inner) < 2 else [item] * len(inner)
    below = value_type([first])
    if below is not None:
        return {"name": _sample(below, (), place)}
    return _number(first, number_bounds(bounds)) if first in (int, float) else _SAMPLES.get(first, "text")


def _number(kind: Any, ends: Mapping[str, Any]) -> Any:
    """Return a number within bounds."""
    value = _SAMPLES[kind]
    low, high = ends.get("ge", ends.get("gt")), ends.get("le", ends.get("lt"))
    if low is not None and value <= low:
        return kind(low + 1)
    return kind(high - 1) if high is not None and value >= high else value
