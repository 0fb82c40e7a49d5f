"""A loss that is not finite, and a memory that is not enough: training goes back and on, or gives up clearly."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import torch

from leadline.core.catalogue import say
from leadline.errors import TrainingFailed
from leadline.objectives.supervised.single_target import HeadLearning
from leadline.pipeline import train
from leadline.pipeline.trainer_state import TrainerState
from leadline.run import folder as files
from leadline.run import inference
from leadline.run.run import Run
from leadline.verbs.resume import resume
from sentences import says

PLAIN = {"training.schedule": "constant", "training.early_stopping": None}


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Make the loss NaN at one step, the first few times that it comes."""

    def spoil(at: int, times: int) -> list[int]:
        seen: list[int] = []
        loss = HeadLearning.loss

        def spoilt(self, network, batch, stepped, rng):
            found = loss(self, network, batch, stepped, rng)
            if rng._step != at or len(seen) >= times:
                return found
            seen.append(at)
            return found._replace(value_B=found.value_B * torch.nan)

        monkeypatch.setattr(HeadLearning, "loss", spoilt)
        return seen

    return spoil


def events(run: Run) -> list[tuple[int, str]]:
    content = json.loads((run.folder / "exhibits" / "events.json").read_text())
    return [(row[0], row[2]) for row in content["rows"]]


def test_a_loss_that_is_not_finite_once_is_gone_back_from(train, spoil, capsys) -> None:
    seen = spoil(37, 1)
    run = train(epochs=30, settings={**PLAIN, "training.optimizer": {"name": "adamw", "lr": 1e-3}}, quiet=False)
    assert len(seen) == 1
    history = run.history
    assert history["step"].to_list() == sorted(set(history["step"].to_list()))  # what was taken back is not there twice
    rates = dict(zip(history["step"], history["lr"], strict=True))
    back = max(step for step, rate in rates.items() if rate == 1e-3)
    assert 20 <= back <= 37
    assert set(history.filter(pl.col("step") > back)["lr"]) == {5e-4}
    assert history["loss"].is_finite().all()
    finding = run.report.find("rollbacks")
    assert finding is not None and finding.value == 1
    assert re.search(says("training.restored-and-halved", step=back, lr=5e-4), capsys.readouterr().err)
    assert events(run)[0][0] == back
    assert "halved the learning rate to 0.0005" in run.folder.joinpath("report.html").read_text()


def test_without_a_divergence_no_rollbacks_are_counted(train) -> None:
    assert train().report.get("rollbacks") is None


def test_one_that_always_comes_again_ends_training_with_advice(train, spoil) -> None:
    seen = spoil(37, 99)
    with pytest.raises(TrainingFailed, match=says("training.diverged-too-often", times=9)) as raised:
        train(epochs=30, settings=PLAIN, out="run")
    assert raised.value.exit_code == 5
    assert len(seen) == 9
    assert list((Path("run") / files.CHECKPOINTS).glob("*.json"))


@pytest.mark.parametrize("rate", [30.0, 1e6])
def test_a_rate_that_is_too_high_ends_in_a_finite_run_or_with_advice(train, rate: float) -> None:
    settings = {**PLAIN, "training.optimizer": {"name": "sgd", "lr": rate}, "objective": "regression"}
    frame = pl.read_csv("blobs.csv").with_columns(pl.col("width") * 30 + pl.col("length"))
    options = {"epochs": 40, "settings": settings, "target": "width", "ignore": ("kind",)}
    try:
        run = train(frame, **options)
    except TrainingFailed as error:
        assert rate == 1e6
        assert "lr=" in str(error)
    else:
        assert (run.report.find("rollbacks").value or 0) >= 1
        assert run.history["loss"].is_finite().all()
        assert run.report.find("mae").value is not None


def test_killed_after_a_rollback_and_resumed_to_the_same_bits(train, spoil, monkeypatch) -> None:
    options = {"epochs": 30, "settings": {**PLAIN, "training.checkpoint_seconds": 1e-9}}
    seen = spoil(37, 1)
    whole = train(**options)
    take = TrainerState.take

    def killed(self: TrainerState, entry) -> None:
        take(self, entry)
        if self.step.progress.halvings and entry.step == 45:
            raise KeyboardInterrupt

    seen.clear()
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(TrainerState, "take", killed)
        train(**options, out="run")
    run = resume("run", quiet=True)
    assert isinstance(run, Run)
    assert files.sha256(run.folder / files.WEIGHTS) == files.sha256(whole.folder / files.WEIGHTS)
    assert events(run) == events(whole)
    assert run.report.find("rollbacks").value == 1


def test_killed_before_the_loss_broke_and_resumed_goes_back_to_the_same_step(train, spoil, monkeypatch) -> None:
    options = {"epochs": 30, "settings": {**PLAIN, "training.checkpoint_seconds": 1e-9}}
    seen = spoil(37, 1)
    whole = train(**options)
    take = TrainerState.take

    def killed(self: TrainerState, entry) -> None:
        take(self, entry)
        if entry.step == 35:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(TrainerState, "take", killed)
        train(**options, out="run")
    seen.clear()
    run = resume("run", quiet=True)
    assert isinstance(run, Run)
    assert events(run) == events(whole)
    assert files.sha256(run.folder / files.WEIGHTS) == files.sha256(whole.folder / files.WEIGHTS)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def narrow(most: int) -> None:
        from leadline.models.tabular.mlp import FAMILY

        build, fit, armed = FAMILY.build, train.fit, []

        def fit_run(*arguments):
            armed.append(True)  # building the network looks at a row or two
            return fit(*arguments)

        def tight(spec, options, output="vector"):
            body = build(spec, options, output)

            def refuse(module, inputs):
                if len(inputs[0].values) > most and armed:
                    raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes")

            body.register_forward_pre_hook(refuse)
            return body

        monkeypatch.setitem(FAMILY.__dict__, "build", tight)
        monkeypatch.setattr(train, "fit", fit_run)

    return narrow


def test_a_step_that_does_not_fit_is_taken_in_pieces(train, narrow, monkeypatch, capsys) -> None:
    options = {"epochs": 6, "settings": {**PLAIN, "training.batch": 32, "network.norm": "none"}, "network": "mlp"}
    pieces = train(**{**options, "settings": {**options["settings"], "training.accumulate": 4}})
    narrow(10)
    monkeypatch.setattr(inference, "batch_size", lambda part: 64)
    run = train(**options, quiet=False)
    said = capsys.readouterr().err
    for count, rows in ((2, 32), (4, 16)):
        trouble = say("training.out-of-memory", rows=rows)
        split = say("training.split-into-micro-batches", trouble=trouble, step=0, count=count, rows=rows // 2)
        assert split in said
    assert len(events(run)) == 2
    for name in ("accuracy", "nll"):
        assert run.report.find(name).value == pytest.approx(pieces.report.find(name).value, rel=1e-4)
    assert run.history["loss"].to_list() == pytest.approx(pieces.history["loss"].to_list(), rel=1e-4)


def test_resume_takes_the_pieces_that_were_found(train, narrow, monkeypatch) -> None:
    narrow(10)
    options = {
        "epochs": 12,
        "settings": {**PLAIN, "training.batch": 32, "training.checkpoint_seconds": 1e-9},
        "network": "mlp",
    }
    whole = train(**options)
    take = TrainerState.take

    def killed(self: TrainerState, entry) -> None:
        take(self, entry)
        if entry.step == 13:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(TrainerState, "take", killed)
        train(**options, out="run")
    run = resume("run", quiet=True)
    assert isinstance(run, Run)
    assert len(events(run)) == 2  # none of them new
    assert files.sha256(run.folder / files.WEIGHTS) == files.sha256(whole.folder / files.WEIGHTS)


def test_not_even_one_row_is_an_end_with_advice(train, narrow) -> None:
    narrow(0)
    with pytest.raises(TrainingFailed, match=says("training.out-of-memory-smallest", rows=1)) as raised:
        train(network="mlp")
    assert raised.value.exit_code == 5
