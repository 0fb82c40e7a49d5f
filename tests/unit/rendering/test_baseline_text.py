"""What is said of simpler models: that one does as well, that one is better, or that none is."""

from __future__ import annotations

from typing import Any

from declared import METRICS

from leadline.core.finding import Finding, Reproduction
from leadline.core.report import Report, RunFacts
from leadline.rendering.baseline_text import baseline_text


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
        Finding(name="cheapest_not_worse", split="test", group=f"baseline={chosen}", value=0.0, again=again)
    )
    run = RunFacts(id="r", started="2026-01-05T10:32:11+00:00", seconds=1.0)
    return Report(experiment={}, run=run, environment={}, findings=tuple(findings), metrics=METRICS)


def said(*arguments: Any, **gains: Any) -> tuple[bool, list[str]]:
    as_well, sentences = baseline_text(report(*arguments, **gains))
    return as_well, [str(sentence).replace("\u202f", " ") for sentence in sentences]


def test_a_model_that_does_as_well_is_named_with_the_command_that_makes_it_a_run() -> None:
    as_well, told = said("linear", (), "leadline train x.yaml --network linear", linear=(-0.002, -0.02, 0.016))
    assert as_well
    assert told == [
        "As far as these rows can tell, a linear model does as well as this network: it is worse by 0.2 points (99 %"
        " interval −1.6 to 2.0 points, Bonett-Price); ‘leadline train x.yaml --network linear’ makes it a run."
    ]


def test_a_model_that_is_better_comes_first() -> None:
    as_well, told = said("svm", ("network", "linear"), "run it", svm=(0.04, 0.02, 0.06), linear=(0.01, -0.01, 0.03))
    assert as_well
    assert told == [
        "A support vector machine is demonstrably better than this network, by 4.0 points (99 % interval 2.0–6.0"
        " points, Bonett-Price); ‘run it’ makes it a run."
    ]


def test_the_best_and_the_cheapest_need_not_be_the_same() -> None:
    gains: dict[str, Any] = {"svm": (0.03, 0.01, 0.05), "gradient-boosting": (0.04, 0.02, 0.06)}
    _, told = said("svm", ("network",), None, **gains)
    assert told[0].startswith("Gradient boosting is demonstrably better than this network, by 4.0 points")
    assert told[1] == "The cheapest model that is not demonstrably worse is a support vector machine."


def test_simpler_models_that_are_worse_speak_for_the_network() -> None:
    as_well, told = said("network", ("linear", "svm"), linear=(-0.2, -0.25, -0.15), svm=(-0.1, -0.14, -0.06))
    assert not as_well
    assert told == [
        "Simpler models are demonstrably worse: the nearest, a support vector machine, by 10.0 points "
        "(99 % interval 6.0–14.0 points, Bonett-Price)."
    ]


def test_a_network_that_is_only_smaller_is_said_to_be_so() -> None:
    gains: dict[str, Any] = {"linear": (-0.2, -0.25, -0.15), "gradient-boosting": (0.01, -0.02, 0.04)}
    _, told = said("network", ("linear",), **gains)
    assert told == ["Of this network and gradient boosting, which these rows cannot rank, the network is the smallest."]


def test_without_baselines_nothing_is_said() -> None:
    run = RunFacts(id="r", started="2026-01-05T10:32:11+00:00", seconds=1.0)
    assert baseline_text(Report(experiment={}, run=run, environment={}, findings=())) == (False, ())
