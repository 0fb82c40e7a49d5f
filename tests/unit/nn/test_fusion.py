"""Fusion of several inputs: what is absent counts for nothing, what is there counts as the paper says."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.core.schema import InputSchema, Schema
from leadline.errors import UsageError
from leadline.nn.batch import PRESENT, Signal
from leadline.nn.fusion import Common, Concat, Fusion, Gated, Options, SideBySide, checked_fusion, fuse_by, left
from leadline.nn.layers.dropout import Dropout
from leadline.nn.network import Body, Network, assemble, placeholder_inputs
from leadline.nn.rng import Rng, using_rng

NAMES = ("concat", "gated", "attention")
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
    bodies = {
        name: Body(
            Front(), Backbone(nn.Linear(3, width), *([nn.BatchNorm1d(width)] if norm else []), Dropout(dropout)), width
        )
        for name, width in WIDTHS.items()
    }
    schema = Schema(inputs=tuple(InputSchema(name=name, kind="table", fields=(), shape=(3,)) for name in WIDTHS))
    options = {"dropout": dropout, "features": dropout} | ({} if fusion == "concat" else {"width": 8})
    return assemble(
        schema, bodies, outputs=2, fuse=fuse_by(Component(name=fusion, options=options), [True, True, False])
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


def test_inputs_are_left_out_at_the_rate_and_never_all_of_them() -> None:
    present = torch.ones(20_000, 2, dtype=torch.bool)
    present[::4, 0] = False
    kept = left(present, 0.3, Rng(0, 1, torch.arange(20_000)))
    assert kept.any(1).all() and not (kept & ~present).any()
    # Of two inputs both are drawn to go in 9 % of rows, and then one of them stays.
    assert float(kept[present.all(1)].float().mean()) == pytest.approx(1 - (0.3 - 0.09 / 2), abs=0.01)


def test_what_is_left_out_depends_on_seed_step_and_row_alone() -> None:
    row_B = torch.arange(50)
    present = torch.ones(50, 3, dtype=torch.bool)
    kept = left(present, 0.5, Rng(7, 3, row_B))
    turned = row_B.flip(0)
    assert torch.equal(left(present, 0.5, Rng(7, 3, turned)).flip(0), kept)
    assert not torch.equal(left(present, 0.5, Rng(7, 4, row_B)), kept)
    assert not torch.equal(left(present, 0.5, Rng(8, 3, row_B)), kept)


def test_nothing_is_left_out_outside_of_training() -> None:
    net, inputs = network("concat", dropout=0.9).eval(), rows()
    inputs.pop(PRESENT)
    assert torch.equal(
        net.features(inputs), torch.cat([body(inputs[name]) for name, body in zip(WIDTHS, net.bodies, strict=True)], 1)
    )


def test_concatenation_puts_learned_numbers_in_the_place_of_an_absent_input() -> None:
    fusion = Concat([2, 1], Options(dropout=0))
    with torch.no_grad():
        fusion.absent_F.copy_(torch.tensor([7.0, 8.0, 9.0]))
    present = torch.tensor([[True, False], [False, True]])
    fused = fusion([torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[5.0], [6.0]])], present)
    assert fused.tolist() == [[1, 2, 9], [7, 8, 6]]


def test_fitted_models_are_told_of_absence_by_nan() -> None:
    fused = SideBySide([1, 1])([torch.ones(2, 1), torch.ones(2, 1)], torch.tensor([[True, False], [True, True]]))
    assert torch.equal(fused.isnan(), torch.tensor([[False, True], [False, False]]))


def test_two_gated_inputs_are_weighted_as_in_the_paper() -> None:
    """Arevalo et al. 2017, equation 1: z h_1 + (1 - z) h_2 with z = σ(W [x_1, x_2]); here W is the difference of two
    maps.
    """
    torch.manual_seed(0)
    fusion = Gated([3, 2], Common(width=4, dropout=0))
    first, second = torch.randn(5, 3), torch.randn(5, 2)
    one, other = fusion.gates(torch.cat([first, second], 1)).split(4, 1)
    z = torch.sigmoid(one - other)
    expected = z * torch.tanh(fusion.ways[0](first)) + (1 - z) * torch.tanh(fusion.ways[1](second))
    assert torch.allclose(fusion([first, second]), expected, atol=1e-6)


def test_attention_looks_at_what_is_there_only() -> None:
    torch.manual_seed(0)
    fusion: Fusion = fuse_by(Component(name="attention", options={"width": 8, "dropout": 0}))([3, 3])
    parts = [torch.randn(4, 3), torch.randn(4, 3)]
    one = fusion(parts, torch.tensor([[True, False]] * 4))
    alone = fusion([parts[0], torch.zeros(4, 3)], torch.tensor([[True, False]] * 4))
    assert torch.equal(one, alone)
    assert not torch.allclose(one, fusion(parts))


@pytest.mark.parametrize(
    ("fusion", "words"),
    [
        ({"name": "gatd"}, "network.fusion: .*'gated'"),
        ({"name": "gated", "wdth": 3}, "'gated' has no option 'wdth'.*'width'"),
        ({"name": "concat", "dropout": 1}, "dropout: .*less than 1"),
        ({"name": "concat", "width": 8}, "'concat' has no option 'width'"),
        ({"name": "attention", "width": 10, "heads": 4}, "4 heads cannot share a width of 10"),
    ],
)
def test_a_fusion_that_cannot_be_is_refused(fusion: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        fuse_by(Component.model_validate(fusion))([3, 3])


def test_options_have_defaults() -> None:
    assert checked_fusion(Component(name="gated")).model_dump() == {**Options().model_dump(), "width": 128}


def test_features_of_media_are_dropped_in_training_and_those_of_tables_are_not() -> None:
    fusion = Concat([100, 100], Options(dropout=0, features=0.5), [True, False])
    parts = [torch.ones(50, 100), torch.ones(50, 100)]
    with using_rng(Rng(0, 0, torch.arange(50))):
        medium, table = fusion(parts).split(100, 1)
    assert float((medium == 0).float().mean()) == pytest.approx(0.5, abs=0.05)
    assert torch.equal(table, parts[1])
    assert torch.equal(fusion.eval()(parts), torch.ones(50, 200))


def test_absent_rows_are_stood_in_for_by_those_before_them() -> None:
    x, there = torch.arange(5)[:, None], torch.tensor([False, True, False, False, True])
    assert placeholder_inputs(x, there).flatten().tolist() == [4, 1, 1, 1, 4]
    assert torch.equal(placeholder_inputs(x, torch.zeros(5, dtype=torch.bool)).flatten(), torch.tensor([0] * 5))
    pictures = torch.randn(5, 4, 4, 3).permute(0, 3, 1, 2)
    assert placeholder_inputs(pictures, there).is_contiguous(memory_format=torch.channels_last)
