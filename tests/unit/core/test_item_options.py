"""Options of items in words: types with their bounds, defaults as they are written, what they mean."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from leadline.core.base import Fact
from leadline.core.item_options import ItemOption, item_options, type_text
from leadline.core.registry import lookup
from leadline.core.registry_tables import TABLES

ITEMS = [(group, name) for group, table in TABLES.items() for name in table]


class Options(Fact):
    width: int = Field(default=8, ge=1, description="features of a layer")
    rate: float | None = Field(default=None, gt=0, lt=1)
    norm: Literal["none", "batch"] = "none"
    order: tuple[str, ...]
    found: Mapping[str, int] = Field(default_factory=dict)


def test_options_of_a_class_are_said_in_words():
    assert item_options(Options) == (
        ItemOption("width", "int ≥ 1", "8", "features of a layer"),
        ItemOption("rate", "float in (0, 1) | null", "null", ""),
        ItemOption("norm", "none | batch", "none", ""),
        ItemOption("order", "list of str", "", ""),
        ItemOption("found", "mapping of str to int", "{}", ""),
    )


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (Annotated[int, Field(ge=1, le=4)], "int in [1, 4]"),
        (Annotated[float, Field(gt=0)], "float > 0"),
        (tuple[Annotated[int, Field(ge=2)], ...], "list of int ≥ 2"),
        (tuple[int, str], "[int, str]"),
        (bool | None, "bool | null"),
        (Any, "any"),
    ],
)
def test_types_are_written_with_their_bounds(annotation: Any, text: str):
    assert type_text(annotation) == text


def test_an_item_without_options_has_none():
    assert item_options(object()) == ()


@pytest.mark.parametrize(("group", "name"), ITEMS)
def test_every_option_of_the_registry_is_said_in_one_line(group: Any, name: str):
    for option in item_options(lookup(group, name)):
        assert option.type
        assert "\n" not in option.default
        assert option.meaning, f"{group} {name}: {option.name} has no meaning"
        assert len(option.meaning) <= 110
