from __future__ import annotations

import math

import pytest
import torch

from leadline.errors import UsageError
from leadline.facts.component import Component
from leadline.training.schedule import SCHEDULES, resolved_schedule, schedule


def factors(total: int, name: str, **options: float) -> list[float]:
    chosen = schedule(Component(name=name, options=options))
    return [chosen.factor(step, total) for step in range(total)]


def test_constant() -> None:
    assert factors(4, "constant") == [1, 1, 1, 1]
    assert factors(6, "constant", warm_up=0.5) == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1])


def test_cosine_is_half_a_cosine_to_its_final_value() -> None:
    assert factors(5, "cosine") == pytest.approx([0.5 * (1 + math.cos(math.pi * k / 4)) for k in range(5)])
    assert factors(5, "cosine", final=0.1)[-1] == pytest.approx(0.1)


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


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("total", [1, 2, 7])
def test_short_runs_have_a_learning_rate(name: str, total: int) -> None:
    seen = factors(total, name, warm_up=0.3)
    assert all(0 <= f <= 1 for f in seen) and seen[0] > 0


def test_wrong_names_and_options_are_explained() -> None:
    with pytest.raises(UsageError, match="Did you mean 'cosine'"):
        schedule(Component(name="cosin"))
    with pytest.raises(UsageError, match=r"'warmup'.*Did you mean 'warm_up'"):
        schedule(Component(name="one_cycle", options={"warmup": 0.1}))


def test_resolving_writes_every_default() -> None:
    assert resolved_schedule(Component(name="cosine")).options == {"warm_up": 0.0, "final": 0.0}
