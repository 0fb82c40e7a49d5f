"""Each input alone beside all of them: paired differences, corrected for their number, and whether the fusion helps."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.exhibit import ExhibitDraft
from leadline.core.experiment import DataSpec
from leadline.core.finding import Finding
from leadline.core.schema import ColumnSchema, Schema
from leadline.data.dataset import prepare
from leadline.evaluation.input_ablation import (
    GAIN,
    AblationPredictions,
    missing_input_test,
    single_input_ablation,
    with_missing_rows,
)
from leadline.metrics.statistics import paired
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.lookup import objective_for

CLASSES = objective_for(Component(name="classification"))
NUMBER = objective_for(Component(name="regression"))

N = 400
RNG = np.random.default_rng(0)
TARGET = RNG.normal(size=N)
NUMBERS = Schema(inputs=(), target=ColumnSchema(name="price", kind="number", state={"mean": 0.0, "std": 1.0}))


def context(target: np.ndarray = TARGET, schema: Schema = NUMBERS) -> EvaluationContext:
    return EvaluationContext("test", target, None, schema)


def predicted(error: float, seed: int) -> dict[str, np.ndarray]:
    return {"prediction": TARGET + error * np.random.default_rng(seed).normal(size=N)}


def findings(found: list[Finding | ExhibitDraft]) -> dict[str, Finding]:
    return {item.label: item for item in found if isinstance(item, Finding)}


def table(found: list[Finding | ExhibitDraft]) -> ExhibitDraft:
    (draft,) = (item for item in found if isinstance(item, ExhibitDraft))
    return draft


def beside(fused: float, **alone: float) -> list[Finding | ExhibitDraft]:
    told = [
        AblationPredictions(name, predicted(error, seed)) for seed, (name, error) in enumerate(alone.items(), start=1)
    ]
    return list(single_input_ablation(predicted(fused, 0), told, NUMBER, context()))


def test_fusion_helps_where_it_is_better_than_each_input_alone() -> None:
    found = beside(0.1, photo=0.5, table=0.3, text=0.9)
    of = findings(found)
    gain = of[GAIN]
    assert gain.interval is not None and 0 < gain.interval[0] < (gain.value or 0) < gain.interval[1]
    assert gain.value == pytest.approx(-(of["mae_difference(table alone)"].value or 0))
    assert gain.again is not None and gain.again.options["best"] == "table"
    assert of["mae(photo alone)"].value == pytest.approx(float(np.abs(predicted(0.5, 1)["prediction"] - TARGET).mean()))
    rows = table(found).content["rows"]
    assert [row[0] for row in rows] == [say("exhibits.all-inputs"), "only table", "only photo", "only text"]


def test_differences_are_paired_and_hold_together() -> None:
    difference = findings(beside(0.1, photo=0.5, table=0.3))["mae_difference(photo alone)"]
    fused, photo = (np.abs(predicted(error, seed)["prediction"] - TARGET) for error, seed in ((0.1, 0), (0.5, 1)))
    expected = paired.mean_difference(fused, photo, (0.975,))
    assert (difference.value, difference.interval, difference.level) == (expected.value, expected.intervals[0], 0.975)


def test_fusion_does_not_help_where_one_input_alone_may_do_as_well() -> None:
    gain = findings(beside(0.3, photo=0.31, table=2.0))[GAIN]
    assert gain.interval is not None and gain.interval[0] <= 0 <= gain.interval[1]
    harm = findings(beside(0.9, photo=0.3, table=2.0))[GAIN]
    assert harm.interval is not None and harm.interval[1] < 0


def test_the_gain_covers_that_over_the_best_of_several_equal_inputs() -> None:
    """However many inputs there are, that which is best by luck takes nothing away from the interval."""
    covered = 0
    for trial in range(30):
        rng = np.random.default_rng(trial)
        told = [AblationPredictions(str(k), {"prediction": TARGET + rng.normal(size=N)}) for k in range(5)]
        of = findings(list(single_input_ablation({"prediction": TARGET + rng.normal(size=N)}, told, NUMBER, context())))
        low, high = of[GAIN].interval or (0.0, 0.0)
        covered += low <= 0 <= high
    assert covered >= 26


def test_classes_are_compared_by_how_many_are_right() -> None:
    target = RNG.integers(0, 2, N)
    schema = Schema(
        inputs=(), target=ColumnSchema(name="y", kind="category", state={"classes": ["no", "yes"], "counts": [1, 1]})
    )

    def decided(share: float, seed: int) -> dict[str, np.ndarray]:
        right = np.random.default_rng(seed).random(N) < share
        prediction = np.where(right, target, 1 - target)
        return {"prediction": prediction, "probability": np.eye(2)[prediction] * 0.8 + 0.1}

    told = [AblationPredictions("photo", decided(0.7, 1)), AblationPredictions("table", decided(0.8, 2))]
    of = findings(list(single_input_ablation(decided(0.95, 0), told, CLASSES, context(target, schema))))
    gain = of[GAIN]
    assert gain.interval is not None and gain.interval[0] > 0
    assert (gain.method or "").startswith("accuracy, improvement over the best of 2 single inputs")


def test_an_input_that_could_not_be_trained_alone_is_absent_and_not_counted() -> None:
    told = [
        AblationPredictions("photo", {}, why="no train row has it"),
        AblationPredictions("table", predicted(0.5, 1)),
    ]
    of = findings(list(single_input_ablation(predicted(0.1, 0), told, NUMBER, context())))
    assert of["mae(photo alone)"].why == "no train row has it"
    assert of[GAIN].value is not None


def test_without_an_input_the_network_is_compared_with_itself() -> None:
    found = list(
        missing_input_test(
            predicted(0.1, 0),
            [AblationPredictions("photo", predicted(0.6, 1)), AblationPredictions("table", predicted(0.1, 0))],
            NUMBER,
            context(),
        )
    )
    of = findings(found)
    worse, same = (of[f"mae_difference(without {name})"] for name in ("photo", "table"))
    assert worse.interval is not None and worse.interval[1] < 0
    assert same.value == 0
    assert table(found).name == "without"


def test_rows_that_lack_an_input_get_the_constant_answer() -> None:
    pixels = RNG.integers(0, 256, (60, 4, 4), dtype=np.uint8)
    photo = pl.Series(
        "photo", [None if row % 2 else pixels[row] for row in range(60)], dtype=pl.Array(pl.UInt8, (4, 4))
    )
    frame = pl.DataFrame({"photo": photo, "size": np.arange(60) % 7 + 0.5, "price": np.arange(60) * 1.5})
    dataset = prepare(DataSpec(target="price"), frame)
    test, train = dataset.splits["test"], dataset.splits["train"]
    assert test.present is not None and train.target is not None
    there = test.present[:, [one.name for one in dataset.schema.inputs].index("photo")]
    told = with_missing_rows("photo", {"prediction": np.full(int(there.sum()), 7.0)}, NUMBER, dataset)
    assert told.lacking == int((~there).sum()) > 0
    assert told.decided["prediction"][there] == pytest.approx(7.0)
    assert told.decided["prediction"][~there] == pytest.approx(float(train.target.mean()))
    table_alone = with_missing_rows("table", {"prediction": np.zeros(len(test))}, NUMBER, dataset)
    assert table_alone.lacking == 0
