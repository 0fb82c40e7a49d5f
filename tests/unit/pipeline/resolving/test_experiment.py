"""What an experiment leaves open is filled in from the data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from leadline.core.component import Component
from leadline.core.experiment import Experiment
from leadline.core.registry import lookup
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.core.settings import with_settings
from leadline.errors import UsageError
from leadline.evaluation.declared_metrics import declared_metrics
from leadline.objectives.contract import BoundObjective, Defaults, Supervision
from leadline.objectives.lookup import objective_for
from leadline.objectives.supervised.classification import OBJECTIVE
from leadline.pipeline.resolving.experiment import SEEN, STEPS, check_requirements, resolve, with_defaults
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
FIELD = ColumnSchema(name="x", kind="number", state=NUMBER)
SCHEMA = Schema(
    inputs=(InputSchema(name="table", kind="table", fields=(FIELD,), shape=(1,)),),
    target=ColumnSchema(name="y", kind="category", state={"classes": ["a", "b"]}),
)
ROWS = {"train": 1_000, "validation": 100, "test": 100}


def test_every_default_is_written_out_and_resolving_again_changes_nothing() -> None:
    experiment = resolve(Experiment(), SCHEMA, ROWS)
    assert experiment.objective is not None
    assert experiment.objective.name == "classification"
    assert experiment.network.encoders["table"].name == "wide-deep"
    assert experiment.network.encoders["table"].options
    assert (experiment.training.batch, experiment.training.epochs) == (32, 60)
    assert experiment.training.early_stopping is not None
    assert experiment.training.early_stopping.patience == 30
    assert resolve(experiment, SCHEMA, ROWS) == experiment


def test_what_suits_a_network_stands_where_nothing_else_is_said() -> None:
    usual = lookup("models", "wide-deep").training["optimizer"]
    assert resolve(Experiment(), SCHEMA, ROWS).training.optimizer.options.items() >= {"lr": usual["lr"]}.items()
    said = Experiment.parse({"training": {"optimizer": {"name": "auto", "weight_decay": 0.5}}})
    options = resolve(said, SCHEMA, ROWS).training.optimizer.options
    assert (options["lr"], options["weight_decay"]) == (usual["lr"], 0.5)
    other = resolve(Experiment.parse({"network": {"encoders": {"table": "mlp"}}}), SCHEMA, ROWS)
    assert other.training.optimizer.options["lr"] != usual["lr"]
    own = Experiment.parse({"training": {"optimizer": "sgd"}})
    assert resolve(own, SCHEMA, ROWS).training.optimizer.name == "sgd"


def test_what_was_not_asked_for_is_still_chosen_of_an_experiment_that_another_process_reads() -> None:
    asked = Experiment.parse({"seed": 4, "training": {"epochs": 7, "plan": {"threads": 1}}})
    assert asked.unresolved()["training"] == {"epochs": 7, "plan": {"threads": 1}}
    read = Experiment.recorded(asked.unresolved())
    assert read == asked
    assert resolve(read, SCHEMA, ROWS) == resolve(asked, SCHEMA, ROWS)


@pytest.mark.parametrize(("rows", "epochs"), [(40, STEPS * 32 // 40), (50_000, SEEN // 50_000), (10_000_000, 4)])
def test_small_sets_take_more_epochs(rows: int, epochs: int) -> None:
    assert resolve(Experiment(), SCHEMA, {"train": rows}).training.epochs == epochs


def test_without_validation_rows_nothing_stops_early() -> None:
    assert resolve(Experiment(), SCHEMA, {"train": 100, "test": 10}).training.early_stopping is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"objective": "regression"}, "does not fit"),
        ({"network": {"encoders": {"tabel": "mlp"}}}, "'table'"),
        ({"training": {"early_stopping": {"monitor": "acuracy"}}}, "'accuracy'"),
        ({"training": {"batch": 4, "accumulate": 8}}, "accumulate"),
        ({"training": {"mix": "mixu"}}, "training.mix: .*'mixup'"),
        ({"training": {"mix": {"cutmix": -1}}}, "training.mix: cutmix: option .alpha"),
        ({"require": ["acuracy >= 0.9"]}, "'accuracy'"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(values: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        resolve(Experiment.parse(values), SCHEMA, ROWS)


def test_how_rows_are_mixed_is_written_out() -> None:
    mixed = resolve(Experiment.parse({"training": {"mix": {"mixup": 0.4}}}), SCHEMA, ROWS)
    assert mixed.training.mix == Component(name="mixup", options={"alpha": 0.4, "probability": 1.0})
    assert resolve(mixed, SCHEMA, ROWS) == mixed
    assert resolve(Experiment(), SCHEMA, ROWS).training.mix is None


@pytest.fixture
def coupled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Classification ties the rows of a batch together."""
    tied = replace(OBJECTIVE, supervision=lambda options: Supervision(coupled=True))
    monkeypatch.setattr("leadline.objectives.lookup.lookup", lambda group, name: tied)


@pytest.mark.usefixtures("coupled")
def test_an_objective_that_cannot_share_a_row_between_targets_refuses_mixing() -> None:
    with pytest.raises(UsageError, match=says("pipeline.mix-does-not-fit", objective="classification")):
        resolve(Experiment.parse({"training": {"mix": "mixup"}}), SCHEMA, ROWS)


def test_a_batch_may_have_one_row() -> None:
    assert resolve(Experiment.parse({"training": {"batch": 1}}), SCHEMA, ROWS).training.batch == 1


@pytest.mark.usefixtures("coupled")
def test_a_batch_of_one_row_is_refused_where_rows_are_tied_together() -> None:
    one = Experiment.parse({"training": {"batch": 1}})
    with pytest.raises(UsageError, match=says("pipeline.batch-too-small-for-coupled-loss", objective="classification")):
        resolve(one, SCHEMA, ROWS)


@pytest.mark.parametrize("text", ["accuracy >= 95", "f1_macro >= 1.2", "f1(no) >= 90", "recall(cat) <= 5"])
def test_a_bound_that_no_share_can_meet_is_refused(text: str) -> None:
    objective = objective_for(Component(name="classification"))
    names = ["accuracy", "f1_macro", "f1(no)", "recall(cat)"]
    with pytest.raises(UsageError, match=says("core.requirement-share", text=text)):
        check_requirements([text], names, declared_metrics(objective))


def test_a_class_is_offered_for_a_misspelt_class() -> None:
    with pytest.raises(UsageError, match=says("pipeline.requirement-not-measured")):
        check_requirements(["recall(cta) >= 0.5"], ["accuracy", "recall(cat)", "precision(cat)"], {})
    with pytest.raises(UsageError, match=r"f1\(no\), f1\(yes\), f1_macro"):
        check_requirements(["f1 >= 0.9"], ["accuracy", "f1(no)", "f1(yes)", "f1_macro"], {})


PACED = {
    "optimizer": {"name": "adam", "lr": 0.5},
    "optimizers": {"critic": "sgd"},
    "epochs": 7,
    "schedule": "constant",
}


def suited(training: dict[str, Any]) -> BoundObjective:
    """Return an objective that such entries suit."""
    return replace(objective_for(Component(name="classification")), defaults=Defaults(training))


def test_what_is_usual_for_an_objective_stands_where_the_user_says_nothing() -> None:
    objective = suited(PACED)
    training = with_defaults(Experiment.parse({"training": {"epochs": 3}}).training, objective)
    assert (training.epochs, training.optimizer.name, training.optimizer.options["lr"]) == (3, "adam", 0.5)
    assert (training.schedule.name, training.optimizers["critic"].name) == ("constant", "sgd")
    assert (
        with_defaults(Experiment().training, objective_for(Component(name="classification"))) == Experiment().training
    )


def test_an_option_of_a_player_alone_is_one_of_its_usual_optimizer() -> None:
    two = suited({"optimizers": {"critic": {"name": "adam", "lr": 0.5, "beta1": 0.1}, "maker": "sgd"}})

    def players(settings: tuple[str, ...]) -> dict[str, Any]:
        training = with_defaults(Experiment.parse(with_settings({}, settings)).training, two)
        return {name: one.model_dump() for name, one in training.optimizers.items()}

    assert players(()) == {"critic": {"name": "adam", "lr": 0.5, "beta1": 0.1}, "maker": {"name": "sgd"}}
    assert players(("training.optimizers.critic.lr=0.2",))["critic"] == {"name": "adam", "lr": 0.2, "beta1": 0.1}
    both = players(("training.optimizers.critic.lr=0.2", "training.optimizers.critic.beta1=0.3"))
    assert both == {"critic": {"name": "adam", "lr": 0.2, "beta1": 0.3}, "maker": {"name": "sgd"}}
    named = players(("training.optimizers.critic.name=sgd", "training.optimizers.critic.lr=0.2"))
    assert named["critic"] == {"name": "sgd", "lr": 0.2}  # no option of another optimizer


def test_a_player_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match=says("pipeline.optimizer-of-unknown-network", name="critic")):
        resolve(Experiment.parse({"training": {"optimizers": {"critic": "sgd"}}}), SCHEMA, ROWS)


def test_of_several_inputs_the_one_whose_network_does_not_fit_is_named() -> None:
    photo = ColumnSchema(
        name="photo",
        kind="image",
        state={
            "height": 8,
            "width": 8,
            "channels": 1,
            "mean": [9.0],
            "std": [9.0],
            "scale": "standard",
            "resized": False,
        },
    )
    image = InputSchema(name="photo", kind="image", fields=(photo,), shape=(1, 8, 8))
    both = SCHEMA.model_copy(update={"inputs": (image, *SCHEMA.inputs)})
    with pytest.raises(UsageError, match="Input 'table': The network 'cnn' takes image, not table"):
        resolve(Experiment.parse({"network": "cnn"}), both, ROWS)
