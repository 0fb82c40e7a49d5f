"""What is wrong with an entry, in one sentence: which entry, what it takes, an example, what was given.

pydantic checks the values; none of its words are shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from leadline.core import yaml_io
from leadline.core.catalogue import say
from leadline.core.entries.did_you_mean import answer
from leadline.core.entries.places import GROUPS, alternatives, is_model, item_entries, value_type
from leadline.core.entries.surface import as_written, named
from leadline.core.entries.type_words import described, example
from leadline.core.entries.writing import shown, written
from leadline.errors import UsageError, did_you_mean, plain

MOST = 5  # mistakes that are said at once
_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?(e[-+]?\d+)?")
LONG = 60  # letters of a wrong value that are shown


class _Found(NamedTuple):
    """Where an error is: the names on the way to it, the field at the end, and the model that holds that."""

    path: tuple[str, ...]
    field: FieldInfo | None
    holder: type[BaseModel]


def explained(
    error: ValidationError, model: type[BaseModel], values: object, at: str = "", item: str | None = None
) -> str:
    """Return what is wrong with the values of a model, a sentence a line, `MOST` at most.

    `at` is the place of the model in the experiment; `item` names the item of a registry whose options they are. Of an
    entry that could be of several types, and of one within another that is wrong, one thing is said.
    """
    said: dict[str, str] = {}
    for one in error.errors(include_url=False):
        place = ".".join(name for name in (at, *_find(model, one["loc"], unknown=True).path) if name)
        if not any(_within(place, other) or _within(other, place) for other in said):
            with as_written(place):
                said[place] = _explained(one, model, values, at, item)
    return together(list(said.values()))


def together(mistakes: Sequence[str]) -> str:
    """Return several sentences about mistakes, each in a line of its own, and how many more there are."""
    left = len(mistakes) - MOST
    return "\n".join([*mistakes[:MOST], *([say("options.more-mistakes", count=left)] if left > 0 else [])])


def _within(place: str, other: str) -> bool:
    return place == other or place.startswith(f"{other}.") or not other


def _explained(first: ErrorDetails, model: type[BaseModel], values: object, at: str, item: str | None) -> str:
    found = _find(model, first["loc"], unknown=first["type"] == "extra_forbidden")
    place = ".".join(one for one in (at, *found.path) if one)
    if first["type"] == "extra_forbidden":
        return unknown(place, tuple(found.holder.model_fields), first["input"], item)
    own = plain(first["msg"]) if first["type"] == "value_error" else None
    if found.field is None or (own is not None and _is_whole(found.field)):
        words = own or say("options.mapping", names=", ".join(model.model_fields))
        which = named(place) if place else say("options.experiment")
        which = which if item is None else say("options.entry-of-item", entry=which, item=item)
        return say("options.wrong-together", entry=which, words=words)
    such = example(found.field, place)
    if first["type"] == "missing":
        return say("options.missing", entry=named(place), wanted=described(found.field), example=such)
    given = _cut(shown(_value(values, found.path, first["input"])))
    if item is not None and own is None:
        takes = described(found.field)
        return say("options.wrong-option", entry=named(place), item=item, wanted=takes, example=such, given=given)
    if own is not None:
        return say("options.wrong-own", entry=named(place), wanted=own, example=such, given=given)
    return say("options.wrong", entry=named(place), wanted=described(found.field), example=such, given=given)


def unknown(place: str, known: Sequence[str], value: Any = ..., item: str | None = None) -> str:
    """Return what is wrong with an entry that there is not, and which is meant; `known` are those beside it."""
    name = place.rpartition(".")[2]
    near = did_you_mean(name, known)
    if item is None:
        return say("options.unknown-entry", entry=named(place), hint=answer(place, value) or near)
    others = next((one.items for one in item_entries() if one.place == place), ())
    if others and not near.endswith("?"):
        near = say("options.others-have", items=", ".join(others), hint=near)
    hint = near if others or near.endswith("?") else answer(place, value) or near
    return say("options.unknown-option", entry=named(place), item=item, name=name, hint=hint)


def check_place(path: str, value: object, model: type[BaseModel]) -> None:
    """Raise UsageError where a dotted place leads to no entry, or text stands for a number, before a value is put
    there.
    """
    here: list[Any] = [model]
    names = path.split(".")
    for number, name in enumerate(names):
        one = here[0]
        below = value_type(here)
        if is_model(one) and name in one.model_fields:
            here = alternatives(one.model_fields[name].annotation)
        elif below is not None and not is_model(one):
            here = alternatives(below)
        elif is_model(one) and "options" not in one.model_fields and (number == 0 or names[number - 1] not in GROUPS):
            raise UsageError(unknown(path, tuple(one.model_fields), value))
        else:
            return
    if str not in here and {int, float}.intersection(here):
        check_number(path, value)


def check_number(path: str, value: object) -> None:
    """Raise UsageError where text stands in the place of a number, as it can in Python."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        what = written(path, yaml_io.load(value, path))
        raise UsageError(say("options.number-as-text", entry=named(path), what=what))


def _find(model: type[BaseModel], loc: Sequence[int | str], *, unknown: bool) -> _Found:
    """Return where an error is; pydantic also names branches of unions and steps of validators on the way, which are
    left out, and places in a list, whose entry is the list. An `unknown` entry is the last name on the way.
    """
    path: list[str] = []
    field: FieldInfo | None = None
    holder, here = model, [model]
    for number, part in enumerate(loc, start=1):
        if len(here) > 1:  # pydantic says which of several types it tried
            here = here[:1] if is_model(here[0]) else []
            continue
        holder = next((one for one in here if is_model(one)), holder)
        below = value_type(here)
        if here and is_model(here[0]) and part in holder.model_fields:
            field = holder.model_fields[str(part)]
            here = alternatives(field.annotation)
        elif unknown and number == len(loc):
            field = None
        elif below is not None and isinstance(part, str):
            here = alternatives(below)
        elif isinstance(part, int):
            break
        else:
            continue
        path.append(str(part))
    return _Found(tuple(path), field, holder)


def _is_whole(field: FieldInfo) -> bool:
    """Return whether an entry holds others: what is wrong is then how they go together."""
    return any(is_model(one) for one in alternatives(field.annotation))


def _value(values: object, path: Sequence[str], otherwise: object) -> object:
    """Return what was given for an entry, whole where it is a list of which one is wrong."""
    for name in path:
        if not isinstance(values, Mapping) or name not in values:
            return otherwise
        values = values[name]
    return values


def _cut(text: str) -> str:
    return text if len(text) <= LONG else f"{text[: LONG - 1]}…"
