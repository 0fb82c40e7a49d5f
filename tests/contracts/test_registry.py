"""What the registry promises of every group, and what it says of plugins that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn

from leadline.cli import registry_lists
from leadline.core import yaml_io
from leadline.core.component import Component
from leadline.core.experiment import Experiment
from leadline.core.metric import Metric
from leadline.core.plugins import Entry, misfit
from leadline.core.registry import CONTRACTS, lookup, registered
from leadline.core.registry_tables import TABLES, Group
from leadline.core.schema import InputSchema
from leadline.data.augmentations.augmenter import Augmenter, augmentations
from leadline.data.augmentations.contract import Amount, SeparatePass, Stage
from leadline.data.augmentations.mixing import Blend, Mixed, Mixer, Mixture
from leadline.errors import UsageError
from leadline.nn.batch import Batch
from leadline.nn.fusion import Fusion, FusionMethod, FusionOptions, fuse_by
from leadline.nn.rng import Rng
from leadline.objectives.calibrations.contract import Calibration, calibrated_value
from leadline.objectives.lookup import objective_for
from leadline.objectives.supervised.class_scores import ClassDecision
from leadline.training.schedule import Constant, Schedule, schedule
from leadline.training.trackers import Tracker, TrackerOptions, Trackers, resolved_trackers
from leadline.training.weight_average import Average, AveragedNetwork, resolved_weight_average, weight_average
from sentences import says

ROWS = torch.arange(4.0)[:, None]
ALL = [(group, name) for group, table in TABLES.items() for name in table]


class Halving(Schedule):
    """A schedule of a package that is not ours: half the learning rate throughout."""

    def descend(self, way: float) -> float:
        return 0.5


def test_every_group_has_a_table_and_a_contract():
    assert set(TABLES) == set(CONTRACTS) == set(get_args(Group))


@pytest.mark.parametrize(("group", "name"), ALL)
def test_every_entry_is_of_its_group(group: Group, name: str):
    assert misfit(lookup(group, name), CONTRACTS[group]) is None
    assert TABLES[group][name].summary


@pytest.mark.parametrize("group", TABLES)
def test_what_is_of_no_group_is_seen(group: Group):
    assert misfit(SimpleNamespace(), CONTRACTS[group]) is not None


def test_a_plugin_is_found_listed_and_used(packages: Any, capsys: pytest.CaptureFixture[str]):
    target = packages.give("schedules", "halving", Halving)
    assert registered("schedules")["halving"] == Entry(target, "from acme", "acme")
    registry_lists.show("schedules", as_json=False)
    assert "halving      from acme" in capsys.readouterr().out
    assert schedule(Component(name="halving", options={"warmup": 0.5})).multiplier(9, 10) == 0.5


def test_a_name_of_ours_cannot_be_taken(packages: Any):
    packages.give("schedules", "cosine", Halving)
    assert registered("schedules")["cosine"].summary == "cannot be used: provided by leadline and acme"
    with pytest.raises(
        UsageError,
        match=says(
            "core.provided-by-several-packages",
            noun="schedule",
            name="cosine",
            listed="leadline and acme",
            group="schedules",
            packages="acme",
        ),
    ):
        lookup("schedules", "cosine")
    assert lookup("schedules", "constant") is Constant  # nothing else is touched


def test_two_plugins_cannot_give_one_name(packages: Any):
    packages.give("schedules", "halving", Halving)
    packages.give("schedules", "halving", Halving, package="other")
    with pytest.raises(
        UsageError, match=says("core.provided-by-several-packages", listed="acme and other", packages="acme or other")
    ):
        lookup("schedules", "halving")


def test_a_package_that_is_found_twice_is_no_clash(packages: Any):
    for _ in range(2):
        packages.declare("schedules", "constant-too", "leadline.training.schedule:Constant")
    assert lookup("schedules", "constant-too") is Constant


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("acme_is_not_there:ITEM", r"acme_is_not_there cannot be imported \(ModuleNotFoundError: No module named"),
        ("leadline.training.schedule:Nothing", "leadline.training.schedule has no Nothing"),
        ("leadline.training.schedule", "gives a module, but no object in it"),
        ("leadline.training.schedule:schedule", "a value of type function, not a class that derives from Schedule"),
        ("leadline.core.component:Component", "the class Component, not a class that derives from Schedule"),
        ("leadline.training.schedule:Schedule", "lacks descend, which every schedule needs"),
    ],
)
def test_a_plugin_that_cannot_be_used_says_what_is_wrong(packages: Any, target: str, wrong: str):
    packages.declare("schedules", "broken", target)
    assert "broken" in registered("schedules")  # listing imports nothing
    with pytest.raises(UsageError, match=wrong) as caught:
        lookup("schedules", "broken")
    said = str(caught.value)
    assert "The package acme provides a schedule 'broken'" in said and f"broken = {target!r}" in said
    assert said.endswith("Update or uninstall acme.")


def test_what_is_no_objective_is_refused(packages: Any):
    packages.give("objectives", "half", SimpleNamespace(name="half"))
    with pytest.raises(UsageError, match=says("core.package-item-unusable")):
        lookup("objectives", "half")


def test_a_part_of_an_objective_that_lacks_a_member_is_named(packages: Any):
    half = replace(
        lookup("objectives", "regression"), name="half", learning=lambda options: SimpleNamespace(build=None)
    )
    packages.give("objectives", "half", half)
    with pytest.raises(
        UsageError,
        match=says("objectives.part-lacks", component="half", type="learning", found="SimpleNamespace"),
    ):
        objective_for(Component(name="half"))


class Sum(Fusion):
    """A fusion of a package that is not ours: the sum of all features, those of absent inputs zero."""

    def __init__(self, widths: Sequence[int], options: FusionOptions, media: Sequence[bool] = ()) -> None:
        super().__init__(options, 4, media)
        self.ways = nn.ModuleList(nn.Linear(width, 4) for width in widths)

    def fused(self, parts: Sequence[Tensor], present_BK: Tensor) -> Tensor:
        ways = [way(part) for way, part in zip(self.ways, parts, strict=True)]
        return torch.stack(ways, 1).mul(present_BK[..., None]).sum(1)


def test_a_fusion_of_a_plugin_is_read_from_yaml_and_built(packages: Any):
    packages.give("fusions", "sum", FusionMethod(FusionOptions, Sum))
    experiment = Experiment.parse(yaml_io.load("network: {fusion: {name: sum, modality_dropout: 0.2}}", "the test"))
    fusion = fuse_by(experiment.network.fusion)([3, 2]).eval()
    assert isinstance(fusion, Sum) and fusion.dropout == 0.2
    assert fusion([torch.ones(5, 3), torch.ones(5, 2)]).shape == (5, 4)
    with pytest.raises(UsageError, match=says("nn.unknown-fusion", suggestion="Did you mean 'sum'?")):
        fuse_by(Component(name="summ"))


class First(Average):
    """An average of a package that is not ours: the weights after the first step, for good."""

    def weight(self, step: int, total: int, epoch_end: bool, count: int) -> float | None:
        return 1.0 if count == 0 else None


def test_an_average_of_a_plugin_is_read_from_yaml_and_kept(packages: Any):
    packages.give("averages", "first", First)
    training = Experiment.parse(yaml_io.load("training: {average: first}", "the test")).training
    assert training.average is not None
    assert resolved_weight_average(training.average) == Component(name="first")
    network = nn.Linear(1, 1)
    averaged = AveragedNetwork(network, weight_average(training.average))
    for step in (1, 2):
        nn.init.constant_(network.weight, float(step))
        averaged.seen(step, 2, step == 2)
    assert float(averaged.network.weight) == 1  # type: ignore[arg-type]


class Lines(TrackerOptions):
    """A tracker of a package that is not ours: lines of a text file."""

    file: str = "lines.txt"

    def tracker(self, folder: Path, experiment: Experiment) -> Tracker:
        return Writer(folder / self.file)


class Writer(Tracker):
    def __init__(self, file: Path) -> None:
        self.file = file

    def begin(self, step: int) -> None:
        self.file.write_text(f"after {step}\n")

    def log(self, step: int, values: Mapping[str, float]) -> None:
        with self.file.open("a") as text:
            text.write(f"{step} {dict(values)}\n")

    def close(self) -> None:
        with self.file.open("a") as text:
            text.write("closed\n")


def test_a_tracker_of_a_plugin_is_read_from_yaml_and_told(packages: Any, tmp_path: Path):
    packages.give("trackers", "lines", Lines)
    experiment = Experiment.parse(yaml_io.load("training: {log: [{name: lines, file: a.txt}]}", "the test"))
    assert resolved_trackers(experiment.training.log)[0].options == {"file": "a.txt"}
    trackers = Trackers(experiment.training.log, tmp_path, experiment)
    trackers.begin(0)
    trackers.log({"step": 3, "loss": 0.5})
    trackers.close()
    assert (tmp_path / "a.txt").read_text() == "after 0\n3 {'train/loss': 0.5}\nclosed\n"


def test_a_mixture_of_a_plugin_is_read_from_yaml_and_mixes(packages: Any):
    def halves(schema: InputSchema) -> Blend:
        return lambda own, other, share_B, rng: Mixed((own + other) / 2, torch.full_like(share_B, 0.5))

    packages.give("mixtures", "halves", Mixture({"table": halves}, alpha=1.0))
    training = Experiment.parse(yaml_io.load("training: {mix: halves}", "the test")).training
    assert training.mix is not None
    mixer = Mixer(training.mix, [InputSchema(name="table", kind="table", fields=(), shape=(1,))])
    own, other = (Batch({"table": x}, x[:, 0], torch.ones(4), torch.arange(4)) for x in (torch.zeros(4, 1), ROWS))
    mixed = mixer(own, other, Rng(0, 0, own.row_B))
    assert torch.equal(mixed.inputs["table"], ROWS / 2) and torch.equal(mixed.share_B, torch.full((4,), 0.5))
    with pytest.raises(
        UsageError, match=says("augmentations.unknown-mix", mix="halfs", suggestion="Did you mean 'halves'?")
    ):
        Mixer(Component(name="halfs"), [])


def test_an_augmentation_of_a_plugin_is_read_from_yaml_and_changes_rows(packages: Any):
    def make(schema: InputSchema, *, amount: float) -> Stage:
        return lambda x, rng: x + amount

    packages.give("augmentations", "table/offset", SeparatePass(make, {"amount": Amount(1.0, 9, "a number")}))
    values = yaml_io.load("data: {inputs: {table: {augment: [{offset: 2}]}}}", "the test")
    inputs = Experiment.parse(values).data.inputs
    assert inputs is not None
    chain = inputs["table"].augment
    schema = InputSchema(name="table", kind="table", fields=(), shape=(1,), augment=chain)
    given = Batch({"table": ROWS}, None, torch.ones(4), torch.arange(4))
    assert torch.equal(Augmenter([schema])(given, Rng(0, 0, given.row_B)).inputs["table"], ROWS + 2)
    assert "offset" in augmentations("table") and "offset" not in augmentations("image")


def test_a_plugins_calibration_takes_its_turn(packages: Any):
    """It sees what those before it made of predictions, and what it chooses is declared."""
    seen = []

    def fit(last: Any, options: Any, predictions: Any, context: Any):
        seen.append((options, dict(predictions)))
        yield calibrated_value("tilt", 2.0, "always", 3)

    def applied(last: Any, predictions: Any):
        return {**predictions, "tilted": True}

    packages.give("calibrations", "tilt", Calibration("tilt", fit, (Metric("tilt", "Tilt", "how much"),), applied))
    decision: Any = ClassDecision("options", None, calibrations=("tilt", "tilt"))
    found = decision.calibrate(SimpleNamespace(last=None), {"probability": 1}, None)
    assert [(one.name, one.value, one.n) for one in found] == [("tilt", 2.0, 3)] * 2
    assert seen == [("options", {"probability": 1}), ("options", {"probability": 1, "tilted": True})]
    assert "tilt" in {metric.id for metric in decision.declared_metrics}
    assert decision.uncalibrated(SimpleNamespace(last=None), {}) is None
