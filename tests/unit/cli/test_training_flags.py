"""Flags of a training reach the verb as the options that they are; old and wrong ones are answered in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leadline.cli import main
from leadline.core.catalogue import say
from leadline.verbs import crossval as crossval_verb
from leadline.verbs import train as train_verb


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what a command hands to its verb, which does nothing."""
    found: dict[str, Any] = {}

    def verb(source: str, **options: Any) -> None:
        found.update(source=source, **options)

    monkeypatch.setattr(train_verb, "train", verb)
    monkeypatch.setattr(crossval_verb, "crossval", verb)
    return found


def test_flags_are_read_as_what_they_stand_for(given: dict[str, Any]) -> None:
    flags = ["--lr", "1e-3", "--batch", "64", "--optimizer", "{name: sgd, momentum: 0.9}", "--schedule", "cosine"]
    more = [
        "--device",
        "cpu",
        "--threads",
        "2",
        "--inputs",
        "a, b",
        "--strict",
        "--require",
        "r2 >= 0",
        "--positive",
        "1",
    ]
    assert main.run(["train", "t.csv", *flags, *more, "--set", "training.clip=1", "-q"]) == 0
    assert given == {
        "source": "t.csv",
        "lr": 0.001,
        "batch": 64,
        "optimizer": {"name": "sgd", "momentum": 0.9},
        "schedule": "cosine",
        "device": "cpu",
        "threads": 2,
        "inputs": ("a", "b"),
        "strict": True,
        "require": ("r2 >= 0",),
        "positive": "1",
        "settings": ("training.clip=1",),
        "quiet": True,
    }


def test_what_is_no_number_is_left_to_be_refused_as_such(given: dict[str, Any]) -> None:
    assert main.run(["crossval", "t.csv", "--folds", "3", "--epochs", "many", "--lr", "auto"]) == 0
    assert given == {"source": "t.csv", "folds": 3, "epochs": "many", "lr": "auto"}


def test_flags_of_version_0_1_are_read_with_a_line(given: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["train", "t.csv", "--lookback", "4", "--item", "shop"]) == 0
    assert given == {"source": "t.csv", "context_length": 4, "series_id": "shop"}
    said = [say("options.renamed", old="--lookback", new="--context-length")]
    said += [say("options.renamed", old="--item", new="--series-id")]
    assert capsys.readouterr().err.splitlines() == [f"leadline: {line}" for line in said]


@pytest.mark.parametrize(
    ("arguments", "flag", "hint"),
    [
        (("train", "x", "--batch-size", "64"), "--batch-size", "Write --batch 64."),
        (("train", "x", "--learning-rate=0.1"), "--learning-rate", "Write --lr 0.1."),
        (
            ("crossval", "x", "--weight-decay", "0.1"),
            "--weight-decay",
            "Write --set training.optimizer.weight_decay=0.1.",
        ),
        (("crossval", "x", "--repeats", "3"), "--repeats", "It is an option of 'leadline train'."),
    ],
)
def test_a_wrong_flag_is_answered_with_the_right_one(
    arguments: tuple[str, ...], flag: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(arguments) == 2
    assert capsys.readouterr().err == f"leadline: {say('options.unknown-flag', flag=flag, hint=hint)}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("training:\n  batch_size: 64\n", ", line 3, column 3: training.batch_size: there is no such entry. Write"),
        (
            "training:\n  batch: many\n",
            ", line 3, column 3: training.batch must be a whole number of at least 1, such as 64; not",
        ),
        (
            "training:\n  optimizer:\n    name: adam\n    lr: fast\n",
            ", line 5, column 5: training.optimizer.lr: adam",
        ),
        ("network: {name: mlp, droput: 0.1}\n", ", line 2, column 22: network.droput: mlp has no option 'droput'."),
        ("training: [1\n", ", line 2, column 11: not valid YAML"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_by_line_and_column(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "e.yaml"
    file.write_text(f"data: {{source: iris}}\n{text}")
    assert main.run(["train", str(file), "-q", "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err.startswith(f"leadline: {file}{said}")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("train", "x", "--target", "Churn", "--target", "Age"),
            "'Churn' and 'Age'. Write several values as --target Churn,Age.",
        ),
        (("train", "x", "--inputs", "a b", "--inputs=c"), "'a b' and 'c'. Write several values as --inputs \"a b,c\"."),
        (("train", "x", "--lr", "1", "--lr", "2"), f"'1' and '2'. {say('options.give-once')}"),
        (("predict", "r", "x", "-o", "a.csv", "--out", "b.csv"), f"'a.csv' and 'b.csv'. {say('options.give-once')}"),
    ],
)
def test_a_flag_of_one_value_is_given_once(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(arguments) == 2
    told = capsys.readouterr().err
    assert "given twice" in told
    assert told.endswith(f"{said}\n")


def test_flags_that_repeat_are_given_more_than_once(given: dict[str, Any]) -> None:
    assert (
        main.run(
            ["train", "x", "--set", "a=1", "--set", "b=2", "-q", "-q", "--require", "r2 > 0", "--require", "s > 0"]
        )
        == 0
    )
    assert given["settings"] == ("a=1", "b=2")
    assert given["require"] == ("r2 > 0", "s > 0")
