from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from small_problem import Squares, Table, network
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.training_spec import PlanSpec
from leadline.errors import UsageError
from leadline.nn.batch import Batch, Loss
from leadline.nn.rng import Rng
from leadline.training import plan_trials, timed_trials
from leadline.training.plan import ExecutionPlan
from leadline.training.plan_trials import choose_plan
from leadline.training.timed_trials import Outcome, PlanTrials, deviation
from sentences import says


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path))


def batch(rows: int = 32) -> Batch:
    return Table(rows).batch(torch.arange(rows))


def chosen(net: nn.Module, spec: PlanSpec, objective: object = None, **settings: object) -> ExecutionPlan:
    return choose_plan(net, objective or Squares(), batch(), spec, steps=100, **{"budget": 0.05, **settings})  # type: ignore[arg-type]


class Image(nn.Module):
    """A convolution with batch norm, whose running statistics a careless trial would change; and global random
    numbers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(8, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x[:, :9].reshape(-1, 1, 3, 3))


def test_every_candidate_is_timed_and_checked_and_nothing_is_touched() -> None:
    net = Image().eval()
    before = {name: x.clone() for name, x in net.state_dict().items()}
    state = torch.get_rng_state()
    threads, precision = torch.get_num_threads(), torch.backends.mkldnn.matmul.fp32_precision
    plan = chosen(net, PlanSpec(device="cpu", threads=1))
    assert {trial.candidate for trial in plan.trials} == {
        f"{p}{layout}, 1 thread"
        for p in ("float32", "bfloat16 matmuls", "bfloat16 autocast")
        for layout in ("", ", channels last")
    }
    assert all(trial.ms is not None and trial.ms > 0 for trial in plan.trials if trial.why is None)
    plain = next(trial for trial in plan.trials if trial.candidate == "float32, 1 thread")
    assert plain.gradient_error is not None
    assert plain.gradient_error < 1e-5  # only rounding: other masks of dropout would differ far more
    assert plan.name in {trial.candidate for trial in plan.trials}
    assert plan.gradient_noise is not None and plan.gradient_noise > 0
    assert re.fullmatch(r"fastest of \d tested, [\d.]+ ms per step", plan.because)
    assert all(torch.equal(x, before[name]) for name, x in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters()) and not net.training
    assert torch.equal(state, torch.get_rng_state())
    assert (threads, precision) == (torch.get_num_threads(), torch.backends.mkldnn.matmul.fp32_precision)


class WrongUnderAutocast(Squares):
    """A loss whose gradient is wrong in one precision, as a broken kernel would make it."""

    def loss(self, network: nn.Module, batch: Batch, player: str, rng: Rng) -> Loss:
        value_B, weight_B, parts = super().loss(network, batch, player, rng)
        wrong = torch.is_autocast_enabled("cpu")
        return Loss(value_B.detach() + 2 * (value_B - value_B.detach()) if wrong else value_B, weight_B, parts)


class FailsUnderAutocast(Squares):
    def loss(self, network: nn.Module, batch: Batch, player: str, rng: Rng) -> Loss:
        if torch.is_autocast_enabled("cpu"):
            raise RuntimeError("no kernel for bf16")
        return super().loss(network, batch, player, rng)


@pytest.mark.parametrize(
    ("objective", "why"), [(WrongUnderAutocast(), "too far"), (FailsUnderAutocast(), "no kernel for bf16")]
)
def test_a_planted_fault_is_found_and_never_taken(
    objective: Squares, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The faulty candidate would win by its speed.
    monkeypatch.setattr(PlanTrials, "sample", lambda self, plan: 1e-9 if plan.precision == "bf16" else 1.0)
    plan = chosen(network(), PlanSpec(device="cpu", threads=1), objective)
    faulty = next(trial for trial in plan.trials if trial.candidate.startswith("bfloat16 autocast,"))
    assert why in str(faulty.why) and faulty.ms is None
    assert plan.precision != "bf16"


@pytest.mark.parametrize(("share", "precision"), [(0.97, "fp32"), (0.9, "bf16")])
def test_lower_precision_must_win_clearly(share: float, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlanTrials, "sample", lambda self, plan: share if plan.precision == "bf16" else 1.0)
    assert chosen(network(), PlanSpec(device="cpu", threads=1)).precision == precision


def test_the_fastest_number_of_threads_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_trials.torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(PlanTrials, "sample", lambda self, plan: plan.threads)
    assert chosen(network(), PlanSpec(device="cpu")).threads == 1
    monkeypatch.setattr(PlanTrials, "sample", lambda self, plan: 1 / plan.threads)
    assert chosen(network(hidden=17), PlanSpec(device="cpu")).threads == 4


def test_compiling_is_tried_only_for_long_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed_trials, "compiled", lambda module: module)
    monkeypatch.setattr(plan_trials, "_can_compile", lambda device: True)
    monkeypatch.setattr(PlanTrials, "sample", lambda self, plan: 0.5 if plan.compile else 1.0)
    spec = PlanSpec(device="cpu", threads=1, precision="fp32")
    assert not choose_plan(network(), Squares(), batch(), spec, steps=500).compile  # type: ignore[arg-type]
    assert choose_plan(network(), Squares(), batch(), spec, steps=5000).compile  # type: ignore[arg-type]
    assert not choose_plan(
        network(), Squares(), batch(), spec.model_copy(update={"compile": False}), steps=5000
    ).compile  # type: ignore[arg-type]
    assert not choose_plan(network(), Squares(), batch(), spec, steps=5000, varied=True).compile  # type: ignore[arg-type]
    asked = choose_plan(
        network(), Squares(), batch(), PlanSpec(device="cpu", threads=1, compile=True), steps=1, varied=True
    )  # type: ignore[arg-type]
    assert asked.compile


def test_what_is_fixed_is_taken_without_timing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlanTrials, "run", None)
    spec = PlanSpec(device="cpu", precision="bf16", channels_last=True, compile=False, threads=1)
    plan = chosen(network(), spec)
    assert (plan.precision, plan.channels_last, plan.threads, plan.because) == (
        "bf16",
        True,
        1,
        say("training.plan-as-asked"),
    )
    plan = chosen(network(), PlanSpec(threads=2, device="cpu"), deterministic=True)
    assert (plan.precision, plan.channels_last, plan.compile, plan.threads, plan.deterministic) == (
        "fp32",
        False,
        False,
        2,
        True,
    )


def test_a_precision_that_was_asked_for_is_measured_and_kept() -> None:
    plan = chosen(network(), PlanSpec(device="cpu", threads=1, precision="bf16"), WrongUnderAutocast())
    assert plan.precision == "bf16"
    assert plan.trials[0].gradient_error is not None and plan.trials[0].gradient_error > 0.5


def test_a_plan_that_cannot_run_is_refused() -> None:
    with pytest.raises(UsageError, match=says("training.no-plan-works")):
        chosen(network(), PlanSpec(device="cpu", threads=1, precision="bf16"), FailsUnderAutocast())


def test_a_choice_is_kept_per_network_and_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = PlanSpec(device="cpu", threads=1, compile=False)
    first = chosen(network(), spec)
    monkeypatch.setattr(PlanTrials, "sample", lambda self, plan: 123.0)
    assert chosen(network(), spec) == first
    assert chosen(network(hidden=17), spec) != first
    assert choose_plan(network(), Squares(), batch(16), spec, steps=100) != first  # type: ignore[arg-type]


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(UsageError, match=says("training.device-unavailable", device="abacus")):
        chosen(network(), PlanSpec(device="abacus"))


def test_deviation_is_relative_and_sees_scale() -> None:
    def outcome(loss: float, *gradient: float) -> Outcome:
        return Outcome(torch.tensor(loss), [torch.tensor(gradient)])

    assert deviation(outcome(2.0, 3.0, 4.0), outcome(2.0, 3.0, 4.0)) == (0.0, 0.0)
    assert deviation(outcome(2.2, 3.3, 4.4), outcome(2.0, 3.0, 4.0)) == pytest.approx((0.1, 0.1))
    assert deviation(outcome(2.0, -4.0, 3.0), outcome(2.0, 3.0, 4.0))[1] == pytest.approx(2**0.5)
