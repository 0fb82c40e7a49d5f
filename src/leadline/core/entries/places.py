"""Every entry that an experiment may have, by its dotted place, with those that its named items bring along.

Read where a name or a value is wrong: what would be right is looked up here. `entries` imports nothing; `item_entries`
imports the items of the registry, PyTorch with them.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from leadline.core.component import Component
from leadline.core.item_options import declared_options
from leadline.core.registry import lookup, registered
from leadline.core.registry_tables import TABLES, Group
from leadline.errors import LeadlineError

# The group that items of an entry come from, by the entry's name.
GROUPS: Mapping[str, Group] = {
    "network": "models",
    "encoders": "models",
    "fusion": "fusions",
    "objective": "objectives",
    "step": "steps",
    "optimizer": "optimizers",
    "optimizers": "optimizers",
    "schedule": "schedules",
    "mix": "mixtures",
    "average": "averages",
    "log": "trackers",
    "augment": "augmentations",
    "strong": "augmentations",
    "inputs": "columns",
}
LISTS = ("log", "augment", "strong")
ANY = {"inputs": "INPUT", "encoders": "INPUT", "optimizers": "NETWORK"}  # what stands for names that a user chooses


Model = TypeVar("Model", bound=BaseModel)
_ROOT: list[type[BaseModel]] = []


class Entry(NamedTuple):
    """One entry: its dotted `place`, its field where a model declares it, and the `items` that have it as an option;
    `listed` where these stand in a list, so that the place alone does not reach it.
    """

    place: str
    field: FieldInfo | None
    items: tuple[str, ...] = ()
    listed: bool = False

    @property
    def last(self) -> str:
        """The last name of the place."""
        return self.place.rpartition(".")[2]


def alternatives(annotation: Any) -> list[Any]:
    """Return the types that an entry may have, without None and without what is annotated on them."""
    if get_origin(annotation) is Annotated:
        return alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [one for part in get_args(annotation) for one in alternatives(part) if one is not type(None)]
    return [annotation]


def is_model(annotation: Any) -> bool:
    """Return whether a type is that of entries with others below them."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def value_type(annotations: Iterable[Any]) -> Any:
    """Return the type of the values of the first mapping among types; None where there is none."""
    for one in annotations:
        origin = get_origin(one)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return get_args(one)[1]
    return None


def inner_model(annotation: Any) -> type[BaseModel] | None:
    """Return the model whose fields stand below an entry of this type, through lists and mappings of it."""
    for one in alternatives(annotation):
        found = one if is_model(one) else next(filter(None, map(inner_model, get_args(one))), None)
        if found is not None:
            return found
    return None


def root(model: type[Model]) -> type[Model]:
    """Take a model for the one whose entries are found here: the experiment, whose file stands above this one."""
    _ROOT[:] = [model]
    return model


@cache
def entries() -> tuple[Entry, ...]:
    """Return the entries that the experiment itself declares; what only stands for what is below it is left out."""
    (model,) = _ROOT
    return tuple(_below(model, ""))


def _below(model: type[BaseModel], at: str) -> Iterator[Entry]:
    for name, field in model.model_fields.items():
        place = f"{at}{name}"
        inner = inner_model(field.annotation)
        if inner is None or inner is Component:
            yield Entry(place, field)
            continue
        below = f"{place}.{ANY[name]}." if value_type(alternatives(field.annotation)) is not None else f"{place}."
        found = [one for one in _below(inner, below) if one.last != "options"]
        yield from ([Entry(place, field)] if type(field.default) is type(None) or name == "split" else [])
        yield from found


@cache
def item_entries() -> tuple[Entry, ...]:
    """Return the options of all items that can be named in an experiment, each place once; imports the items."""
    found: dict[str, Entry] = {}
    for name, group in GROUPS.items():
        for place in _places(name):
            for item, options in _options(group).items():
                for option, field in options.items():
                    full = f"{place}.{option}"
                    known = found.get(full, Entry(full, field, listed=name in LISTS))
                    found[full] = known._replace(items=(*known.items, item))
    return tuple(found.values())


def item_to_name(entry: Entry) -> str:
    """Return the item to name beside an option for it to be taken: none where the item that is usual has it, or what
    the data holds decides.
    """
    holder = entry.place.rpartition(".")[0]
    slot = next(word for word in reversed(holder.split(".")) if word in GROUPS)
    if slot == "inputs" or entry.listed:
        return ""
    usual = next((one.field.default for one in entries() if one.place == holder and one.field is not None), None)
    chosen = slot in ("network", "encoders", "objective")  # from the data: what suits tables comes first
    first = next(iter(TABLES[GROUPS[slot]])) if chosen else usual.name if isinstance(usual, Component) else ""
    return "" if first in entry.items else entry.items[0]


def _places(name: str) -> Iterator[str]:
    if name == "network":
        yield name
    for one in entries():
        if one.last == name:
            yield f"{one.place}.{ANY[name]}" if name in ANY else one.place


def _options(group: Group) -> dict[str, Mapping[str, FieldInfo | None]]:
    """Return the options of each item of a group by name; one that cannot be imported has none."""
    found: dict[str, Mapping[str, FieldInfo | None]] = {}
    for name in registered(group):
        try:
            item = lookup(group, name)
        except LeadlineError:
            continue
        options = declared_options(item)
        if options is not None:
            found[name] = {one: field if isinstance(field, FieldInfo) else None for one, field in options.items()}
    return found
