"""Optimizers of one's own: their options, groups of parameters, and a state that checkpoints bring back to the bit."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.errors import UsageError
from leadline.training.optim import optimizer, resolved_optimizer
from leadline.training.optim.own import component_of
from sentences import says


class Counting(torch.optim.Optimizer):
    """Steps that shrink with a count in the state, as a plain number, and a scale in the group that grows."""

    def __init__(self, params: Any, lr: float = 0.1, betas: tuple[float, float] = (0.5, 0.9)) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "scale": 1.0})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            group["scale"] *= 1.1
            for p in group["params"]:
                state = self.state[p]
                state["count"] = state.get("count", 0) + 1
                p.sub_(p.grad, alpha=group["lr"] * group["scale"] / state["count"])


class Forgetful(Counting):
    """Keeps its count where no checkpoint looks."""

    count = 0

    def __init__(self, params: Any, lr: float = 0.1) -> None:
        super().__init__(params, lr)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        self.count += 1
        for group in self.param_groups:
            for p in group["params"]:
                p.sub_(p.grad, alpha=group["lr"] / self.count)


class Still(Counting):
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        pass


class Rateless(Counting):
    def __init__(self, params: Any, eta: float = 0.1) -> None:
        super().__init__(params, eta)


def no_optimizer(params: Any, lr: float = 0.1) -> str:
    return "none"


def options_for(given: Any, **more: Any) -> Any:
    component = Component(name=given) if isinstance(given, str) else component_of(given)
    return optimizer(component.model_copy(update={"options": {**component.options, **more}}))


def test_every_option_is_written_out_and_read_again() -> None:
    resolved = resolved_optimizer(component_of(partial(torch.optim.SGD, momentum=0.9)))
    assert resolved.name == "torch.optim.sgd:SGD"
    assert (resolved.options["lr"], resolved.options["momentum"], resolved.options["nesterov"]) == (1e-3, 0.9, False)
    assert resolved_optimizer(resolved) == resolved


def test_a_rate_that_is_to_be_found_stays_so() -> None:
    component = Component(name="torch.optim:SGD", options={"lr": "auto"})
    assert resolved_optimizer(component).options["lr"] == "auto"


def test_groups_have_rates_and_vectors_no_decay() -> None:
    weight, bias = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2))
    own = options_for(torch.optim.AdamW, lr=0.1, weight_decay=0.5)
    groups = own.over([weight, bias], {bias: 0.5}).param_groups
    assert [(g["lr"], g["weight_decay"], g["rate"]) for g in groups] == [(0.1, 0.5, 1.0), (0.05, 0.0, 0.5)]
    every = options_for(torch.optim.AdamW, weight_decay=0.5, decay_vectors=True)
    assert [g["weight_decay"] for g in every.over([weight, bias]).param_groups] == [0.5]


def test_it_is_the_optimizer_itself() -> None:
    own, plain = nn.Parameter(torch.ones(3, 2)), nn.Parameter(torch.ones(3, 2))
    running = options_for(torch.optim.NAdam, lr=0.1).over([own])
    theirs = torch.optim.NAdam([plain], lr=0.1)
    for p, one in ((own, running), (plain, theirs)):
        for number in range(3):
            p.grad = torch.full_like(p, 1.0 + number)
            one.step()
    assert torch.equal(own, plain)


def test_numbers_and_groups_come_back_with_a_checkpoint() -> None:
    resolved = resolved_optimizer(component_of(Counting))
    assert resolved.options["betas"] == [0.5, 0.9]
    own = optimizer(resolved)
    p = nn.Parameter(torch.ones(2, 2))
    running, again = own.over([p]), own.over([p])
    p.grad = torch.ones_like(p)
    running.step()
    kept = own.numbers(running, {p: "w"})
    assert kept["state"] == {"w": {"count": 1}}
    own.load_numbers(again, {p: "w"}, {"state": kept["state"], "groups": [{**kept["groups"][0], "betas": [0.5, 0.9]}]})
    assert again.state[p] == {"count": 1}
    assert (again.param_groups[0]["scale"], again.param_groups[0]["betas"]) == (1.1, (0.5, 0.9))


@pytest.mark.parametrize(
    "kind", [torch.optim.Adagrad, torch.optim.RAdam, torch.optim.ASGD, torch.optim.Adafactor, torch.optim.Rprop]
)
def test_pytorchs_own_pass_the_trial(kind: type[torch.optim.Optimizer]) -> None:
    assert resolved_optimizer(component_of(kind)).options["lr"] > 0


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (torch.optim.SGD([nn.Parameter(torch.ones(1))]), "training.own-optimizer-bound"),
        (3, "training.own-optimizer-not-callable"),
        (nn.Linear, "training.own-optimizer-none"),
        (no_optimizer, "training.own-optimizer-none"),
        (torch.optim.LBFGS, "training.own-optimizer-fails"),
        (Still, "training.own-optimizer-moves-nothing"),
        (Forgetful, "training.own-optimizer-not-resumed"),
        (Rateless, "training.own-optimizer-no-rate"),
        (partial(torch.optim.Adam, betas=(2.0, 0.9)), "training.own-optimizer-not-built"),
        (partial(torch.optim.Adam, beta=0.9), "core.own-no-option"),
    ],
)
def test_what_cannot_train_or_be_resumed_is_refused(given: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=says(sentence)):
        resolved_optimizer(component_of(given))


def test_a_wrong_rate_is_an_option_that_is_wrong() -> None:
    with pytest.raises(UsageError, match=says("options.wrong-option", entry="lr", item="torch.optim.sgd:SGD")):
        options_for(torch.optim.SGD, lr="fast")


def test_the_count_of_steps_stays_where_pytorch_has_it() -> None:
    p = nn.Parameter(torch.ones(2))
    own = options_for(torch.optim.Adam)
    running = own.over([p])
    p.grad = torch.ones(2)
    running.step()
    step: Tensor = running.state[p]["step"]
    assert step.device.type == "cpu"
