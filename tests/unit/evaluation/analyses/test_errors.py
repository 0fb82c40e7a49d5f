"""Where a network is furthest from the truth."""

from __future__ import annotations

import numpy as np
import polars as pl

from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare
from leadline.data.targets.several import OF_TASK
from leadline.evaluation.analyses.errors import MISTAKES, worst_errors

N = 60
RNG = np.random.default_rng(0)
BASE = pl.DataFrame({"x": RNG.normal(size=N), "kind": ["a", "b", "b"] * (N // 3), "price": RNG.normal(size=N) * 10})
SETS = [["war"], ["war", "love"], [], ["love", "art"]] * (N // 4)


def dataset(frame: pl.DataFrame, **spec: object) -> Dataset:
    return prepare(DataSpec.model_validate({"ignore": [], **spec}), frame)


def test_the_largest_errors_come_first_with_their_rows() -> None:
    found = dataset(BASE, target="price", columns=["x"])
    part = found.splits["train"]
    error = np.arange(len(part), dtype=np.float64)
    (draft,) = worst_errors(found, part, {"prediction": part.target + error})
    said = [row[0] for row in draft.content["rows"]]
    assert len(said) == MISTAKES
    assert said[0].startswith(f"true {part.target[-1]:.5g}, predicted")
    assert draft.content["rows"][0][1] == part.place(len(part) - 1)
    (draft,) = worst_errors(found, part, {"prediction": part.target + error, "std": np.full(len(part), 2.5)})
    assert draft.content["rows"][0][0].endswith("± 2.5")


def test_a_classifier_that_is_always_right_has_no_mistakes() -> None:
    found = dataset(BASE, target="kind", columns=["x"])
    part = found.splits["test"]
    sure = np.eye(2, dtype=np.float32)[part.target]
    assert list(worst_errors(found, part, {"prediction": part.target, "probability": sure})) == []
    (draft,) = worst_errors(found, part, {"prediction": 1 - part.target, "probability": sure[:, ::-1]})
    assert "(100.0 %)" in draft.content["rows"][0][0]


def test_of_sets_the_surest_wrong_label_is_named() -> None:
    found = dataset(BASE.with_columns(genres=pl.Series(SETS)), target="genres", columns=["x"])
    part = found.splits["test"]
    true = part.target
    probability = np.where(true > 0, 0.9, 0.1).astype(np.float32)
    assert (
        list(
            worst_errors(found, part, {"prediction": (probability > 0.5).astype(np.uint8), "probability": probability})
        )
        == []
    )
    row = int(np.flatnonzero(true[:, 1] > 0)[0])  # one that has "love"
    probability[row, 1] = 0.25
    (draft,) = worst_errors(
        found, part, {"prediction": (probability > 0.5).astype(np.uint8), "probability": probability}
    )
    (said,) = [line[0] for line in draft.content["rows"]]
    assert said.endswith("love missed (75.0 %)")


def test_of_probabilities_the_class_that_is_furthest_off_is_named() -> None:
    share = RNG.uniform(0.2, 0.8, N)
    found = dataset(BASE.with_columns(yes=share, no=1 - share), target=["yes", "no"], columns=["x"])
    part = found.splits["test"]
    off = part.target.copy()
    off[2] = [1.0, 0.0]
    (draft,) = worst_errors(found, part, {"prediction": off.argmax(1), "probability": off})
    assert draft.content["rows"][0][0] == f"yes: true {100 * part.target[2, 0]:.1f} %, predicted 100.0 %"


def test_each_task_has_its_own_and_rows_without_its_target_are_not_among_them() -> None:
    price = [None if at % 2 else value for at, value in enumerate(BASE["price"])]
    found = dataset(BASE.with_columns(price=pl.Series(price)), target=["kind", "price"])
    part = found.splits["train"]
    decided = {
        "prediction(kind)": np.zeros(len(part), dtype=np.int64),
        "probability(kind)": np.tile(np.array([0.8, 0.2], dtype=np.float32), (len(part), 1)),
        "prediction(price)": np.zeros(len(part)),
    }
    kinds, prices = worst_errors(found, part, decided)
    assert (kinds.name, kinds.title) == ("mistakes-1", "Most confident errors: kind")
    assert (prices.name, prices.title) == ("mistakes-2", "Largest errors: price")
    assert len(prices.content["rows"]) == OF_TASK
    shown = {part.place(at) for at in range(len(part)) if part.rows[at] % 2 == 0}
    assert {row[1] for row in prices.content["rows"]} <= shown
