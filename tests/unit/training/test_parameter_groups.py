"""Frozen parameters, rates by pattern and by layer, and L1."""

from __future__ import annotations

import pytest
import torch
from small_problem import Squares, Table, plain
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.core.registry import registered
from leadline.errors import UsageError
from leadline.models.build import build_encoder
from leadline.nn.batch import Batch, Loss, Signal, SignalSpec
from leadline.nn.fusion import fuse_by
from leadline.nn.network import InputEncoder, Network, linear_head
from leadline.nn.rng import Rng
from leadline.training.data_loader import DataLoader
from leadline.training.parameter_groups import ParameterGroups, distances, hidden_matrices


class Embedded(nn.Module):
    """A front with a parameter, as embeddings are."""

    def __init__(self) -> None:
        super().__init__()
        self.scale_F = nn.Parameter(torch.ones(1, 10))

    def forward(self, raw: Tensor) -> Signal:
        return Signal(raw * self.scale_F)


def body(norm: str = "batch") -> InputEncoder:
    mlp = Component(name="mlp", options={"hidden": (8, 6), "norm": norm})
    return build_encoder(mlp, SignalSpec("table", (10,)), Embedded(), "small")


def network(norm: str = "batch") -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = body(norm)
        return Network({"table": made}, linear_head(made.width, 1))


class OnTable(Squares):
    def loss(self, network: nn.Module, batch: Batch, player: str, rng: Rng) -> Loss:
        error_B = network(batch.inputs)[:, 0] - batch.target_B
        return Loss(error_B.square(), batch.weight_B, {})


def trained(net: nn.Module, optimizer: object = "sgd", steps: int = 3, **groups: object) -> nn.Module:
    step = plain(net, optimizer, objective=OnTable(), **groups)
    loader = DataLoader(Table(40), 10, 5)
    for at in range(steps):
        step(loader.at(at))
        net.eval()  # as validation does
    return net


def moved(net: nn.Module, **others: object) -> set[str]:
    before = {name: x.clone() for name, x in net.state_dict().items()}
    after = trained(net, **others).state_dict()
    return {name for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize("optimizer", registered("optimizers"))
def test_frozen_parameters_and_statistics_stay_as_they_are(optimizer: str) -> None:
    net = network()
    assert moved(net, optimizer=optimizer, freeze=("encoders.table.*",)) == {"head.weight", "head.bias"}
    assert [name for name, p in net.named_parameters() if p.requires_grad] == ["head.weight", "head.bias"]


def test_frozen_batch_norms_normalise_by_their_statistics_and_others_by_the_batch() -> None:
    net = network()
    first, second = (module for module in net.modules() if isinstance(module, nn.BatchNorm1d))
    step = plain(net, objective=OnTable(), freeze=("encoders.table.backbone.layers.1.*",))
    step(Table(8).batch(torch.arange(8)))
    assert (first.training, second.training) == (False, True)
    net.eval()
    step(Table(8).batch(torch.arange(8)))
    assert (first.training, second.training) == (False, True)
    assert int(first.num_batches_tracked) == 0
    assert int(second.num_batches_tracked) == 2


def test_freezing_only_weights_leaves_statistics_moving() -> None:
    seen = moved(network(), freeze=("*.weight",))
    assert not any(name.endswith(".weight") for name in seen)
    assert "encoders.0.backbone.layers.1.running_mean" in seen


def test_tied_weights_are_frozen_by_either_name() -> None:
    first, second = nn.Linear(10, 10), nn.Linear(10, 10)
    second.weight = first.weight
    net = nn.Sequential(first, second)
    ParameterGroups(freeze=("1.weight",)).freeze_in(net)
    assert not first.weight.requires_grad and first.bias.requires_grad


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ({"freeze": ("encoders.tabel.*",)}, r"freeze: .*'encoders.tabel.\*'.*'encoders.table.\*'"),
        ({"freeze": ("zzz",)}, r"Patterns that match: encoders.table.\*, head.\*"),
        ({"rates": {"haed.*": 0.1}}, r"training.lr_multipliers: .*'haed.\*'.*'head.\*'"),
        ({"freeze": ("*",)}, "no parameters are left to train"),
    ],
)
def test_patterns_that_make_no_sense_are_refused_with_the_names_there_are(groups: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ParameterGroups.model_validate(groups).freeze_in(network())


def test_names_with_dots_and_several_inputs() -> None:
    net = Network({"an.input": body(), "b": body()}, linear_head(12, 1))
    ParameterGroups(freeze=("encoders.an.input.*",)).freeze_in(net)
    assert {name.split(".")[1] for name, p in net.named_parameters() if not p.requires_grad} == {"0"}


def test_rates_multiply_where_several_patterns_match() -> None:
    net = network()
    factors = ParameterGroups(rates={"head.*": 0.5, "*.weight": 0.1, "*scale*": 0.0}).factors(net)
    found = {name: factors.get(p, 1.0) for name, p in net.named_parameters()}
    assert found["head.weight"] == pytest.approx(0.05)
    assert (
        found["head.bias"],
        found["encoders.0.preprocessor.scale_F"],
        found["encoders.0.backbone.layers.1.bias"],
    ) == (
        0.5,
        0.0,
        1.0,
    )


def test_a_rate_is_the_factor_of_a_step() -> None:
    whole, part = network("none"), network("none")
    start = network("none").state_dict()
    trained(whole, steps=1)
    trained(part, steps=1, lr_multipliers={"head.*": 0.25})
    for name, x in part.state_dict().items():
        share = 0.25 if name.startswith("head") else 1.0
        torch.testing.assert_close(
            x - start[name], share * (whole.state_dict()[name] - start[name]), rtol=1e-4, atol=1e-7
        )


def test_layers_learn_more_slowly_the_further_from_the_head_they_are() -> None:
    net = network()
    factors = ParameterGroups(layer_decay=0.5, rates={"head.bias": 2.0}).factors(net)
    assert {name: factors.get(p, 1.0) for name, p in net.named_parameters()} == {
        "encoders.0.preprocessor.scale_F": 0.125,
        "encoders.0.backbone.layers.0.weight": 0.25,
        "encoders.0.backbone.layers.1.weight": 0.25,
        "encoders.0.backbone.layers.1.bias": 0.25,
        "encoders.0.backbone.layers.3.weight": 0.5,
        "encoders.0.backbone.layers.4.weight": 0.5,
        "encoders.0.backbone.layers.4.bias": 0.5,
        "head.weight": 1.0,
        "head.bias": 2.0,
    }


def test_without_a_head_the_last_layer_is_one() -> None:
    plain_one = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 3), nn.Linear(3, 2))
    headless = Network({"table": body("none")}, nn.Identity())
    assert list(distances(plain_one).values()) == [2, 2, 1, 1, 0, 0]
    assert list(distances(headless).values()) == [2, 1, 1, 0, 0]
    assert hidden_matrices(plain_one) == {plain_one[1].weight}


def test_hidden_matrices_are_neither_front_nor_embedding_nor_head() -> None:
    net = network()
    assert {name for name, p in net.named_parameters() if p in hidden_matrices(net)} == {
        "encoders.0.backbone.layers.0.weight",
        "encoders.0.backbone.layers.3.weight",
    }
    words = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 4), nn.Linear(4, 2))
    assert hidden_matrices(words) == {words[1].weight}


@pytest.mark.parametrize("accumulate", [1, 3])
def test_l1_is_added_to_the_gradient_of_weights_and_logged(accumulate: int) -> None:
    net, oracle = network("none"), network("none")
    batch = Table(9).batch(torch.arange(9))
    step = plain(net, {"name": "sgd", "lr": 0.1}, objective=OnTable(), l1=0.02, accumulate=accumulate)
    names, sums_2K = step(batch)
    loss = OnTable().loss(oracle, batch, "network", Rng(0, 0, batch.row_B))
    l1 = 0.02 * sum(p.abs().sum() for p in oracle.parameters() if p.ndim > 1)
    mean = (loss.value_B * loss.weight_B).sum() / loss.weight_B.sum()
    (mean + l1).backward()
    assert not sums_2K.requires_grad
    seen = dict(zip(names, (sums_2K[0] / sums_2K[1].clamp_min(1e-30)).tolist(), strict=True))
    assert seen["l1"] == pytest.approx(l1.item(), rel=1e-5)
    assert seen["loss"] == pytest.approx(mean.item(), rel=1e-5)  # stays comparable with the loss on validation
    for p, q in zip(net.parameters(), oracle.parameters(), strict=True):
        torch.testing.assert_close(p.detach(), (q - 0.1 * q.grad).detach())


def test_l1_shrinks_what_does_not_matter() -> None:
    adam = {"name": "adam", "lr": 0.01}
    nets = [trained(network("none"), adam, 300, l1=l1) for l1 in (0.0, 0.05)]
    sums = [sum(float(p.detach().abs().sum()) for p in net.parameters()) for net in nets]
    assert sums[1] < 0.7 * sums[0]


def test_l1_where_no_weight_is_trained() -> None:
    assert moved(network("none"), freeze=("*.weight", "*scale*"), l1=0.1) == {
        "encoders.0.backbone.layers.0.bias",
        "encoders.0.backbone.layers.2.bias",
        "head.bias",
    }


def test_frozen_networks_resume_to_the_same_bits() -> None:
    groups = {
        "freeze": ("encoders.table.backbone.layers.0.*",),
        "lr_multipliers": {"head.*": 0.3},
        "layer_decay": 0.8,
        "l1": 0.01,
    }
    loader = DataLoader(Table(40), 10, 5)

    def fresh():
        return plain(network(), {"name": "muon"}, objective=OnTable(), **groups)

    whole, first, second = fresh(), fresh(), fresh()
    for at in range(8):
        whole(loader.at(at))
    for at in range(3):
        first(loader.at(at))
    tensors, scalars = first.state()
    second.load({name: x.clone() for name, x in tensors.items()}, scalars)
    for at in range(3, 8):
        second(loader.at(at))
    for a, b in zip(whole.network.state_dict().values(), second.network.state_dict().values(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(("fusion", "apart"), [("concat", 0), ("gated", 1), ("attention", 1)])
def test_what_fuses_inputs_by_matrices_is_a_layer_before_the_head(fusion: str, apart: int) -> None:
    made = fuse_by(Component(name=fusion))([body().width, body().width])
    net = Network({"a": body(), "b": body()}, linear_head(made.width, 1), fusion=made)
    found = distances(net)
    alone = distances(Network({"a": body()}, linear_head(body().width, 1)))
    assert {found[p] for p in net.head.parameters()} == {0}
    assert {found[p] for p in made.parameters()} == {apart}
    assert max(found.values()) == max(alone.values()) + apart
    assert set(hidden_matrices(net)) >= {p for p in made.parameters() if p.ndim > 1}
    ParameterGroups(freeze=("fusion.*",)).freeze_in(net)
    assert not any(p.requires_grad for p in made.parameters())
