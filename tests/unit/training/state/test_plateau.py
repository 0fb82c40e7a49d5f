"""The schedule that waits for validation: when it drops, and that a resumed run drops alike."""

from __future__ import annotations

import pytest
from small_problem import Table, network, plain

from leadline.core.component import Component
from leadline.training.data_loader import DataLoader
from leadline.training.schedule import schedule
from leadline.training.state.plateau import PlateauWatch
from leadline.training.steps.plain import PlainStep

MONITORS = {"loss": "lower", "accuracy": "higher"}


def watched(**options: object) -> tuple[PlateauWatch, PlainStep]:
    component = Component(name="plateau", options=options)
    step = plain(network(), {"name": "sgd", "lr": 0.1}, schedule=component, total=10)
    return PlateauWatch(schedule(component), MONITORS, step), step


def rates(watch: PlateauWatch, step: PlainStep, values: list[float], on: str = "loss") -> list[float]:
    seen = []
    for value in values:
        step.progress.step += 1
        watch.look({on: value})
        seen.append(step.progress.rate)
    return seen


def test_it_drops_after_so_many_epochs_without_a_better_value_and_waits_anew() -> None:
    losses = [5.0, 4.0, 4.0, 4.5, 3.0, 3.0, 3.0, 3.0, 3.0]
    assert rates(*watched(patience=2, factor=0.5), losses) == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]


def test_what_is_better_depends_on_the_measure_and_the_tolerance() -> None:
    rising = [0.5, 0.6, 0.7, 0.8]
    assert rates(*watched(patience=1, monitor="accuracy"), rising, "accuracy") == [1, 1, 1, 1]
    assert rates(*watched(patience=1), rising) == pytest.approx([1, 0.1, 0.01, 0.001])
    assert rates(*watched(patience=1, monitor="accuracy", min_delta=0.15), rising, "accuracy") == pytest.approx(
        [1, 0.1, 0.1, 0.01]
    )


def test_it_never_falls_below_its_end() -> None:
    assert rates(*watched(patience=1, end_factor=0.05), [1.0] * 4) == [1, 0.1, 0.05, 0.05]


def test_epochs_of_the_warm_up_do_not_count() -> None:
    assert rates(*watched(patience=1, warmup=0.3, factor=0.5), [1.0] * 6) == [1, 1, 1, 1, 0.5, 0.25]


def test_a_value_that_is_not_a_number_is_not_better() -> None:
    assert rates(*watched(patience=1, factor=0.5), [1.0, float("nan")]) == [1, 0.5]


def test_the_learning_rate_of_a_step_is_that_of_the_plateau() -> None:
    watch, step = watched(patience=1, factor=0.5)
    loader = DataLoader(Table(8), 8, 5)
    for at in range(3):
        step(loader.at(at))
        watch.look({"loss": 1.0})
    step(loader.at(3))
    assert step.lr == pytest.approx(0.1 * 0.25)


def test_its_past_survives_in_a_checkpoint() -> None:
    losses = [5.0, 4.0, 4.0, 4.5, 3.0, 3.0, 3.0, 3.0]
    whole = rates(*watched(patience=2), losses)
    first, step = watched(patience=2)
    rates(first, step, losses[:3])
    second, other = watched(patience=2)
    other.load(*step.state())
    second.load(*first.state())
    assert rates(second, other, losses[3:]) == whole[3:]


def test_other_schedules_need_no_past() -> None:
    step = plain(network())
    watch = PlateauWatch(schedule(Component(name="constant")), MONITORS, step)
    watch.look({})
    watch.load(*watch.state())
    assert watch.state() == ({}, {}) and step.progress.rate == 1
