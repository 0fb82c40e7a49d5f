"""The answer in words: right numbers, right grammar, and honest about what it does not know."""

from __future__ import annotations

from pathlib import Path

import pytest
from declared import METRICS

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
        run=RunFacts(id="r", started="2026-01-05T10:32:11+00:00", seconds=1.0, test_looks=seen),
        environment={},
        findings=findings,
        requirements=verdicts,
        metrics=METRICS,
    )


def told(some: Report) -> list[str]:
    return [str(s).replace("\u202f", " ") for s in summary_text(some)]


def accuracy(value: float, interval: tuple[float, float] | None, n: int = 360, **rest: object) -> Finding:
    fields = {"name": "accuracy", "split": "test", "better": "higher", "method": "Wilson score", **rest}
    return Finding(value=value, interval=interval, n=n, **fields)  # type: ignore[arg-type]


def test_a_classifier(digits_run: tuple[Report, Path]) -> None:
    assert told(digits_run[0]) == [
        "Of 360 held-out images the network names 98.6 % right (95 % interval 96.8–99.4 %, Wilson score).",
        "Always giving the most common answer would get 10.3 % right.",
        "It is weakest at ‘8’: of 36 images it finds 91 % (95 % interval 78–97 %, Wilson score).",
        (
            "On the rows it was trained on it does better: the gap is 1.3 points (95 % interval 0.3–3.1 points, MOVER"
            " interval)."
        ),
    ]


def test_a_regressor(diabetes_run: tuple[Report, Path]) -> None:
    aside = " (mean absolute error, 95 % interval 38–49, bootstrap-t)."
    assert told(diabetes_run[0]) == [
        "On 89 held-out rows the prediction of progression is off by 43 on average" + aside,
        "Always answering with the mean of the training rows would be off by 65.",
        (
            "R², which is 1 for perfect predictions and 0 for always giving the mean, is 0.46 (95 % interval 0.31–0.57,"
            " bootstrap)."
        ),
    ]


def test_every_sentence_names_the_findings_its_numbers_are_from(digits_run: tuple[Report, Path]) -> None:
    for sentence in summary_text(digits_run[0]):
        assert sentence.sources
        for one in sentence.sources:
            assert digits_run[0].findings[one.at] is one.finding


def test_the_baselines_answer_is_named_where_it_is_known() -> None:
    base = accuracy(
        0.1, None, group="baseline=majority", again=Reproduction(producer="baseline", options={"answer": "3"})
    )
    assert told(report(accuracy(0.9, (0.86, 0.93)), base))[1] == "Always answering ‘3’ would get 10 % right."


@pytest.mark.parametrize(
    ("interval", "ending"),
    [
        ((0.86, 0.93), "right."),
        ((0.80, 0.93), "right: these rows cannot tell the network from that."),
        ((0.70, 0.82), "right: better than the network."),
    ],
)
def test_a_baseline_that_is_not_beaten_is_said_to_be(interval: tuple[float, float], ending: str) -> None:
    value = sum(interval) / 2
    base = accuracy(0.85, None, group="baseline=majority")
    assert told(report(accuracy(value, interval), base))[1].endswith(ending)


def test_lower_is_better_is_compared_the_other_way_round() -> None:
    mae = Finding(name="mae", split="test", value=5.0, interval=(4.0, 6.0), n=10, better="lower")
    worse = Finding(name="mae", split="test", group="baseline=mean", value=9.0, better="lower")
    assert told(report(mae, worse))[1] == "Always answering with the mean of the training rows would be off by 9."
    close = worse.model_copy(update={"value": 5.5})
    assert "cannot tell" in told(report(mae, close))[1]


def test_one_row_is_singular_and_validation_is_no_test() -> None:
    assert told(report(accuracy(1.0, (0.2, 1.0), n=1)))[0].startswith("Of 1 held-out row the network")
    said = told(report(accuracy(0.9, (0.8, 0.95), split="validation")))[0]
    assert said.startswith("Of 360 validation rows")
    assert "No rows were held out for a test" in said


def test_other_measures_open_a_report_too() -> None:
    bleu = Finding(name="bleu", split="test", value=31.2, interval=(30.1, 32.4), n=500, method="bootstrap")
    assert told(report(bleu)) == ["On 500 held-out rows the bleu is 31.2 (95 % interval 30.1–32.4, bootstrap)."]
    auc = Finding(name="roc_auc", split="test", value=0.9, n=500, provenance="estimated")
    assert told(report(auc)) == ["On 500 held-out rows the ROC AUC is 0.900 (estimated)."]


def test_nothing_measured_is_said_with_its_reason() -> None:
    assert told(report()) == ["How good the network is was not measured."]
    assert told(report(Finding.absent("accuracy", "no test rows"))) == [
        "How good the network is was not measured: no test rows."
    ]


def test_a_gap_that_may_be_none_is_said_to_be_unknown() -> None:
    gap = Finding(
        name="generalisation_gap",
        value=0.001,
        interval=(-0.01, 0.012),
        method="accuracy on train minus on test",
        better="lower",
    )
    assert told(report(accuracy(0.9, None), gap))[-1].startswith(
        "Whether it does better on the rows it was trained on cannot be told: the gap is 0.1 points ("
    )


def verdict(outcome: str, level: float | None = None) -> Verdict:
    return Verdict(text="x >= 1", verdict=outcome, finding=0, why="…", level=level)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcomes", "text"),
    [
        ([], ""),
        (["pass"], "The one requirement passes."),
        (["undecided", "undecided"], "All 2 requirements are undecided."),
        (["pass", "pass", "fail"], "Of 3 requirements, 2 pass and 1 fails."),
        (["pass", "fail", "undecided"], "Of 3 requirements, 1 passes, 1 fails and 1 is undecided."),
    ],
)
def test_verdicts_in_words(outcomes: list[str], text: str) -> None:
    assert judged(report(accuracy(0.9, None), verdicts=tuple(verdict(o) for o in outcomes))) == text


def test_requirements_judged_together_are_counted() -> None:
    some = report(accuracy(0.9, None), verdicts=(verdict("pass", 0.975), verdict("pass", 0.95), verdict("pass")))
    assert judged(some) == "All 3 requirements pass; 2 were judged together (Holm), so that all hold at once."


def test_looks_at_the_test_rows() -> None:
    held_out = Finding(name="rows", split="test", value=9, unit="rows")
    assert accesses_text(report(seen=None)) == "No test rows were held out."
    assert "not recorded" in accesses_text(report(held_out, seen=None))
    assert "first" in accesses_text(report(seen=1))
    assert "look number 1,204" in accesses_text(report(seen=1204))
