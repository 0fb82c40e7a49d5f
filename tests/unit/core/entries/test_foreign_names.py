"""What is proposed in the place of another library's name is tried: each reader takes what its answer says to write."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from pydantic import BaseModel

import leadline
from leadline.cli.app import app
from leadline.cli.training_flags import wrong_flag
from leadline.core import yaml_io
from leadline.core.component import AUTO, Component
from leadline.core.entries import surface
from leadline.core.entries.did_you_mean import answer, meaning
from leadline.core.entries.foreign_names import FOREIGN
from leadline.core.entries.places import GROUPS, entries, item_entries, item_to_name
from leadline.core.entries.train_options import OPTIONS, VERBS, declared
from leadline.core.entries.type_words import example
from leadline.core.experiment import Experiment
from leadline.core.item_options import declared_options
from leadline.core.registry import lookup
from leadline.core.registry_tables import TABLES
from leadline.core.settings import put
from leadline.pipeline.resolving.compose import compose
from leadline.pipeline.resolving.keywords import current

FIELDS = {one.place: one.field for one in (*item_entries(), *entries())}
ITEMS = {one.place: one for one in item_entries()}
# what a value is like where no field says so
VALUES: dict[str, Any] = {
    "require": ["accuracy >= 0.9"],
    "network.layers": 2,
    "training.mix.alpha": 0.4,
    "network": "mlp",
    "out": "runs/a",
    "settings": {"training.clip": 1.0},
    "quiet": True,
    "objective.loss": "mae",
    "init": "runs/a-1",
    "data.split": "time:day",
    "data.inputs.INPUT.size": 32,
    "data.inputs.INPUT.vocabulary_size": 500,
    "data.inputs.INPUT.max_length": 50,
    "data.inputs.INPUT.sample_rate": 8000,
    "data.inputs.INPUT.n_mels": 20,
    "training.optimizer": "sgd",
    "training.schedule": "cosine",
    "training.early_stopping": {"patience": 3},
}
FLAGS = {"require": "accuracy >= 0.9", "settings": "training.clip=1.0"}  # of those that may be repeated, one
# one name of those that mean the same
NAMES = sorted({repr(foreign): name for name, foreign in FOREIGN.items()}.values())
WRITE = re.compile(r"^Write (.*?)\.(?= [A-Z]|$)")
FRAME = pl.DataFrame({"x": [1.0, 2.0, 3.0], "target": ["a", "b", "a"]})


def sensible(place: str) -> Any:
    """Return a value that an entry takes."""
    if surface.language() == "command line" and place in FLAGS:
        return FLAGS[place]
    if place in VALUES:
        return VALUES[place]
    with surface.speaking("file"):
        return yaml_io.load(example(FIELDS[place], place), place)


def proposals(said: str) -> list[str]:
    """Return what an answer says to write."""
    found = WRITE.match(said)
    return [] if found is None else found[1].split(", or ")


def offered(name: str) -> tuple[str, ...]:
    """Return the places that an answer says to write."""
    found = meaning(name)
    return found.places if found.offered else ()


def filled(text: str, place: str) -> str:
    """Return a proposal with a sensible value where it leaves that open."""
    python = surface.language() in surface.PYTHON
    value = repr(sensible(place)) if python else yaml_io.inline(sensible(place)).strip().removesuffix("...").strip()
    if surface.language() == "command line" and " " in value and '"' not in text:
        text = re.sub(r"(\S*…\S*)", r'"\1"', text)
    return text.replace("'…'", value).replace("…", value).replace("INPUT", "x")


def keywords(text: str) -> dict[str, Any]:
    """Return the keywords that are written in a proposal."""
    call = ast.parse(f"call({text})", mode="eval").body
    assert isinstance(call, ast.Call)
    return {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}


def given(name: str) -> Any:
    """Return the value that a name of another library is given: one of the kind that it means."""
    found = FOREIGN[name]
    return sensible(found.entries[0]) if found.same and found.value is ... and found.entries else True


def check_items(experiment: Experiment) -> None:
    """The options of each named item, and of the usual one where none is named, are its own."""
    training = experiment.training
    named: dict[str, Component | None] = {
        "models": experiment.network.encoders.get("*"),
        "objectives": experiment.objective,
        "optimizers": training.optimizer,
        "schedules": training.schedule,
        "averages": training.average,
        "mixtures": training.mix,
    }
    usual = {"models": "mlp", "objectives": "classification", "optimizers": "adamw", "schedules": "one_cycle"}
    for group, one in named.items():
        if one is None or one.name.endswith(".py"):
            continue
        name = usual[group] if one.name == AUTO else one.name
        item = lookup(group, name)  # type: ignore[arg-type]
        model = item if isinstance(item, type) else item.options
        options = {option: value for option, value in one.options.items() if (group, option) != ("objectives", "loss")}
        assert set(options) <= set(declared_options(item) or ()), (name, one)
        if isinstance(model, type) and issubclass(model, BaseModel):
            model.model_validate(options)


def beside(values: dict[str, Any]) -> dict[str, Any]:
    """Return an experiment's values with what an entry of a series goes with."""
    data = values.get("data") or {}
    return put(values, "data.series.horizon", 3) if data.get("series") and "horizon" not in data["series"] else values


def take(given: dict[str, Any], function: Any, verb: str) -> None:
    """The verb has these keywords, and an experiment is made of them."""
    if "data.series" in str(given) or "context_length" in given or "series_id" in given:
        given = {"horizon": 3, **given}
    current(given, declared(VERBS[verb]), f"leadline.{verb}")
    assert set(given) <= set(inspect.signature(function).parameters)
    out = ("out", "quiet")
    check_items(compose("iris", **{name: value for name, value in given.items() if name not in out})[0])


@pytest.mark.parametrize("verb", ["train", "crossval"])
@pytest.mark.parametrize("name", NAMES)
def test_python_takes_what_it_proposes(name: str, verb: str) -> None:
    with surface.asking(verb):
        said = answer(name, given(name))
        assert "--" not in said and "'leadline " not in said
        for proposal, place in zip(proposals(said), offered(name), strict=True):
            text, _, where = filled(proposal, place).partition(" in leadline.")
            verb = where or verb
            take(keywords(text), getattr(leadline, verb), verb)


@pytest.mark.parametrize("name", NAMES)
def test_estimators_take_what_they_propose(name: str) -> None:
    with surface.speaking("estimator"):
        said = answer(name, given(name))
        assert "--" not in said and "'leadline " not in said
        found = proposals(said)
        for proposal, place in zip(found, offered(name) if found else (), strict=True):
            estimator = leadline.Classifier(**keywords(filled(proposal, place)))
            if not place.startswith("objective."):
                check_items(compose(FRAME, **estimator._entries(FRAME, "category", weighted=False))[0])


@pytest.mark.parametrize("verb", ["train", "crossval"])
@pytest.mark.parametrize("name", NAMES)
def test_the_command_line_takes_what_it_proposes(name: str, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: dict[str, Any] = {}
    monkeypatch.setattr(f"leadline.verbs.{verb}.compose", lambda source, **options: taken.update(options) or 1 / 0)
    monkeypatch.setattr("leadline.verbs.crossval.compose", lambda source, **options: taken.update(options) or 1 / 0)
    flag = f"--{name.replace('_', '-')}"
    with surface.speaking("command line"):
        text = yaml_io.inline(given(name)).strip().removesuffix("...").strip()
        said = wrong_flag(flag, [verb, flag, text], verb)
        assert "leadline." not in said.replace("leadline.train((", "") and "settings={" not in said
        if "is an option of" in said:  # it is one of the other verb's by this name
            return
        for proposal, place in zip(proposals(said), offered(name), strict=True):
            text, _, where = filled(proposal, place).partition(" in 'leadline ")
            verb = where.rstrip("'") or verb
            command = typer.main.get_command(app)
            with pytest.raises(ZeroDivisionError):
                command.main(args=[verb, "iris", *shlex.split(text)], standalone_mode=False)
            if "data.series" in text or "context-length" in text or "series-id" in text:
                taken["horizon"] = 3
            check_items(compose("iris", **taken)[0])


@pytest.mark.parametrize("name", NAMES)
def test_a_file_takes_what_is_proposed_for_it(name: str, tmp_path: Path) -> None:
    file = tmp_path / "e.yaml"
    with surface.speaking("file"):
        said = answer(name, given(name))
        assert "={" not in said
        for proposal, place in zip(proposals(said), offered(name), strict=True):
            if place in OPTIONS and OPTIONS[place].entry is None:  # what no file holds
                assert " in 'leadline train'" in said
                continue
            text, _, where = filled(proposal, place).partition(" under ")
            values = yaml_io.load(text, "proposal")
            for word in reversed(where.replace("INPUT", "x").split(".") if where else []):
                values = {word: values}
            data = {**(values.get("data") or {}), "source": "iris"}
            file.write_text(yaml_io.dump(beside({**values, "data": data})))
            check_items(compose(file)[0])


@pytest.mark.parametrize("name", NAMES)
def test_the_item_is_named_where_the_usual_one_lacks_the_option(name: str) -> None:
    for place in FOREIGN[name].entries:
        if place in ITEMS:
            item = FOREIGN[name].item
            assert bool(item) == bool(item_to_name(ITEMS[place])) or place == "objective.loss"
            assert not item or item in ITEMS[place].items
            slot = next(word for word in reversed(place.split(".")[:-1]) if word in GROUPS)
            assert not item or item in TABLES[GROUPS[slot]]
