"""Bodies, fusion and head as one module."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounter

from leadline.core.component import Component
from leadline.core.entries.renamed import tensor_name
from leadline.core.schema import InputSchema, Schema
from leadline.errors import UsageError
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.fusion import fuse_by
from leadline.nn.layers.dropout import Dropout
from leadline.nn.network import (
    InputEncoder,
    Network,
    assemble,
    linear_head,
    out_width,
    placeholder_inputs,
)
from leadline.nn.rng import Rng, seed_for, using_rng
from sentences import says

AWKWARD = ("a.b", "type", "encoders", "ein Bild", "")  # what PyTorch would refuse as the names of modules
BESIDE = fuse_by(Component(name="concat", options={"modality_dropout": 0}))


class Front(nn.Module):
    def forward(self, raw: Tensor) -> Signal:
        return Signal(raw.float())


class Backbone(nn.Module):
    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inside, outside), nn.BatchNorm1d(outside), Dropout(0.5))

    def forward(self, signal: Signal) -> Signal:
        return Signal(self.layers(signal.values))


def body(inside: int = 3, outside: int = 4, *, gives_outputs: bool = False) -> InputEncoder:
    return InputEncoder(Front(), Backbone(inside, outside), outside, gives_outputs=gives_outputs)


def schema(*names: str) -> Schema:
    return Schema(inputs=tuple(InputSchema(name=name, kind="table", fields=(), shape=(3,)) for name in names))


def two_inputs() -> tuple[Network, dict[str, Tensor]]:
    torch.manual_seed(0)
    network = assemble(schema("a.b", "type"), {"type": body(2, 5), "a.b": body()}, outputs=7, fuse=BESIDE)
    return network, {"type": torch.randn(6, 2), "a.b": torch.randn(6, 3)}


def test_features_lie_side_by_side_in_the_order_of_the_schema() -> None:
    network, inputs = two_inputs()
    network.eval()
    first, second = network.encoders
    expected = torch.cat([first(inputs["a.b"]), second(inputs["type"])], dim=1)
    assert torch.equal(network.features(inputs), expected)
    assert torch.equal(network(inputs), network.head(expected))
    assert network(inputs).shape == (6, 7)


def test_any_name_will_do_for_an_input() -> None:
    network = assemble(schema(*AWKWARD), {name: body() for name in AWKWARD}, outputs=2, fuse=BESIDE).eval()
    assert network({name: torch.randn(3, 3) for name in AWKWARD}).shape == (3, 2)


def test_last_comes_after_the_head() -> None:
    network = assemble(schema("x"), {"x": body()}, outputs=1, last=nn.Flatten(0)).eval()
    assert network({"x": torch.randn(5, 3)}).shape == (5,)


def test_a_body_that_gives_outputs_needs_no_head() -> None:
    network = assemble(schema("x"), {"x": body(3, 4, gives_outputs=True)}, outputs=4).eval()
    x = torch.randn(5, 3)
    assert torch.equal(network({"x": x}), network.encoders[0](x))


def test_a_body_that_gives_the_wrong_number_of_outputs_is_refused() -> None:
    with pytest.raises(UsageError, match=says("nn.headless-output-width", input="x", width=4, outputs=10)):
        assemble(schema("x"), {"x": body(gives_outputs=True)}, outputs=10)


def test_outputs_cannot_be_fused() -> None:
    with pytest.raises(UsageError, match=says("nn.headless-with-fusion", input="y", count=2)):
        assemble(schema("x", "y"), {"x": body(), "y": body(gives_outputs=True)}, outputs=4)


def test_each_dropout_draws_for_itself() -> None:
    network, _ = two_inputs()
    purposes = [m.purpose for m in network.modules() if isinstance(m, Dropout)]
    assert len(set(purposes)) == len(purposes) == 2


def test_parameters_are_counted_by_part() -> None:
    network, _ = two_inputs()
    counts = network.parameter_counts()
    # with what stands for absent features
    assert counts == {"a.b": 3 * 4 + 4 + 8, "type": 2 * 5 + 5 + 10, "head": 9 * 7 + 7 + 9}
    assert sum(counts.values()) == sum(p.numel() for p in network.parameters())


def test_an_input_called_head_is_counted_too() -> None:
    network = assemble(schema("head"), {"head": body()}, outputs=2)
    assert sum(network.parameter_counts().values()) == sum(p.numel() for p in network.parameters())


def test_copies_and_state_dicts_give_the_same_network() -> None:
    network, inputs = two_inputs()
    network.eval()
    expected = network(inputs)
    assert torch.equal(copy.deepcopy(network)(inputs), expected)
    other = assemble(schema("a.b", "type"), {"type": body(2, 5), "a.b": body()}, outputs=7, fuse=BESIDE).eval()
    other.load_state_dict(network.state_dict())
    assert torch.equal(other(inputs), expected)


def test_it_compiles_without_a_break_in_training_and_in_evaluation() -> None:
    network, inputs = two_inputs()

    def run(module: nn.Module, step: int) -> Tensor:
        rng = Rng(0, step, torch.arange(6))
        assert rng.state_B.shape == (6,)  # made out here: inside, the step would be a constant of the compiled code
        with using_rng(rng):
            out: Tensor = module(inputs)
        return out

    torch.compiler.assume_constant_result(seed_for)  # as training does: the compiler cannot look into a hash
    compilations = CompileCounter()
    compiled = torch.compile(network, backend=compilations, fullgraph=True)
    for training in (True, False):
        network.train(training)
        for step in range(4):
            torch.testing.assert_close(run(compiled, step), run(network, step))
    assert compilations.frame_count == 2  # once for each mode, not for each step


def test_a_fresh_head_prefers_nothing() -> None:
    torch.manual_seed(0)
    head = linear_head(64, 10)
    assert head.bias.abs().max() == 0
    assert head(torch.randn(500, 64)).std() < 1


def test_the_dry_run_leaves_no_trace() -> None:
    backbone = Backbone(3, 4)
    backbone.layers[1].eval()  # one part frozen by its owner stays so
    before = copy.deepcopy(backbone.state_dict())
    state = torch.random.get_rng_state()
    assert out_width(backbone, SignalSpec("table", (3,)), "net") == 4
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(before[k], v) for k, v in backbone.state_dict().items())
    assert backbone.training
    assert not backbone.layers[1].training


class Given(nn.Module):
    def __init__(self, out: object) -> None:
        super().__init__()
        self.out = out

    def forward(self, signal: Signal) -> object:
        return self.out


@pytest.mark.parametrize(
    ("out", "words"),
    [
        (Signal(torch.zeros(2, 3, 4)), r"shape \(2, 3, 4\) for 2 rows"),
        (Signal(torch.zeros(1, 3)), r"shape \(1, 3\) for 2 rows"),
        (torch.zeros(2, 3), "Tensor"),
        (None, "NoneType"),
    ],
)
def test_what_gives_no_features_is_refused(out: object, words: str) -> None:
    with pytest.raises(UsageError, match=f"'net' returns .*{words}"):
        out_width(Given(out), SignalSpec("table", (3,)), "net")


def test_whole_numbers_are_no_features() -> None:
    class Counts(nn.Module):
        def forward(self, signal: Signal) -> Signal:
            return Signal(signal.values.long())

    with pytest.raises(UsageError, match=says("nn.output-dtype", dtype="torch.int64")):
        out_width(Counts(), SignalSpec("table", (3,)), "counts")


def test_absent_rows_are_stood_in_for_by_those_before_them() -> None:
    x, there = torch.arange(5)[:, None], torch.tensor([False, True, False, False, True])
    assert placeholder_inputs(x, there).flatten().tolist() == [4, 1, 1, 1, 4]
    assert torch.equal(placeholder_inputs(x, torch.zeros(5, dtype=torch.bool)).flatten(), torch.tensor([0] * 5))
    pictures = torch.randn(5, 4, 4, 3).permute(0, 3, 1, 2)
    assert placeholder_inputs(pictures, there).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("old", "now"),
    [
        ("bodies.0.front.mean_K", "encoders.0.preprocessor.mean_K"),
        ("generator.bodies.1.front.fronts.date.weight", "generator.encoders.1.preprocessor.fronts.date.weight"),
        ("bodies.*.front.*", "encoders.*.preprocessor.*"),
        ("bodies.image.front", "encoders.image.preprocessor"),
        ("bodies.front.backbone.*", "encoders.front.backbone.*"),
        ("bodies.0.preprocessor.fronts.x", "encoders.0.preprocessor.fronts.x"),
        ("head.front.weight", "head.front.weight"),
    ],
)
def test_names_of_version_0_1_are_those_of_today(old: str, now: str) -> None:
    assert tensor_name(old) == now
