"""What the registry promises of every group, and what it says of plugins that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn

from leadline.cli import registry_lists
from leadline.core import yaml_io
from leadline.core.component import Component
from leadline.core.experiment import Experiment
from leadline.core.plugins import Entry, misfit
from leadline.core.registry import CONTRACTS, TABLES, Group, lookup, registered
from leadline.errors import UsageError
from leadline.nn.fusion import Fusion, FusionMethod, FusionOptions, fuse_by
from leadline.training.schedule import Constant, Schedule, schedule

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
    assert schedule(Component(name="halving", options={"warm_up": 0.5})).factor(9, 10) == 0.5


def test_a_name_of_ours_cannot_be_taken(packages: Any):
    packages.give("schedules", "cosine", Halving)
    assert registered("schedules")["cosine"].summary == "cannot be used: given by leadline and acme"
    with pytest.raises(
        UsageError, match=r"schedule 'cosine' is given by leadline and acme .*leadline\.schedules.*Uninstall acme, or"
    ):
        lookup("schedules", "cosine")
    assert lookup("schedules", "constant") is Constant  # nothing else is touched


def test_two_plugins_cannot_give_one_name(packages: Any):
    packages.give("schedules", "halving", Halving)
    packages.give("schedules", "halving", Halving, package="other")
    with pytest.raises(UsageError, match=r"given by acme and other .*Uninstall acme or other"):
        lookup("schedules", "halving")


def test_a_package_that_is_found_twice_is_no_clash(packages: Any):
    for _ in range(2):
        packages.declare("schedules", "constant-too", "leadline.training.schedule:Constant")
    assert lookup("schedules", "constant-too") is Constant


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("acme_is_not_there:ITEM", r"acme_is_not_there does not import \(ModuleNotFoundError: No module named"),
        ("leadline.training.schedule:Nothing", "leadline.training.schedule has no Nothing"),
        ("leadline.training.schedule", "names a module and nothing in it"),
        ("leadline.training.schedule:schedule", "a value of type function, not a class that derives from Schedule"),
        ("leadline.core.component:Component", "the class Component, not a class that derives from Schedule"),
        ("leadline.training.schedule:Schedule", "lacks descend, which every schedule has"),
    ],
)
def test_a_plugin_that_cannot_be_used_says_what_is_wrong(packages: Any, target: str, wrong: str):
    packages.declare("schedules", "broken", target)
    assert "broken" in registered("schedules")  # listing imports nothing
    with pytest.raises(UsageError, match=wrong) as caught:
        lookup("schedules", "broken")
    said = str(caught.value)
    assert "The package acme gives a schedule 'broken'" in said and f"broken = {target!r}" in said
    assert said.endswith("Update or uninstall acme.")


def test_what_a_protocol_asks_for_is_named(packages: Any):
    packages.give("objectives", "half", SimpleNamespace(name="half", build=None))
    with pytest.raises(UsageError, match=r"ITEM lacks .*\bloss\b.*, which every objective has"):
        lookup("objectives", "half")


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
    experiment = Experiment.parse(yaml_io.load("network: {fusion: {name: sum, dropout: 0.2}}", "the test"))
    fusion = fuse_by(experiment.network.fusion)([3, 2]).eval()
    assert isinstance(fusion, Sum) and fusion.dropout == 0.2
    assert fusion([torch.ones(5, 3), torch.ones(5, 2)]).shape == (5, 4)
    with pytest.raises(UsageError, match="Did you mean 'sum'"):
        fuse_by(Component(name="summ"))
