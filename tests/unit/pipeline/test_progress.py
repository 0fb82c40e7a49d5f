"""Progress: quiet lines where there is no terminal."""

from __future__ import annotations

import re

import pytest

from leadline.pipeline.progress import Bars, Lines, Silent, fitting, progress


def test_lines_are_few_and_the_last_epoch_is_always_told() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    for epoch in range(1, 101):
        lines.epoch(epoch, 100, {"loss": f"{1 / epoch:.2g}"})
        lines.stage("encoding", epoch, 100)
        lines.train(epoch, 100, 10.0, {})
    assert said[0].startswith("Epoch 1/100  loss 1")
    assert said[-1].startswith("Epoch 100/100  loss 0.01")
    assert len(said) < 5


def test_quiet_says_nothing_and_a_pipe_gets_lines(capsys) -> None:
    assert isinstance(progress(quiet=True), Silent)
    with progress() as shown:
        shown.note("hello")
    captured = capsys.readouterr()
    assert captured.err == "hello\n"
    assert captured.out == ""


def test_steps_are_told_where_an_epoch_takes_long(monkeypatch) -> None:
    now = 0.0
    monkeypatch.setattr("leadline.pipeline.progress.time.monotonic", lambda: now)
    said: list[str] = []
    lines = Lines(said.append)
    for step in range(1, 31):
        now += 1.0
        lines.train(step, 30, 10.0, {"loss": "0.5"})
        if step == 18:
            lines.epoch(1, 2, {})
    assert [line.split("  ")[0] for line in said] == [
        "Step 6/30",
        "Step 11/30",
        "Step 16/30",
        "Epoch 1/2",
        "Step 23/30",
        "Step 28/30",
    ]


def test_lines_say_nothing_of_a_stage_that_just_began(monkeypatch: pytest.MonkeyPatch) -> None:
    now, said = [0.0], []
    monkeypatch.setattr("leadline.pipeline.progress.time.monotonic", lambda: now[0])
    lines = Lines(said.append)
    now[0] = 100.0  # of training, say
    for done in range(1, 9):
        now[0] += 1.0
        lines.stage("measuring", done, 9)
    assert said == ["measuring: 6 of 9"]


def test_a_bar_shows_as_much_as_fits_and_the_first_in_any_case() -> None:
    words = ["epoch 3/20", "loss 0.412", "val loss 0.455"]
    assert fitting(words, 80) == "epoch 3/20  loss 0.412  val loss 0.455"
    assert fitting(words, 37) == "epoch 3/20  loss 0.412"
    assert fitting(words, 5) == "epoch 3/20"


def test_a_terminal_gets_a_bar_in_one_line_and_few_epoch_lines(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    now = [0.0]
    monkeypatch.setattr("leadline.pipeline.progress.time.monotonic", lambda: now[0])
    shown = {"epoch": "3/20", "loss": "0.412", "val loss": "0.455", "val accuracy": "91.2 %"}
    with Bars() as bars:
        bars.train(3, 20, 1000.0, shown)
        bars._bars.refresh()
        for epoch in range(1, 21):
            now[0] += 0.1
            bars.epoch(epoch, 20, {"loss": "0.412"})
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert "Training" in said and "epoch 3/20  loss 0.412" in said and "ETA" in said
    assert "examples/s" not in said  # 80 columns have no room for it
    assert "Epoch 1/20  loss 0.412" in said and "Epoch 20/20  loss 0.412" in said
    assert "epoch 5/20" not in said
