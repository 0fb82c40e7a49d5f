"""Progress: quiet lines where there is no terminal."""

from __future__ import annotations

import pytest

from leadline.pipeline.progress import Lines, Silent, progress


def test_lines_are_few_and_the_last_epoch_is_always_told() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    for epoch in range(1, 101):
        lines.epoch(epoch, 100, {"loss": 1 / epoch})
        lines.stage("encoding", epoch, 100)
        lines.train(epoch, 100, 10.0, {})
    assert said[0].startswith("epoch 1/100  loss 1")
    assert said[-1].startswith("epoch 100/100  loss 0.01")
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
        lines.train(step, 30, 10.0, {"loss": 0.5})
        if step == 18:
            lines.epoch(1, 2, {})
    assert [line.split("  ")[0] for line in said] == [
        "step 6 of 30",
        "step 11 of 30",
        "step 16 of 30",
        "epoch 1/2",
        "step 23 of 30",
        "step 28 of 30",
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
