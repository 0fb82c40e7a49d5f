"""What Tab offers in bash, zsh and fish: by what each of them asks, and in these where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import leadline
from leadline.cli import completion
from leadline.cli.main import run

SHELLS = ("bash", "zsh", "fish")
Asked = Callable[[str], list[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs, one of them with a repeat, files, and folders."""
    for one in ("runs/digits-1", "runs/digits-1/repeats/2", "runs/other-1", "mine"):
        (tmp_path / one).mkdir(parents=True)
        (tmp_path / one / "experiment.yaml").write_text("")
    (tmp_path / "runs" / "no-run").mkdir()
    for one in ("digits.csv", "rows.csv", ".hidden"):
        (tmp_path / one).write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(params=SHELLS)
def asked(
    request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Asked:
    """Return what asks as a shell does what completes a line, and returns the words that it is offered."""
    shell = request.param
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("_LEADLINE_COMPLETE", f"complete_{shell}")

    def ask(line: str) -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        assert run([]) == 0
        said = capsys.readouterr()
        assert said.err == ""
        return words_of(shell, said.out.rstrip("\n"))

    return ask


def words_of(shell: str, text: str) -> list[str]:
    """Return the words that a shell reads out of an answer."""
    if shell == "zsh":
        if text in ("", "_files"):
            return []
        lines = text.removeprefix("_arguments '*: :((").removesuffix("))'").split("\n")
        return [one.split('":"')[0].strip('"') for one in lines]
    return [one.split("\t")[0] for one in text.split("\n") if one]


def test_commands_and_flags(asked: Asked) -> None:
    assert asked("leadline tr") == ["train"]
    assert {"train", "evaluate", "completion"} <= set(asked("leadline "))
    assert "style" not in asked("leadline ")
    assert set(asked("leadline train digits --o")) == {"--objective", "--optimizer", "--out"}
    assert "--batch" in asked("leadline crossval digits --b")
    assert asked("leadline train digits --lookb") == []  # a flag of 0.1, which is read and not offered


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("leadline train digits --network res", ["resnet"]),
        ("leadline crossval digits --objective reg", ["regression"]),
        ("leadline train digits --optimizer ada", ["adagrad", "adam", "adamw"]),
        ("leadline train digits --schedule cos", ["cosine"]),
        ("leadline train digits --device cu", ["cuda"]),
        ("leadline train digits --init mi", ["mine"]),
        ("leadline train i", ["iris"]),
        ("leadline train d", ["diabetes", "digits", "digits.csv"]),
        ("leadline train digits --test di", ["diabetes", "digits", "digits.csv"]),
        ("leadline predict mine wi", ["wine"]),
        ("leadline train ro", []),  # a path alone: the shell's own completion
        ("leadline evaluate ", ["mine", "runs/digits-1", "runs/other-1"]),
        ("leadline evaluate ru", ["runs/digits-1", "runs/other-1"]),
        ("leadline report runs/d", ["runs/digits-1"]),
        ("leadline report runs/digits-1/repeats/", ["runs/digits-1/repeats/2"]),
        ("leadline compare mine runs/o", ["runs/other-1"]),
        ("leadline models mlp", ["mlp"]),
        ("leadline schedules pl", ["plateau"]),
        ("leadline completion z", ["zsh"]),
        ("leadline train x --set training.early_stopping.pa", ["training.early_stopping.patience="]),
        ("leadline train x --set training.optimizer.l", ["training.optimizer.lr="]),
        ("leadline train x --set nowhere", []),
    ],
)
def test_values(asked: Asked, line: str, offered: list[str]) -> None:
    assert asked(line) == offered


def test_every_name_of_a_registry_is_offered_once_and_on_one_line(asked: Asked) -> None:
    from leadline.core.registry import registered

    for flag, group in (("network", "models"), ("optimizer", "optimizers"), ("schedule", "schedules")):
        assert asked(f"leadline train x --{flag} ") == sorted(registered(group))


def test_a_folder_that_is_not_there_offers_nothing(asked: Asked) -> None:
    assert asked("leadline evaluate nowhere/") == []


def test_entries_and_their_values() -> None:
    places = [value for value, _ in completion.settings("")]
    assert {"training.batch=", "training.optimizer=", "training.optimizer.lr=", "data.split.folds="} <= {*places}
    assert len(places) == len({*places})
    assert not any("INPUT" in place for place in places)  # names that a user chooses
    assert ("training.optimizer=adamw", dict(completion.items("optimizers")("adamw"))["adamw"]) in completion.settings(
        "training.optimizer=ada"
    )
    assert [value for value, _ in completion.settings("data.strict=")] == ["data.strict=false", "data.strict=true"]
    assert completion.settings("training.plan.precision=fp") == [("training.plan.precision=fp32", "")]
    assert completion.settings("name=") == []


def test_help_says_one_line_of_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["--help"]) == 0
    told = capsys.readouterr().out
    assert sum("completion" in line for line in told.splitlines()) == 1
    assert run(["--install-completion"]) == 2
    assert run(["completion", "tcsh"]) == 2


@pytest.fixture
def path(folder: Path) -> str:
    """The folders of programs, with one first that has this Leadline."""
    (folder / "bin").mkdir()
    file = folder / "bin" / "leadline"
    source = Path(leadline.__file__).parents[1]
    file.write_text(f'#!/bin/sh\nPYTHONPATH="{source}" exec "{sys.executable}" -m leadline "$@"\n')
    file.chmod(0o755)
    return f"{file.parent}{os.pathsep}{os.environ['PATH']}"


def in_shell(shell: str, code: str, path: str) -> list[str]:
    if shutil.which(shell) is None or sys.platform == "win32":
        pytest.skip(f"there is no {shell} here")
    quiet = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [shell, *quiet, "-c", code], capture_output=True, text=True, env={**os.environ, "PATH": path}, check=True
    )
    return done.stdout.splitlines()


BASH = """
source <(leadline completion bash)
compopt() {{ echo "option $2"; }}
COMP_LINE="{line}" COMP_POINT=${{#COMP_LINE}} COMP_WORDS=({words}) COMP_CWORD=$(({count} - 1))
COMP_POINT=${{#COMP_LINE}}
_leadline
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("leadline", "tr"), ["train"]),
        (
            ("leadline", "train", "x", "--set", "training.acc"),
            ["option nospace", "training.accumulate="],
        ),
        (("leadline", "train", "x", "--set", "training.optimizer", "=", "ada"), ["adagrad", "adam", "adamw"]),
        (("leadline", "train", "ro"), [""]),
    ],
)
def test_bash_takes_it(words: tuple[str, ...], offered: list[str], path: str) -> None:
    line = " ".join(words).replace(" = ", "=")
    quoted = " ".join(f'"{word}"' for word in words)
    found = in_shell("bash", BASH.format(line=line, words=quoted, count=len(words)), path)
    assert found == offered


def test_fish_takes_it(path: str) -> None:
    code = 'leadline completion fish | source; complete -C "leadline tr"; complete -C "leadline train ro"'
    train, rows = in_shell("fish", code, path)
    assert train.startswith("train\tTrain a network")
    assert rows.startswith("rows.csv")


def test_zsh_reads_it(path: str) -> None:
    code = "source <(leadline completion zsh); print $+functions[_leadline] $_comps[leadline]"
    assert in_shell("zsh", code, path) == ["1 _leadline"]
