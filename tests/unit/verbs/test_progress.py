"""Progress: quiet lines where there is no terminal."""

from __future__ import annotations

from leadline.verbs.progress import Lines, Silent, progress


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
