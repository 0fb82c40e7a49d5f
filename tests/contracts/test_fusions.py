"""What every fusion in the registry promises, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.core.registry import registered
from leadline.core.schema import InputSchema, Schema
from leadline.nn.batch import PRESENT, Signal
from leadline.nn.fusion import checked_fusion, fuse_by
from leadline.nn.layers.dropout import Dropout
from leadline.nn.network import InputEncoder, Network, assemble
from leadline.nn.rng import Rng, using_rng

NAMES = tuple(registered("fusions"))
WIDTHS = {"photo": 5, "text": 7, "table": 4}


class Front(nn.Module):
    def forward(self, raw: Tensor) -> Signal:
        return Signal(raw.float())


class Backbone(nn.Module):
    """Any layers over the values of a signal."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, signal: Signal) -> Signal:
        return Signal(self.layers(signal.values))


def network(fusion: str, *, norm: bool = False, dropout: float = 0.0) -> Network:
    torch.manual_seed(1)
    encoders = {
        name: InputEncoder(
            Front(), Backbone(nn.Linear(3, width), *([nn.BatchNorm1d(width)] if norm else []), Dropout(dropout)), width
        )
        for name, width in WIDTHS.items()
    }
    schema = Schema(inputs=tuple(InputSchema(name=name, kind="table", fields=(), shape=(3,)) for name in WIDTHS))
    options = {"modality_dropout": dropout, "feature_dropout": dropout}
    if "width" in type(checked_fusion(Component(name=fusion))).model_fields:
        options["width"] = 8
    return assemble(
        schema, encoders, outputs=2, fuse=fuse_by(Component(name=fusion, options=options), [True, True, False])
    )


def rows(count: int = 8) -> dict[str, Tensor]:
    torch.manual_seed(2)
    present = torch.rand(count, 3) < 0.6
    present[torch.arange(count), torch.arange(count) % 3] = True  # of each row something is there
    return {name: torch.randn(count, 3) for name in WIDTHS} | {PRESENT: present}


def changed_where_absent(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found = dict(inputs)
    for k, name in enumerate(WIDTHS):
        found[name] = torch.where(inputs[PRESENT][:, k, None], inputs[name], 1e6 * torch.randn(len(inputs[name]), 3))
    return found


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("fusion", NAMES)
def test_what_stands_in_the_place_of_an_absent_input_has_no_effect(fusion: str, training: bool) -> None:
    inputs = rows()
    net = network(fusion, norm=True).train(training)
    assert torch.equal(net(inputs), net(changed_where_absent(inputs)))


@pytest.mark.parametrize("fusion", NAMES)
def test_an_absent_input_is_missed(fusion: str) -> None:
    inputs = rows()
    net = network(fusion).eval()
    assert not torch.allclose(net(inputs), net({**inputs, PRESENT: torch.ones(8, 3, dtype=torch.bool)}))


@pytest.mark.parametrize("fusion", NAMES)
def test_a_row_depends_on_no_other(fusion: str) -> None:
    inputs = rows()
    net = network(fusion).eval()
    assert torch.allclose(net(inputs)[3:4], net({name: x[3:4] for name, x in inputs.items()}), atol=1e-6)


@pytest.mark.parametrize("fusion", NAMES)
def test_a_gradient_reaches_every_parameter(fusion: str) -> None:
    net = network(fusion)
    net(rows()).square().sum().backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("fusion", NAMES)
def test_a_row_without_any_input_has_finite_scores(fusion: str) -> None:
    net = network(fusion)
    scores = net({**rows(), PRESENT: torch.zeros(8, 3, dtype=torch.bool)})
    scores.sum().backward()
    assert scores.isfinite().all()
    assert all(p.grad is None or bool(p.grad.isfinite().all()) for p in net.parameters())


@pytest.mark.parametrize("fusion", NAMES)
def test_micro_batches_lose_what_the_whole_batch_does(fusion: str) -> None:
    net, inputs, row_B = network(fusion, dropout=0.4).train(), rows(), torch.arange(8)

    def scores(of: slice) -> Tensor:
        with using_rng(Rng(0, 5, row_B[of])):
            found: Tensor = net({name: x[of] for name, x in inputs.items()})
        return found

    whole = scores(slice(None))
    assert torch.allclose(whole, torch.cat([scores(slice(0, 3)), scores(slice(3, 8))]), atol=1e-6)
    assert not torch.allclose(whole, net.eval()(inputs))


@pytest.mark.parametrize("fusion", NAMES)
def test_nothing_is_left_out_outside_of_training(fusion: str) -> None:
    net, inputs = network(fusion, dropout=0.9).eval(), rows()
    inputs.pop(PRESENT)
    everything = {**inputs, PRESENT: torch.ones(8, 3, dtype=torch.bool)}
    assert torch.equal(net.features(inputs), net.features(everything))
    assert torch.equal(net.features(inputs), net.features(inputs))
