"""What is chosen after training rests on validation rows, travels with the weights, and stands in the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import leadline
from leadline.errors import UsageError
from leadline.run.run import Run
from leadline.verbs.evaluate import evaluate
from leadline.verbs.predict import predict
from sentences import says


def ill(n: int = 1500, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x_nF = rng.normal(size=(n, 6))
    z_n = 1.2 * x_nF[:, 0] + x_nF[:, 1] * x_nF[:, 2] - 1.2
    sick_n = rng.random(n) < 1 / (1 + np.exp(-z_n))
    columns = {f"x{i}": x_nF[:, i] for i in range(6)}
    return pl.DataFrame({**columns, "day": np.arange(n) // 3, "ill": np.where(sick_n, "yes", "no")})


def trained(train: Any, **options: Any) -> Run:
    ill().write_csv("ill.csv")
    settings = {"data.split.validation": 0.3, "data.split.test": 0.3, "baselines": [], **options.pop("settings", {})}
    run: Run = train("ill.csv", target="ill", ignore=options.pop("ignore", ["day"]), settings=settings, **options)
    return run


def overfit(train: Any, **settings: Any) -> Run:
    return trained(train, epochs=60, settings={"training.early_stopping": None, **settings})


def test_a_network_that_is_too_sure_ships_cooled(train: Any) -> None:
    run = overfit(train)
    found = run.report.find("temperature", split="validation")
    assert found is not None
    assert found.value is not None
    assert found.value > 1.2
    assert found.n == 450
    network: Any = run.network
    assert network.last.temperature.item() == pytest.approx(found.value)
    now, before = run.report.find("nll"), run.report.find("nll", group="temperature=1")
    assert now is not None
    assert before is not None
    assert now.value is not None
    assert before.value is not None
    assert now.value < before.value
    assert run.report.find("ece", group="temperature=1") is not None
    assert "Temperature" in (run.folder / "report.html").read_text(encoding="utf-8")
    told = predict(run, "ill.csv", quiet=True)
    with torch.no_grad():
        again = evaluate(run, quiet=True).findings
    assert next(f for f in again if f.name == "nll" and f.group is None) == now
    assert set(told["predicted_ill"]) == {"yes", "no"}


def test_the_temperature_is_chosen_on_validation_rows_alone(train: Any) -> None:
    run = overfit(train)
    columns = pl.read_parquet(run.folder / "predictions.parquet").filter(pl.col("split") == "validation")
    probability_nC = columns.select("p(no)", "p(yes)").to_numpy()
    target_n = (columns["target"] == "yes").to_numpy().astype(int)

    def loss(temperature: float) -> float:
        power_nC = probability_nC ** (1 / temperature)
        return float(-np.log(power_nC[np.arange(len(target_n)), target_n] / power_nC.sum(1)).mean())

    assert loss(1.0) <= min(loss(0.97), loss(1.03))


def test_without_validation_rows_nothing_is_chosen_and_the_report_says_so(train: Any) -> None:
    settings = {"data.split.validation": 0, "objective.operating_point.sensitivity": 0.9}
    run = trained(train, settings=settings)
    for name in ("temperature", "threshold"):
        found = run.report.find(name, split=None)
        assert found is not None
        assert "no validation set" in (found.method or "")
    network: Any = run.network
    assert network.last.temperature.item() == 1.0


def test_an_operating_point_is_reached_on_validation_rows_and_measured_on_test_rows(train: Any) -> None:
    run = trained(train, epochs=10, settings={"objective.operating_point.sensitivity": 0.9})
    columns = pl.read_parquet(run.folder / "predictions.parquet").filter(
        pl.col("split") == "validation", pl.col("target") == "yes"
    )
    assert 0.9 <= (columns["predicted"] == "yes").mean() <= 0.93  # type: ignore[operator]
    found = {name: run.report.find(name) for name in ("sensitivity", "specificity", "ppv", "npv", "average_precision")}
    assert all(f is not None and f.interval is not None for f in found.values())
    point = run.experiment.objective
    assert point is not None
    assert point.options["operating_point"] == {"sensitivity": 0.9}
    assert run.experiment.data.positive == "yes"
    exhibits = {e.name for e in run.report.exhibits}
    assert {"roc", "precision_recall"} <= exhibits


def test_costs_change_decisions_and_are_reported(train: Any) -> None:
    run = trained(train, settings={"objective.costs": [[0, 1], [50, 0]]}, require=["expected_cost <= 40"])
    columns = pl.read_parquet(run.folder / "predictions.parquet")
    assert (columns["predicted"] == "yes").mean() > 0.9  # type: ignore[operator]
    found = run.report.find("expected_cost")
    assert found is not None
    assert found.interval is not None
    assert run.report.requirements[0].verdict == "pass"
    assert run.report.find("expected_cost", group="baseline=cheapest") is not None


def test_rows_in_time_are_measured_in_blocks(train: Any) -> None:
    run = trained(train, split="time:day", ignore=())
    found, other = run.report.find("accuracy"), trained(train).report.find("accuracy")
    assert found is not None
    assert other is not None
    assert "20 blocks of time" in (found.method or "")
    assert "blocks" not in (other.method or "")
    assert evaluate(run, quiet=True).findings[0] == found
    ill(600, seed=1).write_csv("later.csv")
    assert "20 blocks of time" in (evaluate(run, "later.csv", quiet=True).findings[0].method or "")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"positive": "yess"}, "positive: the target has no class 'yess'; its classes are 'no', 'yes'"),
        ({"settings": {"objective.costs": [[0, 1, 2]]}}, "costs is 1 × 3"),
        ({"settings": {"objective.class_weights": {"yess": 2}}}, "'yess' is not a class of 'ill'"),
        ({"settings": {"objective.operating_point.sensitivty": 0.9}}, "Did you mean 'sensitivity'"),
        ({"require": ["expected_cost <= 1"]}, "no metric 'expected_cost' will be measured"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    train: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError) as error:
        trained(train, **options)
    assert words in str(error.value)
    assert not Path("runs").exists()


def test_positive_names_one_of_two_classes(train: Any) -> None:
    with pytest.raises(UsageError, match=says("targets.positive-of-many-classes", classes=3)):
        leadline.train("iris", positive="setosa", epochs=1, quiet=True)
