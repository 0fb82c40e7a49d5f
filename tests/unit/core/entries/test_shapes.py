"""What people write for lists and for what is turned off becomes what the entry declares."""

from __future__ import annotations

from typing import Any

import pytest

from leadline.core.base import Fact
from leadline.core.component import Component
from leadline.core.entries.shapes import items, shaped
from leadline.core.experiment import Experiment
from leadline.errors import UsageError
from leadline.models.tabular.mlp import Options as Mlp


@pytest.mark.parametrize(
    ("place", "written", "becomes"),
    [
        ("data.ignore", "customerID", ("customerID",)),
        ("data.ignore", "id, name", ("id", "name")),
        ("data.ignore", "price (net, USD)", ("price (net, USD)",)),
        ("data.ignore", "none", ("none",)),
        ("data.columns", "age,income", ("age", "income")),
        ("baselines", "linear,svm", ("linear", "svm")),
        ("baselines", "none", ()),
        ("baselines", False, ()),
        ("baselines", None, None),
        ("require", "accuracy >= 0.9, accuracy(fog, 3) >= 0.5", ("accuracy >= 0.9", "accuracy(fog, 3) >= 0.5")),
        ("reference_classifier", "none", False),
        ("label_efficiency", "0.1, 1", (0.1, 1.0)),
        ("label_efficiency", "off", ()),
        ("init", "none", None),
        ("training.early_stopping", False, None),
        ("training.early_stopping", "Off", None),
        ("training.mix", "none", None),
        ("training.max_time", "none", None),
        ("training.freeze", "head", ("head",)),
        ("training.log", "tensorboard", (Component(name="tensorboard"),)),
        ("training.log", "none", ()),
        ("data.inputs.photo.augment", {"shift": 0.1}, (Component(name="shift", options={"amount": 0.1}),)),
        ("data.inputs.photo.augment", "flip,shift", (Component(name="flip"), Component(name="shift"))),
    ],
)
def test_entries_take_what_people_write(place: str, written: Any, becomes: Any) -> None:
    value = written
    for name in reversed(place.split(".")):
        value = {name: value}
    found: Any = Experiment.parse(value)
    for name in place.split("."):
        found = found[name] if isinstance(found, dict) else getattr(found, name)
    assert found == becomes


@pytest.mark.parametrize(("written", "becomes"), [("64,64", (64, 64)), (32, (32,)), ("32", (32,)), ([8], (8,))])
def test_options_that_are_lists_take_a_number_and_text(written: Any, becomes: tuple[int, ...]) -> None:
    assert Mlp.model_validate(shaped({"hidden": written}, Mlp)).hidden == becomes


def test_pairs_take_text_and_what_has_forms_of_its_own_stays() -> None:
    class Options(Fact):
        betas: tuple[float, float] = (0.9, 0.99)
        size: int | tuple[int, ...] = 3
        way: str | tuple[str, ...] = "all"

    assert shaped({"betas": "0.8,0.9", "size": 5, "way": "a,b"}, Options) == {
        "betas": ["0.8", "0.9"],
        "size": 5,
        "way": "a,b",
    }


@pytest.mark.parametrize(("place", "value"), [("objective", False), ("training.epochs", False), ("network", "off")])
def test_what_cannot_be_turned_off_is_left_as_it_was_written(place: str, value: Any) -> None:
    written: Any = value
    for name in reversed(place.split(".")):
        written = {name: written}
    assert shaped(written, Experiment) == written


def test_a_number_is_not_turned_off_by_a_truth_value() -> None:
    with pytest.raises(UsageError, match="epochs"):
        Experiment.parse({"training": {"epochs": False}})


def test_commas_in_brackets_belong_to_an_item() -> None:
    assert items("a(1, 2), [b, c],,d ") == ["a(1, 2)", "[b, c]", "d"]
    assert (items(None), items(("a",)), items(3)) == ([], ["a"], [3])
