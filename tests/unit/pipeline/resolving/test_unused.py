"""What a user wrote and what means nothing to what was chosen is said, in the language in which it was written."""

from __future__ import annotations

from typing import Any

import pytest

from leadline.core.catalogue import say
from leadline.core.entries.surface import speaking
from leadline.core.experiment import Experiment
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.models.classical.linear import FAMILY
from leadline.pipeline.resolving.compose import compose
from leadline.pipeline.resolving.unused import unused

ONE = InputSchema(name="table", kind="table", fields=(ColumnSchema(name="a", kind="number", state={}),), shape=(1,))
TARGET = ColumnSchema(name="y", kind="category", state={"classes": ["a", "b"]})


def lines(inputs: int = 1, family: Any = None, optimizers: tuple[str, ...] = (), **options: Any) -> list[str]:
    """Return what is said of options, where so many inputs are there, and networks have optimizers of their own."""
    before = compose("a.csv", **options)[0]
    after = Experiment.parse({"training": {"optimizers": dict.fromkeys(optimizers, "adam")}})
    schema = Schema(inputs=tuple(ONE.model_copy(update={"name": f"t{n}"}) for n in range(inputs)), target=TARGET)
    return list(unused(before, after, schema, family, optimizers or ("network",)))


def test_what_is_used_is_not_spoken_of() -> None:
    assert lines(epochs=3, lr=0.1, optimizer="sgd", settings={"data.split.test": 0.2}) == []
    assert lines(2, settings={"network.fusion": "gated"}) == []
    assert lines(family=FAMILY, seed=3, deterministic=True) == []


@pytest.mark.parametrize(
    ("options", "entries"),
    [
        ({"epochs": 3, "batch": 8}, "--epochs, --batch"),
        ({"lr": 0.1}, "--lr"),
        ({"optimizer": "sgd"}, "--optimizer"),
        ({"threads": 2}, "--threads"),
        ({"settings": {"training.early_stopping.patience": 3}}, "--set training.early_stopping"),
    ],
)
def test_steps_mean_nothing_to_a_model_that_is_fitted(options: dict[str, Any], entries: str) -> None:
    with speaking("command line"):
        assert lines(family=FAMILY, **options) == [
            say("pipeline.unused-by-classical", family="linear", n=len(entries.split(", ")), entries=entries)
        ]


def test_one_optimizer_means_nothing_to_networks_with_their_own() -> None:
    own = "training.optimizers.critic, training.optimizers.maker"
    assert lines(optimizers=("maker", "critic"), lr=0.1) == [
        say("pipeline.optimizers-of-their-own", n=1, entries="lr=", own=own)
    ]


def test_one_input_has_nothing_to_fuse() -> None:
    for place, value in (("network.fusion.width", 8), ("network.fusion", "gated")):
        assert lines(settings={place: value}) == [say("pipeline.nothing-to-fuse", n=1, entries=place)]


def test_a_split_that_says_itself_what_is_what_takes_no_shares() -> None:
    said = say("pipeline.split-without-shares", n=1, entries="data.split.test")
    assert lines(split="part", settings={"data.split.test": 0.3}) == [said]
    assert lines(split="time:day:3d/1d/1d", settings={"data.split.test": 0.3}) == [said]
