"""Trackers are told of every step once, after an interruption too."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leadline.core.catalogue import say
from leadline.errors import MissingExtra, UsageError
from leadline.pipeline.trainer_state import TrainerState
from leadline.run import folder as files
from leadline.run.run import Run
from leadline.training import trackers
from leadline.verbs.resume import resume
from sentences import says

BOARD = {"training.log": ["tensorboard"]}


def scalars(folder: Path) -> dict[str, dict[int, float]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder))
    read.Reload()
    found = {}
    for name in read.Tags()["scalars"]:
        events = read.Scalars(name)
        assert len({event.step for event in events}) == len(events)
        found[name] = {event.step: event.value for event in events}
    return found


def killed_at(step: int, patched: pytest.MonkeyPatch) -> None:
    take = TrainerState.take

    def and_then(self: TrainerState, entry: Any) -> None:
        if entry.step == step:
            raise KeyboardInterrupt
        take(self, entry)
        if entry.step == step - 1:
            self.saved_at = 1e18  # steps from here on are logged, and lost

    patched.setattr(TrainerState, "take", and_then)


def test_tensorboard_reads_back_what_the_history_holds(train: Callable[..., Run]) -> None:
    run = train(epochs=3, settings=BOARD)
    found = scalars(run.folder / "tensorboard")
    history = run.history
    assert found["train/loss"] == pytest.approx(dict(zip(history["step"], history["loss"], strict=True)), rel=1e-6)
    ends = history.drop_nulls("val_accuracy")
    expected = dict(zip(ends["step"], ends["val_accuracy"], strict=True))
    assert found["validation/accuracy"] == pytest.approx(expected, rel=1e-6)
    assert {"train/lr", "train/gradient_norm", "epoch", "seconds", "examples_per_second"} <= set(found)
    files.verify(run.folder)


def test_tensorboard_has_no_step_twice_after_a_kill(train: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        killed_at(12, patched)
        train(epochs=10, settings={**BOARD, "training.checkpoint_seconds": 1e-9}, out="run")
    run = resume("run", quiet=True)
    assert isinstance(run, Run)
    assert list(scalars(run.folder / "tensorboard")["train/loss"]) == run.history["step"].to_list()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # stands in for a server
    return (tmp_path / "mlruns").as_uri()


def metrics(server: str, name: str) -> list[tuple[int, float]]:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=server)
    experiment = client.get_experiment_by_name("leadline")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.params["training.optimizer.name"] == "adamw"
    return [(metric.step, metric.value) for metric in client.get_metric_history(run.info.run_id, name)]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_mlflow_has_one_run_with_every_step_once_after_a_kill(
    train, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"training.log": [{"mlflow": {"tracking_uri": server}}], "training.checkpoint_seconds": 1e-9}
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        killed_at(12, patched)
        train(epochs=10, settings=settings, out="run")
    run = resume("run", quiet=True)
    assert isinstance(run, Run)
    history = run.history
    assert metrics(server, "train/loss") == list(zip(history["step"], history["loss"], strict=True))
    ends = history.drop_nulls("val_loss")
    assert metrics(server, "validation/loss") == list(zip(ends["step"], ends["val_loss"], strict=True))


def test_a_missing_package_is_named_with_its_extra(train, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(MissingExtra, match=says("training.tracker-missing")) as raised:
        train(settings=BOARD, out="run")
    assert raised.value.exit_code == 2
    assert not Path("run").exists()


def test_a_server_that_is_not_there_is_said_before_training(train) -> None:
    with pytest.raises(UsageError, match=says("training.mlflow-unreachable", uri="nonsense://x")):
        train(settings={"training.log": [{"mlflow": {"tracking_uri": "nonsense://x"}}]}, out="run")
    assert not Path("run").exists()


def test_a_tracker_that_fails_does_not_end_training(train, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def fails(self: Any, step: int, values: Any) -> None:
        raise OSError("the network is down")

    monkeypatch.setattr(trackers._EventFiles, "log", fails)
    run = train(settings=BOARD, quiet=False)
    assert run.report.find("accuracy") is not None
    assert (
        capsys.readouterr().err.count(
            say("training.tracker-failed", tracker="tensorboard", error="the network is down")
        )
        == 1
    )
