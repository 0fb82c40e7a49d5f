"""What every family promises that forecasts and is fitted rather than stepped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.core.registry import lookup, registered
from leadline.errors import UsageError
from leadline.models.build import build_encoder, resolved_options
from leadline.models.contract import Sample
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.forecaster import Forecasts
from leadline.nn.network import Network
from leadline.run.run import load_weights, save_weights

SPEC = SignalSpec("sequence", (20, 3), ahead=4, past=20, aims=(0, 2))
NAMES = [
    name
    for name in sorted(registered("models"))
    if lookup("models", name).forecasts and lookup("models", name).fit is not None
]


class Front(nn.Module):
    def forward(self, raw: Tensor) -> Signal:
        return Signal(raw)


def network_for(name: str, spec: SignalSpec = SPEC) -> Network:
    body = build_encoder(Component(name=name), spec, Front(), "small")
    return Network({"x": body}, nn.Identity(), Forecasts([3.0, -1.0], [2.0, 0.5], spec.ahead)).eval()


def windows(count: int = 120, seed: int = 0) -> Callable[[], Iterator[Sample]]:
    """Waves of period 5 with a little noise, some targets missing, in blocks of 50."""
    rng = np.random.default_rng(seed)
    time_nT = rng.integers(0, 1000, (count, 1)) + np.arange(24)
    x_nTF = np.stack(
        [np.sin(2 * np.pi * time_nT / 5), rng.normal(size=time_nT.shape), np.cos(2 * np.pi * time_nT / 5)], 2
    )
    x_nTF = (x_nTF + 0.05 * rng.normal(size=x_nTF.shape)).astype(np.float32)
    target_nHV = x_nTF[:, 20:][..., [0, 2]].copy()
    target_nHV[rng.random(target_nHV.shape) < 0.05] = np.nan

    def read() -> Iterator[Sample]:
        for start in range(0, count, 50):
            some = slice(start, start + 50)
            yield Sample(x_nTF[some, :20], target_nHV[some], np.ones(len(x_nTF[some]), dtype=np.float32))

    return read


def fitted(name: str) -> Network:
    network = network_for(name)
    lookup("models", name).fit(network.encoders[0].backbone, windows(), windows(seed=1), 0)
    return network


@pytest.mark.parametrize("name", NAMES)
def test_it_forecasts_every_step_and_variable_and_every_number_of_it(name: str) -> None:
    x_BTF = torch.from_numpy(next(windows()()).x_nF)
    assert fitted(name)({"x": x_BTF}).shape == (50, 4, 2)
    three = network_for(name, SPEC._replace(each=3)).features({"x": x_BTF}).view(50, 4, 2, 3)
    assert torch.equal(three[..., 0], three[..., 2])  # it has no quantiles of its own


@pytest.mark.parametrize("name", [name for name in NAMES if name != "naive"])
def test_waves_go_on(name: str) -> None:
    network, block = fitted(name), next(windows(seed=2)())
    forecast_BHV = network({"x": torch.from_numpy(block.x_nF)})
    target_BHV = torch.from_numpy(block.target_n) * torch.tensor([2.0, 0.5]) + torch.tensor([3.0, -1.0])
    assert (forecast_BHV - target_BHV).nan_to_num().abs().mean() < 0.1


@pytest.mark.parametrize("name", NAMES)
def test_fitting_again_gives_the_same_and_weights_survive_saving(name: str, tmp_path: Path) -> None:
    network, other = fitted(name), network_for(name)
    x = {"x": torch.from_numpy(next(windows()()).x_nF)}
    assert torch.equal(network(x), fitted(name)(x))
    save_weights(network, tmp_path / "w.safetensors")
    load_weights(other, tmp_path / "w.safetensors")
    assert torch.equal(network(x), other(x))


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_exported_for_any_number_of_rows(name: str) -> None:
    network, x_BTF = fitted(name), torch.from_numpy(next(windows()()).x_nF)
    dynamic = ({"x": {0: torch.export.Dim("rows", min=1)}},)
    exported = torch.export.export(network, ({"x": x_BTF},), dynamic_shapes=dynamic).module()
    torch.testing.assert_close(exported({"x": x_BTF[:7]}), network({"x": x_BTF[:7]}))


@pytest.mark.parametrize("name", NAMES)
def test_resolved_options_say_everything(name: str) -> None:
    options = resolved_options(Component(name=name), SPEC, "base")
    assert set(options) == set(lookup("models", name).options.model_fields)
    assert lookup("models", name).work(network_for(name).encoders[0].backbone, 1000) >= 0


@pytest.mark.parametrize("name", [name for name in sorted(registered("models")) if lookup("models", name).forecasts])
def test_where_nothing_is_forecast_other_families_are_named(name: str) -> None:
    with pytest.raises(UsageError, match="rnn") as error:
        build_encoder(Component(name=name), SignalSpec("sequence", (20, 3)), Front(), "base")
    assert "dlinear" not in str(error.value).partition("These take")[2]
