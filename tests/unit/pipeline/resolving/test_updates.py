"""What an experiment leaves open of its updates, and a rate that a range test is to find."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from leadline.core.experiment import Experiment
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.errors import UsageError
from leadline.pipeline.resolving.experiment import resolve
from leadline.pipeline.resolving.updates import MICRO, renamings
from leadline.pipeline.trainer_state import TrainerState
from leadline.run import folder as files
from leadline.training.lr_range_test import LrRangeTest
from leadline.verbs.resume import resume
from sentences import says

NUMBER = {
    "mean": 0.0,
    "std": 1.0,
    "min": -1.0,
    "max": 1.0,
    "median": 0.0,
    "missing": False,
    "offset": 0.0,
    "scale": "standard",
}
SCHEMA = Schema(
    inputs=(
        InputSchema(
            name="table", kind="table", fields=(ColumnSchema(name="x", kind="number", state=NUMBER),), shape=(1,)
        ),
    ),
    target=ColumnSchema(name="y", kind="category", state={"classes": ["a", "b"]}),
)

WHOLE = {"name": "sgd", "full_batch": True}


def resolved(rows: int = 1_000, validation: int = 100, **training: object) -> Experiment:
    counts = {"train": rows, "validation": validation, "test": 100}
    return resolve(Experiment.parse({"training": training}), SCHEMA, counts)


def test_the_batch_of_gradient_descent_is_the_whole_train_split() -> None:
    training = resolved(optimizer=WHOLE).training
    assert (training.batch, training.accumulate, training.epochs) == (1_000, 1, 1_500)
    assert resolved(optimizer=WHOLE, batch=1_000, epochs=7).training.batch == 1_000
    with pytest.raises(UsageError, match=says("pipeline.batch-of-full-batch-optimizer", batch=64)):
        resolved(optimizer=WHOLE, batch=64)


def test_a_large_split_passes_in_micro_batches() -> None:
    experiment = resolved(rows=60_000, optimizer=WHOLE)
    assert (experiment.training.batch, experiment.training.accumulate) == (60_000, -(-60_000 // MICRO))
    assert experiment.training.epochs == 166
    assert resolve(experiment, SCHEMA, {"train": 60_000, "validation": 100, "test": 100}) == experiment
    assert resolved(rows=60_000, optimizer=WHOLE, accumulate=2).training.accumulate == 2
    assert resolved(rows=60_000).training.accumulate == 1


def test_epochs_of_a_schedule_become_shares_of_training() -> None:
    options = resolved(schedule={"name": "step", "step_size": 10}, epochs=40).training.schedule.options
    assert list(options["milestones"]) == [0.25, 0.5, 0.75] and options["step_size"] is None


def test_a_plateau_watches_a_measure_that_there_is() -> None:
    assert resolved(schedule={"name": "plateau", "monitor": "accuracy"}).training.schedule.options["patience"] == 5
    with pytest.raises(
        UsageError, match=says("pipeline.schedule-unknown-metric", metric="acuracy", known="Did you mean 'accuracy'?")
    ):
        resolved(schedule={"name": "plateau", "monitor": "acuracy"})
    with pytest.raises(UsageError, match=says("pipeline.schedule-needs-validation")):
        resolved(schedule="plateau", validation=0)


def test_a_rate_is_found_before_the_experiment_is_written(train, capsys: pytest.CaptureFixture[str]) -> None:
    run = train(out="run", quiet=False, settings={"training.optimizer.lr": "auto"})
    found = LrRangeTest.model_validate_json(Path("run/range_test.json").read_text(encoding="utf-8"))
    rate = Experiment.read(Path("run/experiment.yaml")).training.optimizer.options["lr"]
    assert rate == found.chosen
    assert re.search(says("pipeline.learning-rate-found", rate=rate), capsys.readouterr().err)
    exhibit = next(one for one in run.report.exhibits if one.name == "range_test")
    content = json.loads((run.folder / exhibit.file).read_text(encoding="utf-8"))
    assert content["mark"]["x"] == rate and content["x"]["log"] is True
    assert f"{rate:.2g}" in exhibit.caption
    assert run.history["lr"].max() <= rate
    again = train(out="again", settings={"training.optimizer.lr": "auto"})
    assert files.sha256(again.folder / files.WEIGHTS) == files.sha256(run.folder / files.WEIGHTS)


def test_a_run_that_was_killed_goes_on_with_the_rate_that_was_found(train, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {
        "settings": {"training.optimizer.lr": "auto", "training.schedule": {"name": "plateau", "patience": 1}},
        "epochs": 6,
    }
    whole = train(out="whole", **options)
    take = TrainerState.take

    def killed(self: TrainerState, entry) -> None:
        take(self, entry)
        if entry.epoch == 4:
            self.save()
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(TrainerState, "take", killed)
        train(out="run", **options)
    assert resume("run", quiet=True) is not None
    assert Path("run/experiment.yaml").read_text(encoding="utf-8") == Path("whole/experiment.yaml").read_text(
        encoding="utf-8"
    )
    assert files.sha256(Path("run") / files.WEIGHTS) == files.sha256(whole.folder / files.WEIGHTS)


def test_patterns_that_match_nothing_leave_no_folder_behind(train) -> None:
    with pytest.raises(
        UsageError, match=says("training.no-parameter-matches", entry="freeze", offer="Did you mean 'head.*'?")
    ):
        train(out="run", settings={"training.freeze": ["haed.*"]})
    with pytest.raises(UsageError, match=says("training.freeze-leaves-nothing")):
        train(out="run", settings={"training.freeze": ["*"]})
    assert not Path("run").exists()


def test_groups_reach_the_weights_and_the_history(train) -> None:
    settings = {
        "training.freeze": ["encoders.table.*"],
        "training.l1": 0.01,
        "training.layer_decay": 0.5,
        "training.lr_multipliers": {"head.*": 0.1},
    }
    runs = [train(epochs=epochs, settings=settings) for epochs in (1, 3)]
    states = [run.network.state_dict() for run in runs]
    moved = {name for name in states[0] if not states[0][name].equal(states[1][name])}
    assert moved == {"head.weight", "head.bias"}
    assert "l1" in runs[0].history.columns and (runs[0].history["l1"] > 0).all()


def test_old_names_of_optimizers_are_resolved_with_a_line_that_names_the_new_one() -> None:
    training = Experiment.parse({"training": {"optimizer": {"name": "momentum", "lr": 0.3}}}).training
    assert renamings(training) == ["training.optimizer: 'momentum' is now written {name: sgd, momentum: 0.9, lr: 0.3}"]
    assert resolved(optimizer="gd") == resolved(optimizer=WHOLE)
    assert renamings(resolved(optimizer="gd").training) == []
