"""Who judges the rows that a network makes: a run that reads rows as they are read here, one trained beside, or
nobody.
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from leadline.errors import UsageError
from leadline.run import folder as files
from leadline.run.run import Run
from sentences import says


@pytest.fixture
def making(train):
    def make(**options) -> Run:
        settings = {"network.size": "small", **options.pop("settings", {})}
        return train(objective="vae", settings=settings, **options)

    return make


def test_where_there_are_classes_a_classifier_is_trained_beside(making) -> None:
    run = making(require=["reference_classifier_accuracy >= 0.2", "frechet_distance <= 1000"])
    assert run.experiment.reference_classifier == "auto"
    found = {finding.label: finding for finding in run.report.findings}
    assert found["reference_classifier_accuracy"].value is not None
    assert {"class_share(ja)", "class_share(nein)", "classes_covered"} <= set(found)
    told = found["frechet_distance"].again.options
    assert told["reference_classifier"] == "auto"
    assert len(told["weights"]) == 64
    assert not (run.folder / files.CHECKPOINTS).exists()
    assert [verdict.verdict for verdict in run.report.requirements] == ["pass", "pass"]
    again = making()
    assert again.report.find("frechet_distance").value == run.report.find("frechet_distance").value
    assert again.report.find("frechet_distance").again == run.report.find("frechet_distance").again


def test_a_run_judges(making, train) -> None:
    judge = train(epochs=30)
    run = making(settings={"reference_classifier": str(judge.folder)})
    finding = run.report.find("frechet_distance")
    assert finding.again.options == {
        "reference_classifier": judge.name,
        "weights": files.sha256(judge.folder / files.WEIGHTS),
    }
    assert run.report.find("reference_classifier_accuracy").value == judge.report.find("accuracy").value


def test_nobody_judges_where_that_is_asked_or_nothing_could(making, train) -> None:
    without = making(settings={"reference_classifier": False})
    assert without.report.find("classes_covered").value is None
    assert "standardised raw inputs" in without.report.find("frechet_distance").method
    budget = making(max_time="30s")
    assert budget.experiment.reference_classifier is False
    assert "budget" in budget.report.find("classes_covered").why
    nothing = making(target="none")
    assert nothing.report.get("classes_covered") is None
    assert train().experiment.reference_classifier is None


def test_what_cannot_judge_is_refused_before_training(making, train, place: Path) -> None:
    with pytest.raises(UsageError, match=says("pipeline.reference-classifier-unreadable")):
        making(settings={"reference_classifier": "nowhere"})
    with pytest.raises(UsageError, match=says("pipeline.reference-classifier-objective", objective="regression")):
        making(settings={"reference_classifier": str(train(target="length").folder)})
    with pytest.raises(UsageError, match=says("pipeline.reference-classifier-other-encoding")):
        making(settings={"reference_classifier": str(train(ignore=("width",)).folder)})
    with pytest.raises(UsageError, match=says("pipeline.reference-classifier-no-classes")):
        making(target="none", settings={"reference_classifier": "auto"})
    pl.read_csv("blobs.csv").with_columns(text=pl.lit("some words here")).write_csv("more.csv")
    other = train("digits", target=None)
    with pytest.raises(UsageError, match=says("pipeline.reference-classifier-other-inputs", own="image")):
        making(settings={"reference_classifier": str(other.folder)})


def test_a_judge_of_what_makes_no_rows_is_said_to_mean_nothing(train, capsys: pytest.CaptureFixture[str]) -> None:
    train(settings={"reference_classifier": "auto"}, quiet=False)
    assert re.search(says("pipeline.reference-classifier-unused"), capsys.readouterr().err)
