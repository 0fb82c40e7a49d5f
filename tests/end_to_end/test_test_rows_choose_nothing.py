"""Nothing is chosen by the labels of test rows: with other ones, all that is chosen is the same to the bit.

Each test trains, or fits, on the same train and validation rows twice, beside test rows with honest labels and beside
the same rows with their labels turned round. Whatever looked at them would choose otherwise: against labels turned
round the strongest penalty is best, the first tree one too many, and no temperature hot enough.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from leadline.core.component import Component
from leadline.core.experiment import DataSpec, Experiment
from leadline.core.report import Report
from leadline.data.dataset import Dataset, prepare
from leadline.evaluation.baselines import Baseline, dummy_baseline, fit_baselines
from leadline.evaluation.single_column import single_column
from leadline.objectives.lookup import objective_for
from leadline.pipeline.resolving.experiment import resolve
from leadline.run import folder as files

CLASSES = objective_for(Component(name="classification"))
WORDS = ("dull", "fine", "grand", "plain", "odd", "slow")


def rows(honest: bool) -> pl.DataFrame:
    """Return 700 rows, of which 200 are test rows; most train rows are ‘a’, and most test rows ‘b’."""
    rng = np.random.default_rng(0)
    split = np.repeat(["train", "validation", "test"], [300, 200, 200])
    x = rng.normal(size=(700, 8))
    x[split == "test", 0] += 2.0
    score = 2 * x[:, 0] + rng.normal(size=700)
    label = np.where(score > 0.8, "b", "a")
    if not honest:
        label = np.where((split == "test") & (label == "a"), "b", np.where(split == "test", "a", label))
    frame = pl.DataFrame({f"x{i}": x[:, i] for i in range(8)})
    return frame.with_columns(pl.Series("split", split), pl.Series("label", label))


def texts(honest: bool) -> pl.DataFrame:
    """Return the same rows as short texts: one word says the label, mostly."""
    frame, rng = rows(honest), np.random.default_rng(1)
    said = np.where(frame["x0"].to_numpy() > 0.4, "good", "bad")
    others = rng.choice(WORDS, (frame.height, 5))
    text = [" ".join(["it was", *some, word]) for some, word in zip(others, said, strict=True)]
    return frame.select("split", "label", pl.Series("text", text))


@pytest.fixture(autouse=True)
def own_cache(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(place / "cache"))


def prepared(frame: pl.DataFrame) -> Dataset:
    return prepare(DataSpec(target="label", split={"by": "column", "column": "split"}), frame, seed=0)


def fitted(name: str, frame: pl.DataFrame) -> Baseline:
    dataset = prepared(frame)
    counts = {split: len(part) for split, part in dataset.splits.items()}
    asked = Experiment(data=DataSpec(target="label"), baselines=(name,))
    ways: dict[str, Any] = {"note": lambda text: None, "progress": lambda stage, done, total: None}
    (found,) = fit_baselines(resolve(asked, dataset.schema, counts), CLASSES, dataset, operations=0.0, **ways)
    assert found.why is None
    return found


@pytest.mark.parametrize(
    ("name", "make"), [("linear", rows), ("svm", rows), ("gradient-boosting", rows), ("tfidf", texts)]
)
def test_penalty_trees_scale_and_temperature_of_a_baseline(name: str, make: Any) -> None:
    one, other = (fitted(name, make(honest)) for honest in (True, False))
    assert one.notes == other.notes
    assert one.params == other.params
    assert np.array_equal(one.decided["probability"], other.decided["probability"])


def test_a_constant_prediction() -> None:
    frame = rows(honest=True)
    train, test = (frame.filter(pl.col("split") == name)["label"].mode().to_list() for name in ("train", "test"))
    assert (train, test) == (["a"], ["b"]), "so that it can be told which of them was counted"
    dataset = prepared(frame)
    found = dummy_baseline(CLASSES, dataset, len(dataset.splits["test"]))
    assert {dataset.schema.classes[number] for number in found.decided["prediction"]} == {"a"}


@pytest.mark.parametrize("quantity", [False, True], ids=["classes", "numbers"])
def test_the_single_column_and_its_rule(quantity: bool) -> None:
    """Of two columns one is best on train rows and the other, by far, on test rows."""
    rng, count = np.random.default_rng(2), 700
    split = np.repeat(["train", "validation", "test"], [300, 200, 200])
    goal = rng.normal(size=count)
    noise = np.where(split == "test", 3.0, 0.3), np.where(split == "test", 0.01, 1.0)
    columns = {f"x{i}": goal + spread * rng.normal(size=count) for i, spread in enumerate(noise)}
    label = goal if quantity else np.where(goal > 0, "b", "a")
    dataset = prepared(pl.DataFrame({**columns, "split": split, "label": label}))
    found = single_column(objective_for(Component(name="regression")) if quantity else CLASSES, dataset)
    assert found is not None and found.column == "x0"
    assert found.baseline.rows == 300
    test = dataset.splits["test"].target
    assert test is not None
    off = np.abs(found.baseline.decided["prediction"] - test).mean()
    assert off > (1 if quantity else 0.2), "learned on train rows, its rule is of little use on these"


def test_the_weights_that_ship(cli) -> None:
    """Weights, the epoch they are of, their temperature and their threshold: all that is in the file."""
    shipped, constant = [], []
    for name, honest in (("one", True), ("other", False)):
        rows(honest).write_csv(f"{name}.csv")
        words = ("--target", "label", "--epochs", "6", "--deterministic", "--batch", "64", "--lr", "0.003", "-q")
        settings = ("--set", "data.split=column:split", "--set", "baselines=[]")
        assert cli("train", f"{name}.csv", *words, *settings, "--out", name) == 0
        shipped.append(files.sha256(Path(name) / files.WEIGHTS))
        report = Report.read(Path(name) / files.REPORT)
        (found,) = [f for f in report.findings if f.name == "accuracy" and f.group == "baseline=majority"]
        assert found.again is not None
        constant.append(found.again.options["answer"])
    assert shipped[0] == shipped[1]
    assert constant == ["a", "a"]
