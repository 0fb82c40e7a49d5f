"""Names and options of networks: what is merged, and what is refused in which words."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.core.experiment import NetworkSpec
from leadline.errors import UsageError
from leadline.models.build import build_encoder, classical_family, resolved_options
from leadline.nn.batch import Signal, SignalSpec
from sentences import says

TABLE = SignalSpec("table", (4,))
IMAGE = SignalSpec("image", (1, 8, 8))


class Front(nn.Module):
    def forward(self, raw: Tensor) -> Signal:
        return Signal(raw / 255)


def test_the_users_options_win_over_those_of_the_size() -> None:
    assert resolved_options(Component(name="mlp"), TABLE, "small")["hidden"] == [64, 64]
    options = resolved_options(Component(name="mlp", options={"hidden": [7]}), TABLE, "large")
    assert options == {"hidden": [7], "activation": "relu", "norm": "none", "dropout": 0.2}


def test_a_body_starts_with_its_front() -> None:
    body = build_encoder(Component(name="mlp", options={"hidden": []}), TABLE, Front(), "base")
    assert body.width == 4
    torch.testing.assert_close(body(torch.full((2, 4), 255.0)), torch.ones(2, 4))


def test_a_module_object_is_a_network_too() -> None:
    body = build_encoder(nn.Linear(4, 3), TABLE, Front(), "base")
    assert body.width == 3
    assert not body.gives_outputs


@pytest.mark.parametrize(
    ("component", "spec", "words"),
    [
        (Component(name="resnett"), IMAGE, ["no network 'resnett'", "Did you mean 'resnet'"]),
        (Component(name="resnet"), TABLE, ["'resnet' takes image, not table", "These take table: ", "mlp"]),
        (Component(name="mlp", options={"hiden": [3]}), TABLE, ["no option 'hiden'", "Did you mean 'hidden'"]),
        (
            Component(name="mlp", options={"hidden": [3, 0]}),
            TABLE,
            ["network.hidden: mlp takes", "a whole number of at least 1", "not [3, 0]"],
        ),
        (
            Component(name="mlp", options={"activation": "rely"}),
            TABLE,
            ["network.activation: mlp takes", "'relu'", "not 'rely'"],
        ),
        (Component(name="mlp", options={"dropout": 1}), TABLE, ["dropout", "below 1"]),
        (Component(name="cnn", options={"layers": [{"conv": 4}, "rellu"]}), IMAGE, ["entry 2", "Did you mean 'relu'"]),
        (Component(name="resnet", options={"depth": 21}), IMAGE, ["network.depth: resnet takes", "20", "not 21"]),
    ],
)
def test_what_is_wrong_is_named(component: Component, spec: SignalSpec, words: list[str]) -> None:
    for act in (
        lambda: build_encoder(component, spec, Front(), "base"),
        lambda: resolved_options(component, spec, "base"),
    ):
        with pytest.raises(UsageError) as caught:
            act()
        for word in words:
            assert word in str(caught.value)


def test_layers_that_do_not_fit_the_image_are_named() -> None:
    component = Component(name="cnn", options={"layers": [{"pool": "max", "size": 9}]})
    with pytest.raises(UsageError, match=says("nn.layers-entry", number=1)):
        build_encoder(component, IMAGE, Front(), "base")


def test_a_network_beyond_the_memory_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match=says("models.does-not-fit-memory", network="mlp")):
        build_encoder(Component(name="mlp", options={"hidden": [10**14]}), TABLE, Front(), "base")


def test_a_fitted_family_stands_for_all_inputs_or_for_none() -> None:
    linear = Component(name="linear", options={"l2": 1.0})
    family = classical_family(NetworkSpec(encoders={"photo": linear, "table": linear}))
    assert family is not None and family.name == "linear"
    assert (
        classical_family(NetworkSpec(encoders={"photo": Component(name="cnn"), "table": Component(name="mlp")})) is None
    )
    for other in (Component(name="mlp"), Component(name="svm"), Component(name="linear", options={"l2": 2.0})):
        with pytest.raises(UsageError, match="'linear' is one model over all inputs"):
            classical_family(NetworkSpec(encoders={"table": linear, "photo": other}))
    with pytest.raises(UsageError, match="one model over all inputs"):
        classical_family(NetworkSpec(encoders={"table": linear, "photo": linear}), {"photo": nn.Identity()})
