"""From what a user wrote to one experiment."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from leadline.core.component import Component
from leadline.core.experiment import Experiment
from leadline.errors import UsageError
from leadline.pipeline.resolving.compose import compose
from sentences import says


def test_two_values_for_one_entry_are_refused() -> None:
    with pytest.raises(UsageError, match=says("options.two-values", first="0.1", second="0.01")):
        compose("iris", lr=0.1, settings={"training.optimizer.lr": 0.01})
    assert compose("iris", lr=0.1, settings={"training.optimizer.lr": 0.1})[0].training.optimizer.options["lr"] == 0.1


def test_a_number_as_text_is_refused() -> None:
    with pytest.raises(UsageError, match=says("options.number-as-text", what="epochs=3")):
        compose("iris", epochs="3")
    assert compose("iris", lr="auto")[0].training.optimizer.options["lr"] == "auto"


@pytest.mark.parametrize("split", ["80/10/10", "0.8/0.2", "stratified"])
def test_a_split_of_other_tools_is_answered(split: str) -> None:
    with pytest.raises(UsageError, match=r"split.*data\.split\.test|split='random'"):
        compose("iris", split=split)


def test_flags_and_settings_win_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "e.yaml"
    file.write_text(
        "data: {source: a.csv, target: y}\nnetwork: {name: mlp, hidden: [3], size: small}\ntraining: {epochs: 9}\n"
    )
    experiment, memory, modules = compose(
        file, network="cnn", settings=("training.epochs=7",), require=("accuracy >= 0.5",)
    )
    assert experiment.data.source == "a.csv"
    assert experiment.network.encoders == {"*": Component(name="cnn")}
    assert experiment.network.size == "small"
    assert experiment.training.epochs == 7
    assert experiment.require == ("accuracy >= 0.5",)
    assert memory is None
    assert not modules


def test_data_in_memory_and_modules_are_kept_beside() -> None:
    data, module = {"x": [1]}, nn.Linear(1, 1)
    experiment, memory, modules = compose(data, network=module, inputs=("x",))
    assert memory is data
    assert modules == {"*": module}
    assert experiment.network.encoders["*"].name.endswith(":Linear")
    assert experiment.data.columns == ("x",)


def test_an_experiment_is_taken_as_it_is() -> None:
    experiment = Experiment(seed=4)
    assert compose(experiment)[0] == experiment


def test_a_file_without_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text("seed: 3\n")
    with pytest.raises(UsageError, match=says("pipeline.source-missing")):
        compose(tmp_path / "e.yaml")


def test_what_is_frozen_is_named_by_part_or_by_pattern() -> None:
    for given, patterns in (
        ("encoders", ("encoders.*",)),
        ("encoders.photo, head", ("encoders.photo.*", "head.*")),
        (("encoders.*.preprocessor.*", "head.bias"), ("encoders.*.preprocessor.*", "head.bias")),
    ):
        assert compose("a.csv", freeze=given)[0].training.freeze == patterns
    experiment, _, _ = compose("a.csv", init="runs/a-1", settings=("data.labelled=0.01", "label_efficiency=true"))
    assert experiment.init is not None
    assert (experiment.init.run, experiment.init.weights) == ("runs/a-1", None)
    assert (experiment.data.labelled, experiment.label_efficiency) == (0.01, (0.01, 0.1, 1.0))
