"""A value of a wrong type is answered in one sentence: the entry, what it takes, an example, what was given."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from leadline.core.catalogue import say
from leadline.core.entries import surface
from leadline.core.entries.places import GROUPS, Entry, entries, item_entries
from leadline.core.entries.wrong_values import check_place, explained
from leadline.core.experiment import Experiment
from leadline.core.registry import lookup
from leadline.core.settings import put
from leadline.errors import UsageError
from sentences import says

BAD: tuple[Any, ...] = ("many", 3, -7, 2.5, [[]], {"q": 1}, {"q": []}, [object()], object())
PYDANTIC = ("Input should", "validation error", "pydantic", "http", "Value error", "Field required")


# options that take any value for a name
FREE = {("objective.anomaly", "autoencoder"), ("objective.normal", "autoencoder")}


def values_with(place: str, value: object) -> dict[str, Any]:
    """Return an experiment's values with one entry, and what must stand beside it."""
    values = put({}, "data.series.horizon", 3) if place.startswith("data.series.") else {}
    return put(put(values, "init.run", "a") if place == "init.weights" else values, place, value)


def check(said: str, place: str) -> None:
    """The sentence names the entry, or what holds it where several go together wrongly, and says what it takes."""
    holder = place.rpartition(".")[0]
    whole = said.startswith(f"{surface.named(holder)}: ") if holder else False
    assert whole or said.startswith((f"{surface.named(place)}: ", f"{surface.named(place)} must be ")), said
    assert said.endswith(".") and ". " not in said, said
    assert not any(words in said for words in PYDANTIC), said
    assert whole or ", such as " in said or " one of " in said, said


@pytest.mark.parametrize("entry", entries(), ids=lambda one: one.place)
def test_a_wrong_value_of_the_experiment(entry: Entry) -> None:
    place = entry.place.replace("INPUT", "photo").replace("NETWORK", "critic")
    with surface.speaking("command line"):
        for bad in BAD:
            try:
                Experiment.parse(values_with(place, bad))
            except UsageError as error:
                check(str(error), place)
                break
        else:
            pytest.fail("no value is refused")


def cases() -> list[tuple[str, str, str, type[BaseModel]]]:
    """Return every option of every item of a registry that declares its options as a model."""
    found = []
    for entry in item_entries():
        holder, _, option = entry.place.rpartition(".")
        group = GROUPS[next(name for name in reversed(holder.split(".")) if name in GROUPS)]
        for name in entry.items:
            item = lookup(group, name)
            model = item if isinstance(item, type) else item.options
            if isinstance(model, type) and (entry.place, name) not in FREE:
                found.append((holder, option, name, model))
    return found


@pytest.mark.parametrize(("holder", "option", "item", "model"), cases(), ids=str)
def test_a_wrong_value_of_an_option_of_an_item(holder: str, option: str, item: str, model: type[BaseModel]) -> None:
    place = f"{holder}.{option}"
    for bad in BAD:
        values = {**{name: "x" for name, field in model.model_fields.items() if field.is_required()}, option: bad}
        try:
            model.model_validate(values)
        except ValidationError as error:
            check(explained(error, model, values, holder, item), place)
            return
        except UsageError as error:  # of layers, which are read in words of their own
            assert not any(words in str(error) for words in PYDANTIC)
            return
    pytest.fail("no value is refused")


def test_bounds_are_said_and_the_whole_list_is_shown() -> None:
    with pytest.raises(UsageError) as refused:
        Experiment.parse({"data": {"columns": ["a", 3]}})
    assert str(refused.value) == say(
        "options.wrong", entry="inputs", wanted="a list, each text", example="['age', 'income']", given="['a', 3]"
    )
    with pytest.raises(
        UsageError, match=r"^data\.split\.validation must be a number from 0 to below 1, such as 0\.1; not 7\.$"
    ):
        Experiment.parse({"data": {"split": {"by": "random", "validation": 7}}})


def test_a_place_that_leads_nowhere_is_refused_before_a_value_is_put_there() -> None:
    for place, hint in (("lr", "Write lr=1."), ("training.optimiser.lr", "Write lr=1."), ("seeds", "Write seed=1.")):
        with pytest.raises(UsageError, match=says("options.unknown-entry", entry=place, hint=hint)):
            check_place(place, 1, Experiment)
    for place in (
        "training.optimizer.anything",
        "network.hidden",
        "data.inputs.photo.size",
        "card.owner",
        "data.types.a",
    ):
        check_place(place, 1, Experiment)


def test_what_stands_in_a_file_is_named_by_its_line() -> None:
    with surface.call():
        surface.note_marks({"training": "e.yaml, line 1, column 1", "training.batch": "e.yaml, line 2, column 3"})
        assert surface.named("training.batch") == "e.yaml, line 2, column 3: training.batch"
        assert surface.named("seed") == "seed"
        surface.note_override("training.batch")
        assert surface.named("training.batch") == "batch"
        assert surface.named("training.epochs") == "e.yaml, line 1, column 1: training.epochs"
    assert surface.named("training.epochs") == "epochs"
