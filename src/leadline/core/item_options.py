"""The options of an item of the registry in words: what each is called, takes, is by default and means.

The commands that show one network, objective, optimizer … print them; nothing in a run depends on them.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Protocol, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from leadline.core import yaml_io

PLAIN: Mapping[Any, str] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    type(None): "null",
    None: "null",
    Any: "any",
}


class ItemOption(NamedTuple):
    """An option in words; `default` is as it is written in an experiment file, empty where the option must be given."""

    name: str
    type: str
    default: str
    meaning: str


class Described(Protocol):
    """An option that says itself what it takes and means, as those of augmentations do."""

    @property
    def default(self) -> Any:
        """The value where none is given."""

    @property
    def type_text(self) -> str:
        """What it takes: ``float in [0, 1]``."""

    @property
    def meaning(self) -> str:
        """What it means, in a line."""


def declared_options(item: Any) -> Mapping[str, Any] | None:
    """Return the options of an item by name, those of a class of options itself or of what the item calls `options`;
    None where it declares none.

    Each is a field of a model, one that is `Described`, or None where it has a name alone.
    """
    declared = item if isinstance(item, type) else getattr(item, "options", None)
    if isinstance(declared, type):
        return declared.model_fields if issubclass(declared, BaseModel) else None
    if isinstance(declared, Mapping):
        return declared
    return dict.fromkeys(declared) if isinstance(declared, Iterable) else None


def item_options(item: Any) -> tuple[ItemOption, ...]:
    """Return the options of an item in words, but for those that have a name alone."""
    return tuple(
        _in_words(name, option) for name, option in (declared_options(item) or {}).items() if option is not None
    )


def _in_words(name: str, option: FieldInfo | Described) -> ItemOption:
    if isinstance(option, FieldInfo):
        kind = type_text(option.annotation, option.metadata)
        return ItemOption(name, kind, _default(option), option.description or "")
    return ItemOption(name, option.type_text, _written(option.default), option.meaning)


def _default(field: Any) -> str:
    if field.default_factory is not None:
        return _written(field.default_factory())
    return "" if field.default is PydanticUndefined else _written(field.default)


def _written(value: Any) -> str:
    return yaml_io.inline(_plain(value)).removesuffix("\n...")  # which YAML puts after a lone word or number


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return {name: _plain(one) for name, one in value.items()} if isinstance(value, Mapping) else value


def type_text(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """Return a type as people write it: ``int ≥ 1``, ``float in [0, 1)``, ``relu | gelu``, ``list of int``."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner, *rest = arguments
        return type_text(inner, constraints(rest))
    if origin is Literal:
        return " | ".join(map(str, arguments))
    if origin in (Union, types.UnionType):
        return " | ".join(type_text(one, metadata) for one in arguments)
    if origin in (tuple, list):
        inner = [one for one in arguments if one is not Ellipsis]
        return f"list of {type_text(inner[0])}" if len(set(inner)) == 1 else f"[{', '.join(map(type_text, inner))}]"
    if origin is not None and issubclass(origin, Mapping):
        return f"mapping of {type_text(arguments[0])} to {type_text(arguments[1])}"
    name = PLAIN.get(annotation) or getattr(annotation, "__name__", str(annotation)).lower()
    return f"{name}{_range(metadata)}" if annotation in (int, float) else name


def constraints(metadata: Sequence[Any]) -> list[Any]:
    """Return what metadata of a type demands of values, that of a field among it one by one."""
    return [one for given in metadata for one in (given.metadata if isinstance(given, FieldInfo) else [given])]


def number_bounds(metadata: Sequence[Any]) -> dict[str, Any]:
    """Return the bounds of a number by what they demand: `ge`, `gt`, `le`, `lt`."""
    kinds = ((Ge, "ge"), (Gt, "gt"), (Le, "le"), (Lt, "lt"))
    return {name: getattr(one, name) for one in constraints(metadata) for kind, name in kinds if isinstance(one, kind)}


def _range(metadata: Sequence[Any]) -> str:
    """Return the bounds of a number: `` ≥ 1``, `` in [0, 1)``."""
    found = number_bounds(metadata)
    low = next((f"{sign}{found[kind]:g}" for kind, sign in (("ge", "["), ("gt", "(")) if kind in found), "")
    high = next((f"{found[kind]:g}{sign}" for kind, sign in (("le", "]"), ("lt", ")")) if kind in found), "")
    if low and high:
        return f" in {low}, {high}"
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    return "".join(f" {signs[kind]} {bound:g}" for kind, bound in found.items())
