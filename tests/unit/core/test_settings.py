"""Entries set one by one."""

from __future__ import annotations

import pytest

from leadline.core.component import Component
from leadline.core.experiment import AUTO, Experiment, SplitSpec
from leadline.core.settings import with_settings
from leadline.errors import UsageError
from sentences import says


def test_settings_reach_into_nested_entries() -> None:
    values = with_settings(
        {"network": "cnn"}, ("training.epochs=3", "network.dropout=0.5", "data.inputs.image.augment=[flip]")
    )
    assert values["network"] == {"name": "cnn", "dropout": 0.5}
    assert values["training"] == {"epochs": 3}
    assert Experiment.parse(values).data.inputs is not None


def test_setting_without_value_is_refused() -> None:
    with pytest.raises(UsageError, match=says("core.set-unreadable")):
        with_settings({}, ("epochs",))


def test_a_split_in_short_form_takes_further_settings() -> None:
    values = with_settings({"data": {"split": "group:farm"}}, ("data.split.test=0.3",))
    assert Experiment.parse(values).data.split == SplitSpec(by="group", column="farm", test=0.3)


def test_options_of_an_objective_need_no_name_beside_them() -> None:
    values = with_settings({}, ("objective.operating_point.sensitivity=0.95", "objective.costs=[[0, 5], [1, 0]]"))
    objective = Experiment.parse(values).objective
    assert objective is not None
    assert objective.name == AUTO
    assert objective.options == {"operating_point": {"sensitivity": 0.95}, "costs": [[0, 5], [1, 0]]}
    named = Experiment.parse(with_settings({"objective": "classification"}, ("objective.focal_gamma=2",))).objective
    assert named is not None
    assert (named.name, named.options) == ("classification", {"focal_gamma": 2})


def test_a_fusion_is_named_with_its_options_and_survives_another_network() -> None:
    values = with_settings(
        {"network": "resnet"}, ("network.fusion.modality_dropout=0.3", "network.share=[[a, b]]", "network=cnn")
    )
    network = Experiment.parse(values).network
    assert network.fusion == Component(name="concat", options={"modality_dropout": 0.3})
    assert network.share == (("a", "b"),) and network.encoders["*"].name == "cnn"
    assert (
        Experiment.parse(with_settings({}, ("network.fusion.width=8", "network.fusion=gated"))).network.fusion.name
        == "gated"
    )
