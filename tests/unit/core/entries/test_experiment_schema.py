"""The schema of experiments takes what people and runs write, and refuses what no run would take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from leadline.core import yaml_io
from leadline.core.entries import experiment_schema
from leadline.core.experiment import Experiment
from leadline.errors import UsageError
from leadline.run import folder as files

ROOT = Path(__file__).parents[4]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
VALIDATOR = Draft202012Validator(experiment_schema.experiment_schema())
LINE = "# yaml-language-server: $schema="


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(experiment_schema.experiment_schema())


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_examples_are_valid_and_name_the_schema(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    VALIDATOR.validate(yaml_io.load(text, str(file)))
    first = text.partition("\n")[0]
    assert first.startswith(LINE)
    schema = (file.parent / first.removeprefix(LINE)).resolve()
    assert schema == ROOT / "docs" / "experiment.schema.json"


SHORT = [
    "network: cnn",
    "network: own.py:Net",
    "network: {name: mlp, hidden: [16], size: small}",
    "network: {encoders: {'*': mlp, text: {name: rnn, hidden: 8}}, fusion: gated}",
    "objective: classification",
    "objective: {name: classification, label_smoothing: 0.1}",
    "training: {optimizer: sgd, schedule: {name: exponential, warmup: 0.1}, max_time: 10m, max_energy: 5Wh}",
    "training: {optimizer: {name: sgd, lr: auto}, mix: mixup, average: {name: ema}, log: [tensorboard]}",
    "training: {optimizers: {generator: {name: adam, lr: 0.0002}}, max_time: 60}",
    "data: {split: 'group:person'}",
    "data: {split: {name: 'time:day', folds: 3}}",
    "data: {split: {by: time, column: day, spans: 360d/120d/120d}}",
    "data: {target: [a, b], positive: 1, inputs: {image: image, text: {type: text, vectors: skipgram}}}",
    "data: {inputs: {image: {augment: [flip, {shift: 0.1}, {name: rotate, amount: 10}]}}}",
    "init: runs/digits-1",
    "label_efficiency: true",
    "label_efficiency: 0.1",
    "reference_classifier: false",
    "data: {ignore: customerID, columns: 'age,income', inputs: {x: {augment: flip}, y: {augment: {shift: 0.1}}}}",
    "{baselines: none, require: accuracy >= 0.9, training: {early_stopping: false, log: tensorboard, mix: false}}",
]


@pytest.mark.parametrize("text", SHORT)
def test_what_people_write_is_valid_and_so_is_what_becomes_of_it(text: str) -> None:
    values = yaml_io.load(text, "test")
    VALIDATOR.validate(values)
    VALIDATOR.validate(yaml_io.load(Experiment.parse(values).to_yaml(), "test"))


@pytest.mark.parametrize(
    "text",
    [
        "trainig: {}",
        "training: {epochs: many}",
        "training: {epochs: 0}",
        "training: {optimiser: adam}",
        "training: {optimizer: 3}",
        "data: {split: {by: chance}}",
        "data: {split: 3}",
        "data: {labelled: 2}",
        "network: [cnn]",
        "network: {size: enormous}",
        "seed: one",
    ],
)
def test_what_no_run_takes_is_not_valid(text: str) -> None:
    values: Any = yaml_io.load(text, "test")
    assert not VALIDATOR.is_valid(values)
    with pytest.raises(UsageError):
        Experiment.parse(values)


def test_names_of_the_registry_are_among_what_editors_offer() -> None:
    parts = experiment_schema.experiment_schema()["$defs"]
    assert {"adamw", "muon"} <= set(parts["TrainingSpec"]["properties"]["optimizer"]["anyOf"][0]["enum"])
    assert {"cnn", "mlp"} <= set(parts["NetworkSpec"]["anyOf"][0]["anyOf"][0]["enum"])


def test_an_experiment_is_written_with_its_schema_beside_it(tmp_path: Path) -> None:
    experiment = Experiment.parse({"name": "x", "network": "mlp"})
    files.write_experiment(tmp_path, experiment.to_yaml())
    text = (tmp_path / files.EXPERIMENT).read_text(encoding="utf-8")
    first = text.partition("\n")[0]
    assert first.startswith(LINE)
    assert (tmp_path / first.removeprefix(LINE)).read_text(encoding="utf-8") == experiment_schema.text()
    assert Experiment.read(tmp_path / files.EXPERIMENT) == experiment
    files.write_experiment(tmp_path, text)  # as a saved estimator that was loaded is saved again
    assert (tmp_path / files.EXPERIMENT).read_text(encoding="utf-8") == text
