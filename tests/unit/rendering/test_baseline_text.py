"""What is said of simpler models: that one does as well, that one is better, or that none is."""

from __future__ import annotations

from typing import Any

from declared import METRICS, starts, told

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Reproduction
from leadline.core.report import Report, RunFacts
from leadline.rendering.baseline_text import baseline_text, single_column_text


def report(
    chosen: str, worse: tuple[str, ...], command: str | None = None, **gains: tuple[float, float, float]
) -> Report:
    findings = []
    for name, (value, low, high) in gains.items():
        rest: dict[str, Any] = {
            "split": "test",
            "group": f"baseline={name}",
            "n": 500,
            "method": "how much better; Bonett-Price",
        }
        findings.append(Finding(name="accuracy_difference", value=value, interval=(low, high), level=0.99, **rest))
    options = {
        "model": chosen,
        "measure": "accuracy",
        "models": ["network", *gains],
        "worse": list(worse),
        "command": command,
    }
    again = Reproduction(producer="baselines", options=options)
    findings.append(
        Finding(name="smallest_not_worse", split="test", group=f"baseline={chosen}", value=0.0, again=again)
    )
    run = RunFacts(id="r", started="2026-01-05T10:32:11+00:00", seconds=1.0)
    return Report(experiment={}, run=run, environment={}, findings=tuple(findings), metrics=METRICS)


def said(*arguments: Any, **gains: Any) -> list[str]:
    return told(baseline_text(report(*arguments, **gains)))


def test_a_model_that_does_as_well_is_named_with_the_command_that_makes_it_a_run() -> None:
    command = "leadline train x.yaml --network linear"
    (one,) = said("linear", (), command, linear=(-0.002, -0.02, 0.016))
    difference = say("summary.difference", value="−0.2 points")
    assert starts(one, "summary.similar", model=say("summary.linear").capitalize())
    assert f"({difference}, 99 % CI −2.0 to 1.6)" in one
    assert one.endswith(f"{say('summary.to-train')} {command}")


def test_a_difference_far_from_zero_is_not_called_about_as_well_where_rows_are_few() -> None:
    for value, low, high, name in ((0.4, -0.08, 0.79, "perhaps-better"), (-0.3, -0.7, 0.05, "perhaps-worse")):
        (one,) = said("linear", (), "run it", linear=(value, low, high))
        assert starts(one, f"summary.{name}", model=say("summary.linear").capitalize())


def test_names_of_methods_stand_in_the_details_only() -> None:
    for chosen, worse in (("linear", ()), ("linear", ("network",)), ("network", ("linear",))):
        assert "Bonett" not in "".join(said(chosen, worse, "run it", linear=(0.02, 0.01, 0.03)))


def test_a_model_that_is_better_comes_first() -> None:
    (one,) = said("svm", ("network", "linear"), "run it", svm=(0.04, 0.02, 0.06), linear=(0.01, -0.01, 0.03))
    assert starts(one, "summary.best-baseline", model="A support vector machine")
    assert "4.0 points, 99 % CI 2.0–6.0" in one
    assert one.endswith("run it")


def test_the_best_and_the_cheapest_need_not_be_the_same() -> None:
    gains: dict[str, Any] = {"svm": (0.03, 0.01, 0.05), "gradient-boosting": (0.04, 0.02, 0.06)}
    first, second = said("svm", ("network",), None, **gains)
    assert starts(first, "summary.best-baseline", model="Gradient boosting") and "4.0 points" in first
    assert second == say("summary.cheapest-baseline", model=say("summary.svm"))


def test_simpler_models_that_are_worse_speak_for_the_network() -> None:
    (one,) = said("network", ("linear", "svm"), linear=(-0.2, -0.25, -0.15), svm=(-0.1, -0.14, -0.06))
    nearest = say("summary.nearest", model=say("summary.svm"), value="10.0 points")
    assert one == f"{say('summary.network-stays')} ({nearest}, 99 % CI 6.0–14.0)"


def test_a_network_that_is_only_smaller_is_said_to_be_so() -> None:
    gains: dict[str, Any] = {"linear": (-0.2, -0.25, -0.15), "gradient-boosting": (0.01, -0.02, 0.04)}
    (one,) = said("network", ("linear",), **gains)
    assert starts(one, "summary.network-smallest", count=1, models="Gradient boosting")


def test_differences_of_losses_have_the_sign_of_the_loss() -> None:
    made = report("linear", (), "run it", linear=(0.3, -0.2, 0.8))
    of_mae = tuple(f.model_copy(update={"name": f.name.replace("accuracy", "mae")}) for f in made.findings)
    assert made.findings[-1].again is not None
    options = {**made.findings[-1].again.options, "measure": "mae"}
    last = of_mae[-1].model_copy(update={"again": Reproduction(producer="baselines", options=options)})
    (one,) = told(baseline_text(made.model_copy(update={"findings": (*of_mae[:-1], last)})))
    assert say("summary.difference", value="−0.3") + ", 99 % CI −0.8 to 0.2" in one


def test_without_baselines_nothing_is_said() -> None:
    run = RunFacts(id="r", started="2026-01-05T10:32:11+00:00", seconds=1.0)
    assert baseline_text(Report(experiment={}, run=run, environment={}, findings=())) == ()


def test_what_makes_baselines_weaker_than_they_might_be_stands_beside_the_verdict() -> None:
    made = report("network", ("linear",), linear=(-0.1, -0.15, -0.05))
    judged = made.findings[-1]
    assert judged.again is not None
    caveats = {"linear": "trained on 500 of 9,000 training examples"}
    again = judged.again.model_copy(update={"options": {**judged.again.options, "caveats": caveats}})
    findings = (*made.findings[:-1], judged.model_copy(update={"again": again}))
    first, second = told(baseline_text(made.model_copy(update={"findings": findings})))
    assert starts(first, "summary.network-stays")
    caveat = say("summary.baseline-caveat", model=say("summary.linear"), caveats=caveats["linear"])
    assert second == say("summary.baseline-caveats", models=caveat)


def alone(accuracy: float, gain: tuple[float, float, float], constant: float = 0.6) -> list[str]:
    value, low, high = gain
    rest: dict[str, Any] = {"split": "test", "n": 500}
    column = Reproduction(producer="baselines", options={"name": "single-column", "column": "status"})
    dummy = Reproduction(producer="baseline", options={"name": "majority"})
    group = "baseline=single-column"
    findings = (
        Finding(name="accuracy", value=accuracy - value, **rest),
        Finding(name="accuracy", value=constant, group="baseline=majority", again=dummy, **rest),
        Finding(name="accuracy", value=accuracy, group=group, again=column, **rest),
        Finding(name="accuracy_difference", value=value, interval=(low, high), group=group, again=column, **rest),
    )
    run = RunFacts(id="r", started="2026-01-05T10:32:11+00:00", seconds=1.0)
    return told(single_column_text(Report(experiment={}, run=run, environment={}, findings=findings, metrics=METRICS)))


def test_one_column_is_named_only_where_it_comes_close() -> None:
    values = {"column": "status", "title": "accuracy", "value": "97.1 %"}
    close = (-0.001, -0.01, 0.008)
    (one,) = alone(0.971, close)
    assert one.startswith(say("summary.single-column", **values)) and "−0.1 points, 95 % CI −1.0 to 0.8" in one
    (one,) = alone(0.971, (-0.008, -0.012, -0.004))
    assert one.startswith(say("summary.single-column", **values)), "demonstrably worse, but by less than a point"
    (one,) = alone(0.971, (0.02, 0.01, 0.03))
    assert one.startswith(say("summary.single-column-better", **values))
    for value, key in ((-0.1, "worse"), (0.1, "better")):
        (one,) = alone(0.971, (value, min(value * 2, -0.001), max(value * 2, 0.001)))
        assert one.startswith(say(f"summary.single-column-perhaps-{key}", **values))
    assert alone(0.971, (-0.03, -0.05, -0.01)) == []
    assert alone(0.6, close) == [], "no better than a constant prediction: there is another sentence for that"
