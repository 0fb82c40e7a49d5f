"""The summary in words: right numbers, and honest about what is not known."""

from __future__ import annotations

from pathlib import Path

import pytest
from declared import METRICS, starts, told

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Reproduction
from leadline.core.report import Report, RunFacts
from leadline.core.requirement import Verdict
from leadline.rendering.summary_text import accesses_text, judged, summary_text


def report(
    *findings: Finding,
    verdicts: tuple[Verdict, ...] = (),
    seen: int | None = 1,
    experiment: dict[str, object] | None = None,
) -> Report:
    return Report(
        experiment=experiment or {},
        run=RunFacts(id="r", started="2026-01-05T10:32:11+00:00", seconds=1.0, test_accesses=seen),
        environment={},
        findings=findings,
        requirements=verdicts,
        metrics=METRICS,
    )


def said(some: Report) -> list[str]:
    return told(summary_text(some))


def measure(split: str, title: str, value: str) -> str:
    return say("summary.measure", title=say(f"summary.of-{split}", title=title), value=value)


def accuracy(value: float, interval: tuple[float, float] | None, n: int = 360, **rest: object) -> Finding:
    fields = {"name": "accuracy", "split": "test", "better": "higher", "method": "Wilson score", **rest}
    return Finding(value=value, interval=interval, n=n, **fields)  # type: ignore[arg-type]


def test_a_classifier(digits_run: tuple[Report, Path]) -> None:
    assert said(digits_run[0]) == [
        f"{measure('test', 'accuracy', '98.6 %')} (95 % CI 96.8–99.4 %, n = 360)",
        say("summary.baseline", name=say("summary.baseline-majority"), value="10.3 %"),
        f"{say('summary.lowest-recall', label='8', value='91 %')} (95 % CI 78–97 %, n = 36)",
        say("summary.overfitting-higher", title="accuracy", value="1.3 points"),
    ]


def test_a_regressor(diabetes_run: tuple[Report, Path]) -> None:
    assert said(diabetes_run[0]) == [
        f"{measure('test', 'MAE', '43')} (95 % CI 38–49, n = 89)",
        say("summary.baseline", name=say("summary.baseline-mean"), value="65"),
        f"{measure('test', 'R²', '0.46')} (95 % CI 0.31–0.57, n = 89)",
    ]


def test_every_sentence_names_the_findings_its_numbers_are_from(digits_run: tuple[Report, Path]) -> None:
    for sentence in summary_text(digits_run[0]):
        assert sentence.sources
        for one in sentence.sources:
            assert digits_run[0].findings[one.at] is one.finding


@pytest.mark.parametrize(
    ("interval", "ending"),
    [((0.86, 0.93), ""), ((0.80, 0.93), "summary.baseline-within"), ((0.70, 0.82), "summary.baseline-better")],
)
def test_a_baseline_that_is_not_beaten_is_said_to_be(interval: tuple[float, float], ending: str) -> None:
    value = sum(interval) / 2
    base = accuracy(0.85, None, group="baseline=majority")
    line = say("summary.baseline", name=say("summary.baseline-majority"), value="85 %")
    told_of = said(report(accuracy(value, interval), base))[1].replace("85.0", "85")
    assert told_of == line + (say(ending) if ending else "")


def test_lower_is_better_is_compared_the_other_way_round() -> None:
    mae = Finding(name="mae", split="test", value=5.0, interval=(4.0, 6.0), n=10, better="lower")
    worse = Finding(name="mae", split="test", group="baseline=mean", value=9.0, better="lower")
    assert said(report(mae, worse))[1] == say("summary.baseline", name=say("summary.baseline-mean"), value="9")
    close = worse.model_copy(update={"value": 5.5})
    assert said(report(mae, close))[1].endswith(say("summary.baseline-within"))
    better = worse.model_copy(update={"value": 3.5})
    assert said(report(mae, better))[1].endswith(say("summary.baseline-better"))


def test_baselines_without_a_name_of_their_own_keep_theirs() -> None:
    base = accuracy(0.1, None, group="baseline=oracle <b>")
    assert starts(said(report(accuracy(0.9, (0.86, 0.93)), base))[1], "summary.baseline")
    assert "oracle" in said(report(accuracy(0.9, (0.86, 0.93)), base))[1]


def test_validation_and_training_data_are_no_test_set() -> None:
    validation = said(report(accuracy(0.9, (0.8, 0.95), split="validation")))[0]
    assert validation.startswith(measure("validation", "accuracy", "90 %"))
    assert validation.endswith(say("summary.validation-only"))
    train = said(report(accuracy(0.9, (0.8, 0.95), split="train")))[0]
    assert train.startswith(measure("train", "accuracy", "90 %"))
    assert train.endswith(say("summary.train-only"))


def test_other_measures_open_a_report_too() -> None:
    bleu = Finding(name="bleu", split="test", value=31.2, interval=(30.1, 32.4), n=500, method="bootstrap")
    assert said(report(bleu)) == [f"{measure('test', 'bleu', '31.2')} (95 % CI 30.1–32.4, n = 500)"]
    auc = Finding(name="roc_auc", split="test", value=0.9, n=500, provenance="estimated")
    assert said(report(auc)) == [f"{measure('test', 'ROC AUC', '0.900')} (n = 500, estimated)"]


def test_nothing_measured_is_said_with_its_reason() -> None:
    assert said(report()) == [say("summary.not-measured")]
    assert said(report(Finding.absent("accuracy", "no test rows"))) == [
        say("summary.not-measured-why", why="no test rows")
    ]


def gap(value: float, interval: tuple[float, float], measure: str = "accuracy") -> Finding:
    again = Reproduction(producer="summary", options={"measure": measure})
    return Finding(name="generalisation_gap", value=value, interval=interval, better="lower", again=again)


def test_a_gap_that_may_be_none_is_not_called_overfitting() -> None:
    last = said(report(accuracy(0.9, None), gap(0.001, (-0.01, 0.012))))[-1]
    assert starts(last, "summary.gap", title="accuracy", value="0.1 points")
    assert "(95 % CI −1.0 to 1.2)" in last and last.endswith(say("summary.could-be-zero"))


@pytest.mark.parametrize(
    ("found", "name", "title", "value"),
    [
        (gap(0.097, (0.05, 0.14)), "summary.overfitting-higher", "accuracy", "9.7 points"),
        (gap(-0.097, (-0.14, -0.05)), "summary.underfitting-higher", "accuracy", "9.7 points"),
        (gap(24.0, (20.0, 28.0), "mae"), "summary.overfitting-lower", "MAE", "24.0"),
        (gap(-24.0, (-28.0, -20.0), "mae"), "summary.underfitting-lower", "MAE", "24.0"),
    ],
)
def test_a_gap_is_said_in_the_direction_of_its_measure(found: Finding, name: str, title: str, value: str) -> None:
    assert said(report(accuracy(0.9, None), found))[-1] == say(name, title=title, value=value)


def test_gaps_of_older_reports_are_known_by_their_method() -> None:
    old = gap(0.097, (0.05, 0.14)).model_copy(
        update={"again": None, "method": "accuracy on train minus on test; MOVER"}
    )
    assert said(report(accuracy(0.9, None), old))[-1] == say(
        "summary.overfitting-higher", title="accuracy", value="9.7 points"
    )


def verdict(outcome: str, level: float | None = None) -> Verdict:
    return Verdict(text="x >= 1", verdict=outcome, finding=0, why="…", level=level)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcomes", "counts"),
    [
        (["pass"], [("passed", 1)]),
        (["undecided", "undecided"], [("undecided", 2)]),
        (["pass", "pass", "fail"], [("passed", 2), ("failed", 1)]),
        (["pass", "undecided", "fail"], [("passed", 1), ("failed", 1), ("undecided", 1)]),
    ],
)
def test_verdicts_are_counted(outcomes: list[str], counts: list[tuple[str, int]]) -> None:
    counted = ", ".join(say(f"summary.requirements-{name}", n=n) for name, n in counts)
    some = report(accuracy(0.9, None), verdicts=tuple(verdict(o) for o in outcomes))
    assert judged(some) == counted


def test_without_requirements_nothing_is_judged() -> None:
    assert judged(report(accuracy(0.9, None))) == ""


def test_requirements_judged_together_are_counted() -> None:
    some = report(accuracy(0.9, None), verdicts=(verdict("pass", 0.975), verdict("pass", 0.95), verdict("pass")))
    assert judged(some).endswith(say("summary.requirements-jointly", n=2))


def test_accesses_to_the_test_set() -> None:
    held_out = Finding(name="rows", split="test", value=9, unit="rows")
    assert accesses_text(report(seen=None)) == say("summary.no-test")
    assert accesses_text(report(held_out, seen=None)) == say("summary.accessed-unknown")
    assert accesses_text(report(seen=0)) == say("summary.accessed-not")
    assert accesses_text(report(seen=1)) == say("summary.accessed-once")
    assert accesses_text(report(seen=1204)) == say("summary.accessed-several", times="1,204")


def test_the_sentences_as_they_stand_in_english() -> None:
    command = "leadline train runs/heart-1/experiment.yaml --network linear"
    again = Reproduction(
        producer="baselines", options={"model": "linear", "measure": "accuracy", "worse": [], "command": command}
    )
    linear = {"split": "test", "group": "baseline=linear", "n": 300}
    findings = (
        accuracy(250 / 300, (0.787, 0.871), n=300),
        accuracy(0.7567, None, n=300, group="baseline=majority"),
        Finding(name="accuracy_difference", value=0.0, interval=(-0.063, 0.067), method="Bonett-Price", **linear),
        Finding(name="smallest_not_worse", value=0.0, again=again, **linear),
        gap(0.097, (0.05, 0.14)),
    )
    some = report(*findings, seen=3)
    assert said(some) == [
        "Test accuracy: 83.3 % (95 % CI 78.7–87.1 %, n = 300)",
        "Majority-class baseline: 75.7 %",
        f"A linear model performs about as well (difference 0.0 points, 95 % CI −6 to 7). To train it: {command}",
        "Overfitting: training accuracy is 9.7 points above test accuracy",
    ]
    assert accesses_text(some) == (
        "Test set accessed 3 times on this machine; choosing among runs by test results makes them optimistic."
    )


def test_other_tasks_open_in_the_same_form() -> None:
    mae = Finding(name="mae", split="test", value=45.2, interval=(40.8, 49.7), n=89, better="lower")
    r2 = Finding(name="r2", split="test", value=0.46, interval=(0.31, 0.57), n=89, better="higher")
    assert said(report(mae, r2)) == [
        "Test MAE: 45.2 (95 % CI 40.8–49.7, n = 89)",
        "Test R²: 0.46 (95 % CI 0.31–0.57, n = 89)",
    ]
    made = {"split": "test", "n": 180, "section": "generated"}
    distance = Finding(name="frechet_distance", value=21.2, interval=(20.4, 21.9), **made)
    assert said(report(distance)) == [
        "Fréchet distance between generated and test data: 21.2 (95 % CI 20.4–21.9, n = 180)"
    ]


def test_sentences_about_errors_and_calibration_as_they_stand_in_english() -> None:
    assert say("targets.most-confident-errors") == "Most confident errors"
    error = say("targets.error-of-class", true="cat", predicted="ship", probability="92.7")
    assert error == "true cat, predicted ship (92.7 %)"
    assert say("objectives.calibration-not-needed") == "Calibration: no temperature scaling needed"
