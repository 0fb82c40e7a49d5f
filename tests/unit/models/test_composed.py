"""One network over the features of another: what patches are, what becomes of padding, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.core.registry import lookup
from leadline.core.registry_tables import TABLES
from leadline.errors import UsageError
from leadline.models.build import build_encoder, resolved_options
from leadline.models.composed import Composed, cut
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.dropout import Dropout
from leadline.nn.network import Network, linear_head
from leadline.nn.rng import Rng, using_rng

IMAGE = SignalSpec("image", (3, 20, 37))
SEQUENCE = SignalSpec("sequence", (11, 4))
CNN = {"name": "cnn", "layers": [{"conv": 3}, "relu", {"dense": 5}, "relu", {"dropout": 0.5}]}
SPECS = pytest.mark.parametrize("spec", [IMAGE, SEQUENCE], ids=["image", "sequence"])


def _reads_sequences(name: str) -> bool:
    family = lookup("models", name)
    return "sequence" in family.accepts and not family.forecasts and family.fit is None


class Front(nn.Module):
    def forward(self, raw: Tensor) -> Signal:
        return Signal(raw)


def rnn_over(over: Any, **options: Any) -> Component:
    return Component(name="rnn", options={"hidden": 6, **options, "over": over})


def network(spec: SignalSpec, over: Any = None, seed: int = 0, **options: Any) -> Network:
    torch.manual_seed(seed)
    body = build_encoder(rnn_over({**CNN, "patch": 4} if over is None else over, **options), spec, Front(), "small")
    return Network({"x": body}, linear_head(body.width, 3))


def backbone(net: Network) -> Composed:
    found = next(m for m in net.modules() if isinstance(m, Composed))
    assert isinstance(found, Composed)
    return found


def rows(spec: SignalSpec, count: int) -> Tensor:
    return torch.randn(count, *spec.shape, generator=torch.Generator().manual_seed(1))


def test_patches_of_an_image_lie_in_reading_order_and_reach_over_its_edge_with_zeros() -> None:
    image = torch.arange(1.0, 16.0).view(1, 1, 3, 5).expand(2, 2, 3, 5)
    patches = cut(image, (2, 3))
    assert patches.shape == (2, 4, 2, 2, 3)
    assert patches[0, :, 0].tolist() == [
        [[1, 2, 3], [6, 7, 8]],
        [[4, 5, 0], [9, 10, 0]],
        [[11, 12, 13], [0, 0, 0]],
        [[14, 15, 0], [0, 0, 0]],
    ]
    assert torch.equal(patches[:, :, 0], patches[:, :, 1])


def test_a_patch_as_wide_as_the_image_is_rows_of_pixels() -> None:
    image = rows(IMAGE, 2)
    assert torch.equal(cut(image, (5, 37)), image.view(2, 3, 4, 5, 37).transpose(1, 2))


def test_the_outer_network_reads_what_the_inner_one_makes_of_each_patch() -> None:
    net = network(IMAGE, {**CNN, "patch": [10, 37]}).eval()
    over, x = backbone(net), rows(IMAGE, 2)
    steps = torch.stack([over.inner(Signal(half)).values for half in x.split(10, dim=2)], 1)
    torch.testing.assert_close(over(Signal(x)).values, over.outer(Signal(steps)).values)


@SPECS
def test_a_gradient_reaches_every_parameter(spec: SignalSpec) -> None:
    net = network(spec)
    with using_rng(Rng(0, 0, torch.arange(8))):
        net({"x": rows(spec, 8)}).square().sum().backward()
    assert [n for n, p in net.named_parameters() if p.grad is None or not p.grad.abs().max() > 0] == []


@SPECS
def test_a_row_alone_is_as_in_its_batch_in_training_too(spec: SignalSpec) -> None:
    net, x = network(spec), rows(spec, 5)
    torch.testing.assert_close(net.eval()({"x": x[2:3]}), net({"x": x})[2:3])
    net.train()
    row = torch.tensor([7, 3, 9, 1, 0])
    with using_rng(Rng(0, 1, row)):
        together = net({"x": x})
    with using_rng(Rng(0, 1, row[2:3])):
        torch.testing.assert_close(net({"x": x[2:3]}), together[2:3])


def test_each_patch_is_dropped_from_by_itself() -> None:
    net = network(
        SignalSpec("image", (1, 8, 8)),
        {"name": "cnn", "patch": 4, "layers": [{"reduce": 1}, {"dense": 64}, {"dropout": 0.5}]},
    )
    seen: list[Tensor] = []
    backbone(net).outer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].values))
    with using_rng(Rng(0, 0, torch.arange(2))):
        net({"x": torch.ones(2, 1, 8, 8)})
    kept = seen[0].flatten(0, 1) != 0
    assert len({tuple(patch.tolist()) for patch in kept}) == 8  # two rows of four equal patches, no two dropped alike


@pytest.mark.parametrize("padding", [1, 5, 8])
def test_padding_changes_no_features(padding: int) -> None:
    over, x = backbone(network(SEQUENCE).eval()), rows(SEQUENCE, 2)[:, :6]
    alone = over(Signal(x, torch.ones(2, 6, dtype=torch.bool))).values
    mask = torch.arange(6 + padding).expand(2, -1) < 6
    padded = torch.cat([x, torch.full((2, padding, 4), 9.0)], 1)
    torch.testing.assert_close(over(Signal(padded, mask)).values, alone)
    assert not torch.allclose(over(Signal(padded)).values, alone)


def test_a_window_counts_where_any_step_of_it_does() -> None:
    over = backbone(network(SEQUENCE).eval())
    seen: list[Signal] = []
    over.outer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    mask = torch.arange(11) < torch.tensor([[1], [4], [5], [11]])
    over(Signal(rows(SEQUENCE, 4), mask))
    assert seen[0].mask is not None
    assert seen[0].mask.tolist() == [
        [True, False, False],
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


@SPECS
def test_gradients_agree_with_finite_differences_in_either_layout_of_memory(spec: SignalSpec) -> None:
    over = backbone(network(spec)).double().eval()
    x = rows(spec, 2).double()
    last = x.to(memory_format=torch.channels_last) if x.ndim == 4 else x.transpose(1, 2).contiguous().transpose(1, 2)
    torch.testing.assert_close(over(Signal(last)).values, over(Signal(x)).values)
    assert torch.autograd.gradcheck(
        lambda x: over(Signal(x)).values, last.requires_grad_(), eps=1e-7, atol=1e-6, fast_mode=True
    )


# PyTorch's recurrent modules keep a list of their weights beside the parameters, which exporting remarks on.
@pytest.mark.filterwarnings("ignore:The tensor attributes .*_flat_weights")
@SPECS
def test_it_can_be_exported_for_any_number_of_rows(spec: SignalSpec) -> None:
    net = network(spec, {"name": "cnn", "patch": 4}, cell="elman").eval()
    exported = torch.export.export(
        net, ({"x": rows(spec, 4)},), dynamic_shapes=({"x": {0: torch.export.Dim("rows", min=1)}},)
    ).module()
    torch.testing.assert_close(exported({"x": rows(spec, 7)}), net({"x": rows(spec, 7)}))


@SPECS
@pytest.mark.parametrize("size", ["small", "large"])
def test_every_default_is_written_out_and_builds_the_same(spec: SignalSpec, size: Any) -> None:
    options = resolved_options(Component(name="rnn", options={"over": "cnn"}), spec, size)
    assert options["hidden"] == {"small": 64, "large": 256}[size]  # the size speaks of both
    assert [entry["conv"] for entry in options["over"]["layers"] if "conv" in entry][-1] == {"small": 32, "large": 512}[
        size
    ]
    assert options["over"]["patch"] == ([5, 10] if spec is IMAGE else 11)
    again = Component.model_validate(Component(name="rnn", options=options).model_dump(mode="json"))
    assert resolved_options(again, spec, "base") == options
    plain = Component(name="rnn", options={"over": "cnn"})
    encoders = [build_encoder(plain, spec, Front(), size), build_encoder(again, spec, Front(), "base")]
    assert [p.shape for p in encoders[0].parameters()] == [p.shape for p in encoders[1].parameters()]


@pytest.mark.parametrize("name", ["mlp", "lenet", "resnet", "rnn"])
def test_whatever_takes_images_may_stand_beneath(name: str) -> None:
    net = network(IMAGE, name).eval()
    assert net({"x": rows(IMAGE, 2)}).shape == (2, 3)


@SPECS
@pytest.mark.parametrize("name", sorted(name for name in TABLES["models"] if _reads_sequences(name)))
def test_whatever_takes_sequences_may_stand_over(name: str, spec: SignalSpec) -> None:
    body = build_encoder(Component(name=name, options={"over": {**CNN, "patch": 4}}), spec, Front(), "small").eval()
    assert body(rows(spec, 2)).shape == (2, body.width)


def test_networks_stand_over_networks_that_stand_over_networks() -> None:
    over = {"name": "rnn", "patch": 10, "hidden": 4, "over": {**CNN, "patch": 5}}
    net = network(IMAGE, over)
    assert resolved_options(rnn_over(over), IMAGE, "small")["over"]["over"]["patch"] == [5, 5]
    with using_rng(Rng(0, 0, torch.arange(2))):
        assert net({"x": rows(IMAGE, 2)}).shape == (2, 3)
    assert sum(isinstance(m, Dropout) for m in net.modules()) == 1


def test_an_inner_option_called_patch_stands_apart(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, patch=3):\n"
        "        super().__init__()\n"
        "        self.layers = nn.Sequential(nn.Flatten(), nn.LazyLinear(patch))\n"
        "    def forward(self, x):\n"
        "        return self.layers(x)\n"
    )
    over = {"name": f"{file}:Net", "patch": 5, "options": {"patch": 2}}
    options = resolved_options(rnn_over(over), IMAGE, "small")
    assert options["over"] == {"name": f"{file}:Net", "patch": [5, 5], "options": {"head": "linear", "patch": 2}}
    assert resolved_options(Component(name="rnn", options=options), IMAGE, "small") == options
    assert network(IMAGE, over).eval()({"x": rows(IMAGE, 2)}).shape == (2, 3)


def test_an_option_of_ones_own_called_over_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(
        "from torch import nn\nclass Net(nn.Linear):\n    def __init__(self, over=3):\n        super().__init__(4,"
        " over)\n"
    )
    component = Component(name=f"{file}:Net", options={"over": 2})
    assert build_encoder(component, SignalSpec("table", (4,)), Front(), "base").width == 2


@pytest.mark.parametrize(
    ("component", "spec", "words"),
    [
        (rnn_over({"name": "cnnn"}), IMAGE, ["no network 'cnnn'", "Did you mean 'cnn'"]),
        (rnn_over({"name": "cnn", "layer": []}), IMAGE, ["cnn has no option 'layer'", "Did you mean 'layers'"]),
        (Component(name="rnn", options={"ovr": "cnn"}), IMAGE, ["no option 'ovr'", "Did you mean 'over'"]),
        (rnn_over({"name": "cnn", "patch": 21}), IMAGE, ["patch of 21×21 pixels", "larger than the image, 20×37"]),
        (rnn_over({"name": "cnn", "patch": [8, 38]}), IMAGE, ["patch of 8×38", "larger than the image, 20×37"]),
        (rnn_over({"name": "cnn", "patch": 12}), SEQUENCE, ["patch of 12 steps is longer than the sequence, 11"]),
        (rnn_over({"name": "cnn", "patch": [4, 4]}), SEQUENCE, ["patch is a number of steps", "got [4, 4]"]),
        (rnn_over({"name": "cnn", "patch": 0}), IMAGE, ["[height, width]", "got 0"]),
        (rnn_over({"name": "cnn", "patch": True}), SEQUENCE, ["a number of steps", "got True"]),
        (rnn_over({"name": "cnn", "patch": [1, 2, 3]}), IMAGE, ["[height, width]", "got [1, 2, 3]"]),
        (rnn_over({"patch": 8}), IMAGE, ["over names the inner network", "{name: cnn, patch: 8}"]),
        (rnn_over(["cnn"]), IMAGE, ["over names the inner network", "got ['cnn']"]),
        (rnn_over("linear"), IMAGE, ["'linear' is not trained by gradient descent", "cannot be stacked under another"]),
        (
            Component(name="cnn", options={"over": "cnn"}),
            IMAGE,
            ["'cnn' cannot be stacked on another", "image, not sequences"],
        ),
        (rnn_over("cnn"), SignalSpec("table", (4,)), ["this input is table"]),
        (rnn_over("cnn", hidden=0), IMAGE, ["network.hidden: rnn", "not 0"]),
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


def test_an_objective_that_wants_every_step_is_told_what_it_has() -> None:
    with pytest.raises(UsageError, match="'rnn over cnn' returns no features of every step"):
        build_encoder(rnn_over("cnn"), SEQUENCE, Front(), "base", encoder_output="sequence")


def test_the_outer_network_knows_how_many_steps_there_may_be() -> None:
    seen: list[SignalSpec] = []

    class Outer(nn.Module):
        def __init__(self, spec: SignalSpec) -> None:
            super().__init__()
            seen.append(spec)

        def forward(self, signal: Signal) -> Signal:
            return Signal(signal.values.mean(1))

    component = Component(name="Outer", options={"over": {**CNN, "patch": [8, 10]}})
    body = build_encoder(component, IMAGE, Front(), "base", own=Outer)
    assert seen[-1] == SignalSpec("sequence", (math.ceil(20 / 8) * math.ceil(37 / 10), 5))
    assert body.width == 5
