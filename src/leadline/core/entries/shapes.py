"""Values of entries as people write them, in the form that the entry declares: one item or text with commas for a list,
``none``, ``off`` or ``false`` for what null or an empty list turns off.

Experiments and options of items pass through here before they are checked; a value that fits no form stays as it is,
and is then refused as it was written.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from leadline.core.component import Component
from leadline.core.entries.places import alternatives, is_model, value_type

OFF = ("none", "off", "false")
COLUMNS = ("columns", "ignore", "target")  # lists of columns, which may be called anything
CHOSEN = ("objective",)  # null lets it be chosen from the data: there is nothing to turn off


def shaped(values: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Return the values of a model's fields in the form that these declare."""
    fields = model.model_fields
    return {
        name: _shaped(value, fields[name].annotation, name) if name in fields else value
        for name, value in values.items()
    }


def items(value: Any) -> list[Any]:
    """Return the items of a list that may be one item, or text with commas between several; commas in brackets belong
    to an item.
    """
    if isinstance(value, list | tuple):
        return list(value)
    if not isinstance(value, str):
        return [] if value is None else [value]
    found, depth = [""], 0
    for letter in value:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth <= 0:
            found.append("")
        else:
            found[-1] += letter
    return [one.strip() for one in found if one.strip()]


def _shaped(value: Any, annotation: Any, name: str) -> Any:
    kinds = alternatives(annotation)
    if value is None or isinstance(value, list | tuple):
        return value
    if isinstance(value, Mapping):
        return _mapping(value, kinds, name)
    if _is_off(value) and not (isinstance(value, str) and name in COLUMNS):
        return _off(value, annotation, name)
    item = _item(kinds)
    if isinstance(value, str):
        whole = str in kinds or any(get_origin(one) is Literal and value in get_args(one) for one in kinds)
        several = any(get_origin(one) is tuple for one in kinds) and (item is None and "," in value)
        return items(value) if not whole and (several or _is_plain(item)) else value
    return [value] if not isinstance(value, bool) and item in (int, float) and not {int, float} & set(kinds) else value


def _mapping(value: Mapping[str, Any], kinds: list[Any], name: str) -> Any:
    """Return a mapping with its values in their forms; one item with options alone as a list of it."""
    if _item(kinds) is Component:
        return [value]
    model = next((one for one in kinds if is_model(one) and one is not Component), None)
    if model is not None:
        return shaped(value, model)
    below = value_type(kinds)
    return value if below is None else {key: _shaped(one, below, name) for key, one in value.items()}


def _is_off(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.strip().lower() in OFF)


def _off(value: Any, annotation: Any, name: str) -> Any:
    """Return what turns an entry off: an empty list, null, or false where it takes that; the value where nothing
    does.
    """
    kinds = alternatives(annotation)
    if any(get_origin(one) is Literal and False in get_args(one) for one in kinds):
        return False
    if bool in kinds or name in CHOSEN:
        return value
    if _item(kinds) is not None:
        return [] if name not in COLUMNS else value
    if not _is_nullable(annotation) or str in kinds:
        return value
    return None if any(is_model(one) for one in kinds) or value == OFF[0] else value


def _item(kinds: list[Any]) -> Any:
    """Return the type of the items of a list of any length, None where none of the types is one."""
    listed = (get_args(one) for one in kinds if get_origin(one) in (tuple, list))
    found = next((inner[0] for inner in listed if inner[1:] in ((), (...,))), None)
    return None if found is None else alternatives(found)[0]


def _is_plain(item: Any) -> bool:
    return item in (int, float, str, Component) or get_origin(item) is Literal


def _is_nullable(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _is_nullable(get_args(annotation)[0])
    of_several = get_origin(annotation) in (Union, types.UnionType)
    return of_several and any(one is type(None) or _is_nullable(one) for one in get_args(annotation))
