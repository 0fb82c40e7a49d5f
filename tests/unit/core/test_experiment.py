"""Experiments: short and long forms, round trip, clear refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadline.core import yaml_io
from leadline.core.component import Component
from leadline.core.experiment import Experiment
from leadline.core.settings import with_settings
from leadline.errors import UsageError
from sentences import says


def test_long_form_of_the_design_reads_and_round_trips() -> None:
    text = """
    data:
      source: photos.csv
      target: price
      split: {column: split}
      inputs:
        front: {type: image, augment: [flip, {shift: 0.1}, {rotate: 10}], size: 64}
        table: {columns: [bedrooms, area]}
    network: {encoders: {front: resnet, table: mlp}, size: small, fusion: concat}
    objective: regression
    training:
      epochs: 20
      optimizer: {name: adamw, lr: 1e-3, weight_decay: 0.01}
      schedule: one_cycle
      early_stopping: {monitor: mae, patience: 5}
    require: ["mae <= 90000"]
    """
    experiment = Experiment.parse(yaml_io.load(text, "test"))
    assert experiment.data.inputs is not None
    assert experiment.data.inputs["front"].augment[1] == Component(name="shift", options={"amount": 0.1})
    assert experiment.data.inputs["front"].options == {"size": 64}
    assert experiment.data.split.by == "column"
    assert experiment.training.optimizer.options == {"lr": 0.001, "weight_decay": 0.01}
    assert Experiment.parse(yaml_io.load(experiment.to_yaml(), "test")) == experiment


@pytest.mark.parametrize(
    ("text", "by", "column"),
    [
        ("random", "random", None),
        ("fold", "column", "fold"),
        ("group:patient", "group", "patient"),
        ("time:day", "time", "day"),
    ],
)
def test_split_as_on_the_command_line(text: str, by: str, column: str | None) -> None:
    split = Experiment.parse({"data": {"split": text}}).data.split
    assert (split.by, split.column) == (by, column)


def test_network_by_name_stands_for_every_input() -> None:
    network = Experiment.parse({"network": {"name": "cnn", "layers": [{"conv": 8}], "size": "small"}}).network
    assert network.encoders["*"] == Component(name="cnn", options={"layers": [{"conv": 8}]})
    assert network.size == "small"


def test_unknown_entry_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=says("options.unknown-entry", entry="training.epoch", hint="Write epochs=3.")):
        Experiment.parse({"training": {"epoch": 3}})


def test_wrong_value_is_named() -> None:
    with pytest.raises(UsageError, match=says("options.wrong", entry="epochs", given=0)):
        Experiment.parse({"training": {"epochs": 0}})


def test_hash_ignores_name_card_and_requirements_only() -> None:
    plain = Experiment()
    assert Experiment(name="x", card={"licence": "MIT"}, require=("accuracy >= 1",)).hash == plain.hash
    assert Experiment(seed=1).hash != plain.hash


def test_a_run_that_began_before_an_entry_was_there_is_the_same_run() -> None:
    values = {"seed": 3, "data": {"source": "t.csv", "target": "y", "split": {"by": "random", "test": 0.2}}}
    began = Experiment.recorded({**values, "training": {"epochs": 5}})
    # as it was computed before there were `data.split.seed`, `nulls`, `header`, `missing_values`, `validation` and
    # `members`
    assert began.hash == "e6936ef88d8014156e42b47669a4eaae717e960e3eb764e18df3c6271c136edb"
    assert Experiment.parse({**values, "data": {**values["data"], "header": False}}).hash != began.hash  # type: ignore[dict-item]


def test_a_recorded_split_without_a_seed_followed_that_of_the_run() -> None:
    assert Experiment.parse({"seed": 3}).data.split.seed == 0
    for values in ({"seed": 3}, {"seed": 3, "data": {"split": {"by": "random"}}}):
        assert Experiment.recorded(values).data.split.seed is None
    assert Experiment.recorded({"data": {"split": {"seed": 5}}}).data.split.seed == 5


def test_files_that_are_no_experiment(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says("core.no-experiment-file")):
        Experiment.read(tmp_path / "none.yaml")
    (tmp_path / "list.yaml").write_text("- 1")
    with pytest.raises(UsageError, match=says("core.no-experiment-in-file")):
        Experiment.read(tmp_path / "list.yaml")
    (tmp_path / "bad.yaml").write_text("a: [1")
    with pytest.raises(UsageError, match=says("yaml.wrong", where=f"{tmp_path / 'bad.yaml'}, line 1, column 4")):
        Experiment.read(tmp_path / "bad.yaml")


def test_a_class_that_yaml_takes_for_a_number_is_named_all_the_same() -> None:
    for text, label in (("1", "1"), ("true", "true"), ("yes", "yes")):
        assert Experiment.parse(with_settings({}, (f"data.positive={text}",))).data.positive == label


def test_budgets_are_read_with_their_units_and_explained_in_plain_words() -> None:
    for text, seconds in (("90", 90.0), ("1h30m", 5400.0), ("250ms", 0.25)):
        assert Experiment.parse({"training": {"max_time": text}}).training.max_time == seconds
    with pytest.raises(UsageError) as error:
        Experiment.parse({"training": {"max_time": "soon"}})
    assert "a number of seconds" in str(error.value)
    assert "Value error" not in str(error.value)


def test_what_is_trained_beside_does_not_decide_the_result() -> None:
    assert Experiment(single_input_ablation=True).hash == Experiment().hash
