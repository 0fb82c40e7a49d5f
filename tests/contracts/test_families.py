"""What every family in the registry promises, whichever it is."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.func import functional_call

from leadline.core.component import Component
from leadline.core.registry import lookup, registered
from leadline.errors import UsageError
from leadline.models.build import build_encoder, resolved_options
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.network import InputEncoder, Network, linear_head
from leadline.nn.rng import Rng, using_rng

SPECS = [
    SignalSpec("image", (1, 8, 8)),
    SignalSpec("image", (1, 28, 28)),
    SignalSpec("image", (3, 32, 32)),
    SignalSpec("image", (3, 20, 37)),
    SignalSpec("table", (1,)),
    SignalSpec("table", (5,)),
    SignalSpec("table", (300,)),
    SignalSpec("sequence", (9, 4)),
    SignalSpec("sequence", (24, 3), ahead=6, past=24, aims=(0, 2)),
    SignalSpec("sequence", (36, 4), ahead=6, past=30, aims=(1,), each=3),
]
CASES = [
    pytest.param(name, spec, id=f"{name}-{'x'.join(map(str, spec.shape))}")
    for name in sorted(registered("models"))
    for spec in SPECS
    if spec.kind in lookup("models", name).accepts
    and lookup("models", name).fit is None  # fitted ones: test_fitted_families.py
    if bool(spec.ahead)
    == lookup("models", name).forecasts  # what does not forecast itself does not look at what is to come
]
SMALL = ((1, 8, 8), (5,), (9, 4), (24, 3))  # where one shape of a kind is enough
FIRST = [case for case in CASES if case.values[1].shape in SMALL]
MAPPED = [case for case in CASES if "maps" in lookup("models", case.values[0]).builders]
ON_FIRST = pytest.mark.parametrize(("name", "spec"), FIRST)


class Front(nn.Module):
    def forward(self, raw: Tensor) -> Signal:
        return Signal(raw)


def body_for(name: str, spec: SignalSpec, size: str = "small", seed: int = 0) -> InputEncoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_encoder(Component(name=name), spec, Front(), size)


def rows(spec: SignalSpec, count: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(count, *spec.shape, generator=torch.Generator().manual_seed(1), dtype=dtype)


def same_draws(count: int) -> using_rng:
    return using_rng(Rng(0, 0, torch.arange(count)))


@pytest.mark.parametrize(("name", "spec"), CASES)
def test_features_have_the_promised_shape_and_are_finite_and_differ_by_row(name: str, spec: SignalSpec) -> None:
    body = body_for(name, spec).eval()
    features_BF = body(rows(spec, 3))
    assert features_BF.shape == (3, body.width)
    assert features_BF.isfinite().all()
    assert not torch.allclose(features_BF[0], features_BF[1])


def maps_of(name: str, spec: SignalSpec) -> InputEncoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build_encoder(Component(name=name), spec, Front(), "small", encoder_output="maps")


@pytest.mark.parametrize(("name", "spec"), MAPPED)
def test_maps_have_a_feature_vector_for_each_place_that_looks_around_it(name: str, spec: SignalSpec) -> None:
    body, x_BCHW = maps_of(name, spec).eval(), rows(spec, 2)
    maps_BFHW = body(x_BCHW)
    assert maps_BFHW.shape[:2] == (2, body.width) and min(maps_BFHW.shape[2:]) >= 1
    assert maps_BFHW.isfinite().all()
    if min(maps_BFHW.shape[2:]) > 2:  # what changes in a corner of the picture changes that corner of the maps most
        x_BCHW[:, :, :4, :4] += 3
        moved_BHW = (body(x_BCHW) - maps_BFHW).abs().sum(1)
        assert bool((moved_BHW[:, 0, 0] > 2 * moved_BHW[:, -1, -1]).all())


@pytest.mark.parametrize(("name", "spec"), MAPPED)
def test_a_gradient_reaches_every_parameter_from_maps(name: str, spec: SignalSpec) -> None:
    body = maps_of(name, spec)
    with same_draws(8):
        (body(rows(spec, 8)) * rows(SignalSpec("image", (1,)), 8)[..., None, None]).square().sum().backward()
    assert [n for n, p in body.named_parameters() if p.grad is None or not p.grad.abs().max() > 0] == []


def test_some_families_give_maps_and_others_say_which_do() -> None:
    assert {"cnn", "resnet"} <= {case.values[0] for case in MAPPED}
    with pytest.raises(UsageError, match=r"'lenet' returns no feature maps for image data.*images: cnn, .*resnet"):
        build_encoder(Component(name="lenet"), SPECS[2], Front(), "small", encoder_output="maps")
    with pytest.raises(UsageError, match="returns no feature maps for sequence data"):
        build_encoder(Component(name="rnn"), SPECS[7], Front(), "small", encoder_output="maps")


@ON_FIRST
@pytest.mark.parametrize("size", ["small", "base", "large"])
def test_every_size_builds_and_larger_ones_have_more_parameters(name: str, spec: SignalSpec, size: str) -> None:
    body = body_for(name, spec, size)
    with same_draws(4):
        assert body(rows(spec, 4)).shape == (4, body.width)
    family = lookup("models", name)
    if size != "small" and family.sizes:
        smaller = body_for(name, spec, {"base": "small", "large": "base"}[size])
        assert sum(p.numel() for p in body.parameters()) > sum(p.numel() for p in smaller.parameters())


@pytest.mark.parametrize(("name", "spec"), CASES)
def test_a_gradient_reaches_every_parameter(name: str, spec: SignalSpec) -> None:
    body = body_for(name, spec)
    network = Network({"x": body}, linear_head(body.width, 3))
    with same_draws(8):
        network({"x": rows(spec, 8)}).square().sum().backward()
    unreached = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    assert unreached == []


@ON_FIRST
def test_weights_survive_saving_and_loading(name: str, spec: SignalSpec, tmp_path: Path) -> None:
    body, other = body_for(name, spec), body_for(name, spec, seed=1)
    with same_draws(8):
        body(rows(spec, 8))  # moves running statistics, where there are any, off their start
    save_file(body.state_dict(), tmp_path / "w.safetensors")
    assert not torch.equal(body.eval()(rows(spec, 3)), other.eval()(rows(spec, 3)))
    other.load_state_dict(load_file(tmp_path / "w.safetensors"))
    assert torch.equal(body(rows(spec, 3)), other(rows(spec, 3)))


@ON_FIRST
def test_the_seed_alone_decides_the_weights_and_the_training_pass(name: str, spec: SignalSpec) -> None:
    outputs = []
    for seed in (0, 0, 1):
        body = body_for(name, spec, seed=seed)
        torch.randn(seed + 1)  # what was drawn in between does not matter
        with same_draws(6):
            outputs.append(body(rows(spec, 6)))
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


@pytest.mark.parametrize(("name", "spec"), CASES)
def test_a_row_alone_is_as_in_its_batch(name: str, spec: SignalSpec) -> None:
    body = body_for(name, spec).double().eval()
    x = rows(spec, 5, torch.float64)
    torch.testing.assert_close(body(x[2:3]), body(x)[2:3], rtol=1e-9, atol=1e-9)


@ON_FIRST
@pytest.mark.parametrize("training", [False, True])
def test_gradients_agree_with_finite_differences(name: str, spec: SignalSpec, training: bool) -> None:
    body = body_for(name, spec).double().train(training)
    parameters = dict(body.named_parameters())
    buffers = dict(body.named_buffers())

    def call(x: Tensor, *values: Tensor) -> Tensor:
        held = {k: v.clone() for k, v in buffers.items()}  # each call starts from the same statistics
        with same_draws(len(x)):
            out: Tensor = functional_call(body, {**dict(zip(parameters, values, strict=True)), **held}, (x,))
        return out

    torch.manual_seed(0)  # the directions in which fast mode looks
    x = rows(spec, 4, torch.float64).requires_grad_()
    # Steps this small all but never cross the kink of a ReLU, and float64 leaves their differences enough digits.
    assert torch.autograd.gradcheck(call, (x, *parameters.values()), eps=1e-7, atol=1e-6, rtol=1e-5, fast_mode=True)


# PyTorch's recurrent modules keep a list of their weights beside the parameters, which exporting remarks on.
@pytest.mark.filterwarnings("ignore:The tensor attributes .*_flat_weights")
@ON_FIRST
def test_the_network_can_be_exported_for_any_number_of_rows(name: str, spec: SignalSpec) -> None:
    body = body_for(name, spec)
    network = Network({"an.input": body}, linear_head(body.width, 2)).eval()
    inputs = {"an.input": rows(spec, 4)}
    dynamic = ({"an.input": {0: torch.export.Dim("rows", min=1)}},)
    exported = torch.export.export(network, (inputs,), dynamic_shapes=dynamic).module()
    other = {"an.input": rows(spec, 7)}
    torch.testing.assert_close(exported(other), network(other))


@ON_FIRST
def test_channels_last_memory_and_copies_change_nothing(name: str, spec: SignalSpec) -> None:
    body = body_for(name, spec).double().eval()
    x = rows(spec, 3, torch.float64)
    expected = body(x)
    twin = copy.deepcopy(body).to(memory_format=torch.channels_last)
    x_last = x.to(memory_format=torch.channels_last) if x.ndim == 4 else x
    torch.testing.assert_close(twin(x_last), expected)


@ON_FIRST
@pytest.mark.parametrize("size", ["small", "base", "large"])
def test_resolved_options_say_everything_and_build_the_same(name: str, spec: SignalSpec, size: str) -> None:
    options = resolved_options(Component(name=name), spec, size)
    assert set(options) == set(lookup("models", name).options.model_fields)
    torch.manual_seed(0)
    again = build_encoder(Component(name=name, options=options), spec, Front(), "small")  # the size has no more say
    assert [p.shape for p in again.parameters()] == [p.shape for p in body_for(name, spec, size).parameters()]
    assert resolved_options(Component(name=name, options=options), spec, "small") == options


@ON_FIRST
def test_fresh_features_neither_vanish_nor_explode(name: str, spec: SignalSpec) -> None:
    features_BF = body_for(name, spec, "large").eval()(rows(spec, 64))
    assert 0.02 < math.sqrt(features_BF.square().mean().item()) < 50
