"""Commands and flags of other tools are answered with ours, on every command."""

from __future__ import annotations

import pytest
import typer

from leadline.cli import main
from leadline.cli.app import app
from leadline.cli.foreign_flags import COMMANDS, FLAGS
from leadline.core.catalogue import say


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("predict", "r", "x", "--output", "x.csv"), "Write --out x.csv."),
        (("predict", "r", "x", "--outt", "x.csv"), "Did you mean '--out'?"),
        (("predict", "r", "--data", "x.csv"), "The source is the second argument: leadline predict RUN x.csv."),
        (("predict", "--model", "runs/a-1"), "The run is the first argument: leadline predict runs/a-1."),
        (("train", "iris", "--output", "x"), "Write --out x."),
        (("train", "iris", "-o", "x"), "Write --out x."),
        (("train", "--data", "people.csv"), "The source is the first argument: leadline train people.csv."),
        (("runs", "--jsn"), "Did you mean '--json'?"),
        (("report", "r", "--browser"), "Write --open."),
        (("fit", "iris"), "Write 'leadline train'."),
        (("test", "r"), "Write 'leadline evaluate'."),
        (("trian", "iris"), "Did you mean 'train'?"),
    ],
)
def test_a_usual_or_near_name_is_answered(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(arguments) == 2
    told = capsys.readouterr().err
    assert told.endswith(f" {said}\n")
    assert "Possible options" not in told


def test_a_training_without_a_source_and_a_shell_that_is_not_taught(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["train"]) == 2
    assert capsys.readouterr().err == f"leadline: {say('cli.no-data', where='leadline train')}\n"
    assert main.run(["completion", "powershell"]) == 2
    said = say("cli.no-completion", shell="powershell", known="bash, zsh, fish")
    assert capsys.readouterr().err == f"leadline: {said}\n"


def test_what_is_answered_is_there() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    flags = {name for one in commands.values() for option in one.params for name in option.opts}
    assert set(COMMANDS.values()) <= set(commands)
    assert set(FLAGS.values()) <= flags
    assert not set(COMMANDS) & set(commands)
