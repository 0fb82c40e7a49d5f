"""What is made of the declared options is held to the declaration: flags, keywords with their help, estimators."""

from __future__ import annotations

import inspect

import pytest

import leadline
from leadline.cli.app import crossval as crossval_command
from leadline.cli.app import train as train_command
from leadline.core.entries.places import entries, item_entries
from leadline.core.entries.train_options import OLD, OPTIONS, CrossvalOptions, TrainOptions, declared
from leadline.core.experiment import Experiment

PLACES = {one.place for one in (*entries(), *item_entries())} | set(Experiment.model_fields)
# what scikit-learn has a name of its own for, and what has no option
SKLEARN = {
    "validation": "data.split.validation",
    "random_state": "seed",
    "missing_values": "data.missing_values",
    "nulls": "data.nulls",
}


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_an_option_stands_for_an_entry_that_there_is(name: str) -> None:
    option = OPTIONS[name]
    assert option.entry is None or option.entry in PLACES
    assert option.help.endswith((".", "…"))


@pytest.mark.parametrize(("verb", "options"), [(leadline.train, TrainOptions), (leadline.crossval, CrossvalOptions)])
def test_a_verb_shows_each_keyword_in_its_signature_and_on_a_line_of_its_help(verb: object, options: type) -> None:
    assert callable(verb)
    parameters = inspect.signature(verb).parameters
    assert list(parameters) == ["source", *declared(options)]
    lines = (inspect.getdoc(verb) or "").splitlines()
    for name in declared(options):
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert sum(line.startswith(f"{name}: ") for line in lines) == 1


@pytest.mark.parametrize(("command", "options"), [(train_command, TrainOptions), (crossval_command, CrossvalOptions)])
def test_a_command_has_a_flag_for_each_option(command: object, options: type) -> None:
    assert callable(command)
    flags = {name for name in inspect.signature(command).parameters if not name.startswith("old_")} - {"source", "json"}
    assert flags == {name for name, option in declared(options).items() if option.only != "python"}


@pytest.mark.parametrize("estimator", [leadline.Classifier, leadline.Regressor])
def test_estimators_have_the_options_that_are_declared_for_them(estimator: type) -> None:
    parameters = set(inspect.signature(estimator).parameters)
    assert parameters - set(SKLEARN) == {name for name, option in OPTIONS.items() if option.estimators}
    assert set(SKLEARN) <= parameters


def test_an_old_name_is_no_option_of_today() -> None:
    assert not set(OLD) & set(OPTIONS)
