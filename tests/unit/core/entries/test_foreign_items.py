"""Networks, losses and devices of other tools are answered with ours, in a form that is taken."""

from __future__ import annotations

import pytest

import leadline.core.experiment  # noqa: F401  whose entries are looked through
from leadline.core.component import Component
from leadline.core.entries.foreign_items import _NETWORKS, _TABLES, item_meant
from leadline.core.entries.surface import speaking
from leadline.core.registry import called, lookup, registered
from leadline.errors import UsageError
from leadline.models.custom import resolve
from leadline.objectives.lookup import objective_for
from leadline.training.plan import device_for
from sentences import says


@pytest.mark.parametrize("name", sorted(_NETWORKS))
def test_a_network_of_another_tool_is_one_of_ours_with_its_options(name: str) -> None:
    component = Component.model_validate(_NETWORKS[name])
    lookup("models", component.name).options.model_validate(component.options)
    assert name not in registered("models")


@pytest.mark.parametrize("group", ["optimizers", "schedules"])
def test_optimizers_and_schedules_are_ours(group: str) -> None:
    for one in _TABLES[group].values():
        component = Component.model_validate(one)
        lookup(group, component.name).model_validate(component.options)  # type: ignore[arg-type]


def test_the_answer_is_in_the_words_of_the_surface() -> None:
    assert item_meant("models", "LSTM") == "Write network={'name': 'rnn', 'cell': 'lstm'}."
    with speaking("command line"):
        assert item_meant("models", "random_forest") == "Write --network gradient-boosting."
    assert item_meant("models", "qqqq") == ""


def test_each_place_that_looks_a_name_up_gives_the_answer() -> None:
    with pytest.raises(UsageError, match=r"Write network='gradient-boosting'\."):
        resolve("xgboost")
    with pytest.raises(UsageError, match=says("training.device-unknown", device="gpu", hint="Write device='cuda'.")):
        device_for("gpu")
    with pytest.raises(UsageError, match=r"objective\.focal_gamma"):
        objective_for(Component(name="classification", options={"loss": "focal"}))


def test_names_are_matched_without_case() -> None:
    assert called("optimizers", "Adam") == "adam"
    assert called("models", "MLP") == "mlp"
    assert called("models", "qQ") == "qQ"
