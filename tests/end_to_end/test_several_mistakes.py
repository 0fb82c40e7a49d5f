"""All mistakes of one experiment are said at once, each in a line of its own, wherever they were written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import leadline
from leadline.core.entries.wrong_values import MOST
from leadline.errors import UnknownKeyword, UsageError
from sentences import says


def test_of_a_file_each_with_its_line(tmp_path: Path, cli: Callable[..., int], capsys: pytest.CaptureFixture) -> None:
    file = tmp_path / "e.yaml"
    file.write_text(
        "data: {source: digits, targt: y}\ntraining:\n  epochs: many\n  schedule: 7\nnetwrk: cnn\n", encoding="utf-8"
    )
    assert cli("train", file) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    for entry, line in {"data.targt": 1, "training.epochs": 3, "training.schedule": 4, "netwrk": 5}.items():
        assert any(f"line {line}," in one and entry in one for one in lines), entry


def test_of_a_command_line_each_with_its_flag(cli: Callable[..., int], capsys: pytest.CaptureFixture) -> None:
    words = ["--set", "training.epochz=3", "--set", "training.batch=lots", "--epochs", "-3", "--quiet"]
    assert cli("train", "digits", *words) == 2
    said = capsys.readouterr().err
    assert all(flag in said for flag in ("--set training.epochz", "--batch", "--epochs must"))
    assert len(said.splitlines()) == 3


def test_of_a_call_each_with_its_keyword() -> None:
    with pytest.raises(UnknownKeyword) as caught:
        leadline.train("digits", epoch=3, learning_rat=1)
    assert "'epoch'" in str(caught.value) and "'learning_rat'" in str(caught.value)
    with pytest.raises(UsageError) as wrong:
        leadline.train("digits", settings={"training.foo": 1, "training.bar": 2}, quiet=True)
    assert "training.foo" in str(wrong.value) and "training.bar" in str(wrong.value)


def test_numbers_as_text_are_refused_in_settings_as_in_keywords() -> None:
    for given in ({"epochs": "3"}, {"settings": {"training.epochs": "3"}}):
        with pytest.raises(UsageError, match=says("options.number-as-text")):
            leadline.train("digits", quiet=True, **given)


def test_no_more_than_a_screen_of_mistakes_is_said() -> None:
    with pytest.raises(UsageError) as caught:
        leadline.train("digits", settings={f"training.no{i}": i for i in range(MOST + 3)}, quiet=True)
    lines = str(caught.value).splitlines()
    assert len(lines) == MOST + 1
    assert "3" in lines[-1]


def test_one_mistake_within_another_is_said_once() -> None:
    with pytest.raises(UsageError) as caught:
        leadline.train("digits", settings={"training.schedule": 7}, quiet=True)
    assert len(str(caught.value).splitlines()) == 1
