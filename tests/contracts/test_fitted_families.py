"""What every family promises that is fitted rather than stepped, whichever it is."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.core.registry import lookup, registered
from leadline.errors import RunError
from leadline.models.build import build_encoder, resolved_options
from leadline.models.contract import Sample
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.network import Network
from leadline.run.run import load_weights, save_weights
from sentences import says

FAMILIES = {name: lookup("models", name) for name in sorted(registered("models"))}
NAMES = [name for name, family in FAMILIES.items() if family.fit is not None and not family.forecasts]
TABLE = SignalSpec("table", (4,), (0, 5, 0, 0))
IMAGE = SignalSpec("image", (1, 8, 8))
CASES = [pytest.param(name, spec, outputs, id=f"{name}-{spec.kind}-{outputs}")
         for name in NAMES for spec in (TABLE, IMAGE) for outputs in (1, 2, 3)]  # fmt: skip


class Front(nn.Module):
    def forward(self, raw: Tensor) -> Signal:
        return Signal(raw)


def network_for(name: str, spec: SignalSpec, outputs: int) -> Network:
    body = build_encoder(Component(name=name), spec, Front(), "small")
    head = body.head(SignalSpec("table", (body.width,), body.classes), outputs)
    return Network({"x": body}, head).eval()


def raw(spec: SignalSpec, count: int) -> Tensor:
    rng = np.random.default_rng(0)
    if spec.kind == "image":
        return torch.from_numpy(rng.normal(size=(count, *spec.shape)).astype(np.float32))
    x = rng.normal(size=(count, 4)).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    x[:, 1] = rng.integers(0, 6, count)
    return torch.from_numpy(x)


def fitted(name: str, spec: SignalSpec, outputs: int, seed: int = 0, count: int = 240) -> Network:
    network, x = network_for(name, spec, outputs), raw(spec, count)
    features = network.features({"x": x}).numpy()
    score = np.nan_to_num(features[:, :3]).sum(1)
    target = (
        (score - score.mean()) / score.std()
        if outputs == 1
        else np.digitize(score, np.quantile(score, [0.4, 0.7][: outputs - 1]))
    )
    sample = Sample(features, target, np.ones(count))
    lookup("models", name).fit(
        network.head, Sample(*(v[:180] for v in sample)), Sample(*(v[180:] for v in sample)), seed
    )
    return network


@pytest.mark.parametrize(("name", "spec", "outputs"), CASES)
def test_it_gives_as_many_finite_numbers_as_are_wanted_and_learns(name: str, spec: SignalSpec, outputs: int) -> None:
    network, x = fitted(name, spec, outputs), raw(spec, 240)
    out = network({"x": x})
    assert out.shape == (240, outputs) and out.isfinite().all()
    score = np.nan_to_num(network.features({"x": x}).numpy()[:180, :3]).sum(1)
    if outputs == 1:
        assert np.corrcoef(score, out[:180, 0].numpy())[0, 1] > 0.5
    else:
        assert np.corrcoef(score, out[:180].argmax(1).numpy())[0, 1] > 0.4


@pytest.mark.parametrize(("name", "spec", "outputs"), CASES)
def test_weights_survive_saving_and_loading_into_what_was_never_fitted(
    name: str, spec: SignalSpec, outputs: int, tmp_path: Path
) -> None:
    network, other, x = fitted(name, spec, outputs), network_for(name, spec, outputs), raw(spec, 50)
    expected = network({"x": x})
    save_weights(network, tmp_path / "w.safetensors")
    load_weights(other, tmp_path / "w.safetensors")
    assert torch.equal(other({"x": x}), expected)


@pytest.mark.parametrize("name", NAMES)
def test_weights_of_another_model_are_refused(name: str, tmp_path: Path) -> None:
    save_weights(fitted(NAMES[NAMES.index(name) - 1], TABLE, 2), tmp_path / "w.safetensors")
    with pytest.raises(RunError, match=says("run.weights-do-not-fit")):
        load_weights(network_for(name, TABLE, 2), tmp_path / "w.safetensors")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bits(name: str) -> None:
    one, two = fitted(name, TABLE, 3).state_dict(), fitted(name, TABLE, 3).state_dict()
    assert one.keys() == two.keys() and all(torch.equal(one[key], two[key]) for key in one)


@pytest.mark.parametrize(("name", "spec", "outputs"), CASES)
def test_a_row_alone_is_as_in_its_batch(name: str, spec: SignalSpec, outputs: int) -> None:
    network, x = fitted(name, spec, outputs), raw(spec, 20)
    torch.testing.assert_close(network({"x": x[2:3]}), network({"x": x})[2:3], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "spec", "outputs"), CASES)
def test_it_can_be_exported_for_any_number_of_rows(name: str, spec: SignalSpec, outputs: int) -> None:
    network = fitted(name, spec, outputs)
    dynamic = ({"x": {0: torch.export.Dim("rows", min=1)}},)
    exported = torch.export.export(network, ({"x": raw(spec, 4)},), dynamic_shapes=dynamic).module()
    other = {"x": raw(spec, 7)}
    torch.testing.assert_close(exported(other), network(other))


@pytest.mark.parametrize("name", NAMES)
def test_copies_and_memory_formats_change_nothing(name: str) -> None:
    network, x = fitted(name, IMAGE, 3), raw(IMAGE, 5)
    twin = copy.deepcopy(network).to(memory_format=torch.channels_last)
    assert torch.equal(twin({"x": x}), network({"x": x}))


@pytest.mark.parametrize("name", NAMES)
def test_what_was_learned_counts_as_parameters_and_nothing_wants_a_gradient(name: str) -> None:
    parameters = list(fitted(name, TABLE, 2).parameters())
    assert sum(p.numel() for p in parameters) > 4
    assert not any(p.requires_grad for p in parameters)


@pytest.mark.parametrize("name", NAMES)
def test_more_rows_take_more_work(name: str) -> None:
    network = network_for(name, TABLE, 3)
    work = lookup("models", name).work
    assert 0 < work(network.head, 100) < work(network.head, 5_000)


@pytest.mark.parametrize("name", NAMES)
def test_resolved_options_say_everything(name: str) -> None:
    options = resolved_options(Component(name=name), TABLE, "base")
    assert set(options) == set(lookup("models", name).options.model_fields)
