"""What can be named: lists, one item with its options and an example, and names that there are not."""

import json
import shlex
from typing import Any

import pytest
import typer

from leadline.cli import registry_lists
from leadline.cli.app import app
from leadline.core.item_options import item_options
from leadline.core.registry import lookup, registered
from leadline.core.registry_tables import TABLES
from leadline.errors import UsageError

SHOWN = ("models", "objectives", "optimizers", "schedules", "augmentations", "analyses")
ITEMS = [(group, name) for group in SHOWN for name in TABLES[group]]


def shown(capsys: pytest.CaptureFixture[str], group: Any, name: str | None = None, *, as_json: bool = False) -> str:
    registry_lists.show(group, name, as_json=as_json)
    return capsys.readouterr().out


@pytest.mark.parametrize("group", [*SHOWN, "datasets"])
def test_a_list_holds_every_name_with_its_summary(group: Any, capsys: pytest.CaptureFixture[str]):
    lines = shown(capsys, group).splitlines()
    assert len(lines) == len(registered(group))
    assert json.loads(shown(capsys, group, as_json=True)) == {
        name: entry.summary for name, entry in registered(group).items()
    }


@pytest.mark.parametrize(("group", "name"), ITEMS)
def test_an_item_is_shown_with_its_options_and_one_example(group: Any, name: str, capsys: pytest.CaptureFixture[str]):
    text = shown(capsys, group, name)
    known = json.loads(shown(capsys, group, name, as_json=True))
    assert text.startswith(f"{name}: {TABLES[group][name].summary}\n")
    assert [option["name"] for option in known["options"]] == [one.name for one in item_options(lookup(group, name))]
    assert all(option["meaning"] in text for option in known["options"])
    assert text.rstrip().endswith(known["example"])
    assert known["example"].startswith("leadline ")


@pytest.mark.parametrize(("group", "name"), ITEMS)
def test_an_example_is_a_command_that_is_understood(group: Any, name: str):
    _, command, *arguments = shlex.split(registry_lists.described(group, name)["example"])
    root: Any = typer.main.get_command(app)
    assert root.commands[command].make_context(command, arguments).params  # raises where one is not understood
    options = {one.name for one in item_options(lookup(group, name))}
    path = f"{registry_lists.PATHS.get(group, '-')}."
    for setting in arguments:
        if setting.startswith(path):
            assert setting.removeprefix(path).partition("=")[0] in options, setting


def test_a_bare_name_shows_the_augmentations_of_all_types_of_input(capsys: pytest.CaptureFixture[str]):
    text = shown(capsys, "augmentations", "shift")
    assert "image/shift: " in text
    assert "audio/shift: " in text
    assert len(json.loads(shown(capsys, "augmentations", "shift", as_json=True))) == 2


@pytest.mark.parametrize(
    ("group", "wrong", "near"), [("models", "resent", "resnet"), ("augmentations", "image/flop", "image/flip")]
)
def test_an_unknown_name_is_answered_with_the_nearest(group: Any, wrong: str, near: str):
    with pytest.raises(UsageError, match=near):
        registry_lists.show(group, wrong, as_json=False)


def test_a_summary_is_said_in_the_language_in_use(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def translated(name: str, otherwise: str) -> str:
        return "ein mehrschichtiges Perzeptron" if name == "registry.models-mlp" else otherwise

    monkeypatch.setattr(registry_lists, "translated", translated)
    assert "mlp                ein mehrschichtiges Perzeptron" in shown(capsys, "models")
