from __future__ import annotations

import math

import pytest
import torch

from leadline.core.component import Component
from leadline.core.registry_tables import TABLES
from leadline.errors import UsageError
from leadline.training.schedule import resolved_schedule, schedule
from sentences import says


def factors(total: int, name: str, **options: object) -> list[float]:
    chosen = schedule(Component(name=name, options=options))
    return [chosen.multiplier(step, total) for step in range(total)]


def test_constant() -> None:
    assert factors(4, "constant") == [1, 1, 1, 1]
    assert factors(6, "constant", warmup=0.5) == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1])


def test_cosine_is_half_a_cosine_to_its_final_value() -> None:
    assert factors(5, "cosine") == pytest.approx([0.5 * (1 + math.cos(math.pi * k / 4)) for k in range(5)])
    assert factors(5, "cosine", end_factor=0.1)[-1] == pytest.approx(0.1)


def test_one_cycle_climbs_to_the_top_and_comes_down() -> None:
    seen = factors(100, "one_cycle")
    top = seen.index(max(seen))
    assert max(seen) == pytest.approx(1) and top == 30
    assert seen[:top] == sorted(seen[:top]) and seen[top:] == sorted(seen[top:], reverse=True)
    assert seen[0] == pytest.approx(0.04, abs=0.01) and seen[-1] == pytest.approx(1e-4)


@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step.*")
def test_one_cycle_agrees_with_pytorch_where_it_comes_down() -> None:
    total = 201
    running = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    oracle = torch.optim.lr_scheduler.OneCycleLR(
        running, max_lr=1.0, total_steps=total, pct_start=0.3, div_factor=25, final_div_factor=400, cycle_momentum=False
    )
    expected = []
    for _ in range(total):
        expected.append(running.param_groups[0]["lr"])
        oracle.step() if len(expected) < total else None
    assert factors(total, "one_cycle") == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("name", TABLES["schedules"])
@pytest.mark.parametrize("total", [1, 2, 7])
def test_short_runs_have_a_learning_rate(name: str, total: int) -> None:
    seen = factors(total, name, warmup=0.3)
    assert all(0 <= f <= 1 for f in seen) and seen[0] > 0


def test_wrong_names_and_options_are_explained() -> None:
    with pytest.raises(UsageError, match=says("core.unknown-item", suggestion="Did you mean 'cosine'?")):
        schedule(Component(name="cosin"))
    with pytest.raises(UsageError, match=says("options.unknown-option", name="warmpu", hint="Did you mean 'warmup'?")):
        schedule(Component(name="one_cycle", options={"warmpu": 0.1}))


def test_linear_is_a_line_to_its_final_value() -> None:
    assert factors(5, "linear") == pytest.approx([1, 0.75, 0.5, 0.25, 0])
    assert factors(5, "linear", end_factor=0.2) == pytest.approx([1, 0.8, 0.6, 0.4, 0.2])
    assert factors(6, "linear", warmup=0.5) == pytest.approx([0.25, 0.5, 0.75, 1, 0.5, 0])


def test_exponential_loses_the_same_share_in_every_step() -> None:
    assert factors(4, "exponential", end_factor=0.001) == pytest.approx([1, 0.1, 0.01, 0.001])
    assert factors(3, "exponential", end_factor=100.0) == pytest.approx([1, 10, 100])


def test_step_drops_at_its_moments() -> None:
    assert factors(8, "step") == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])
    assert factors(4, "step", gamma=0.5, milestones=[0.25]) == pytest.approx([1, 0.5, 0.5, 0.5])
    assert factors(4, "step", milestones=[0.25, 0.5, 0.75], end_factor=0.05) == pytest.approx([1, 0.1, 0.05, 0.05])


@pytest.mark.parametrize(("epochs", "every", "per_epoch"), [(10, 3, 7), (9, 3, 11), (7, 1, 13), (30, 10, 1), (4, 5, 2)])
def test_moments_in_epochs_are_the_first_steps_after_them(epochs: int, every: int, per_epoch: int) -> None:
    resolved = resolved_schedule(Component(name="step", options={"step_size": every, "gamma": 0.5}), epochs)
    total = epochs * per_epoch
    seen = [schedule(resolved).multiplier(step, total) for step in range(total)]
    assert seen == [0.5 ** (step // per_epoch // every) for step in range(total)]
    assert resolved.options["step_size"] is None and resolved_schedule(resolved, epochs) == resolved


def test_plateau_is_level_until_it_drops() -> None:
    assert factors(4, "plateau", warmup=0.5) == pytest.approx([1 / 3, 2 / 3, 1, 1])
    plateau = schedule(Component(name="plateau", options={"factor": 0.5, "end_factor": 0.2}))
    past = plateau.remembered("lower")
    assert plateau.watches == "loss" and plateau.lowered(past) == 1
    assert [plateau.lowered({**past, "drops": times}) for times in range(4)] == [1, 0.5, 0.25, 0.2]
    assert schedule(Component(name="cosine")).watches is None


def test_resolving_writes_every_default() -> None:
    assert resolved_schedule(Component(name="cosine"), 3).options == {"warmup": 0.0, "end_factor": 0.0}
