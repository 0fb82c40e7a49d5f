"""Numbers that seem to stand for a missing value are asked about, and taken for missing where the user says so."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

from leadline.core.experiment import DataSpec
from leadline.data.checks import placeholders
from leadline.data.dataset import prepare
from leadline.errors import UsageError
from sentences import says

N = 400
RNG = np.random.default_rng(0)
SOME = np.arange(N) % 2 == 0
INSULIN = np.where(SOME, 0, RNG.integers(15, 400, N))
BODY_MASS = np.where(np.arange(N) % 40 == 0, 0.0, RNG.normal(32, 5, N).round(1))


def found(values: np.ndarray) -> list[tuple[float, int]]:
    frame = pl.DataFrame({"x": values})
    return [(one.value, one.rows) for one in placeholders.find(frame, ["x"], np.arange(N))]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (INSULIN, [(0.0, 200)]),
        (BODY_MASS, [(0.0, 10)]),
        (np.where(SOME, -999, RNG.integers(0, 100, N)), [(-999.0, 200)]),
        (np.where(np.arange(N) % 50 == 0, 9999.0, RNG.normal(20, 5, N)), [(9999.0, 8)]),
        (np.where(np.arange(N) % 50 == 0, -99.0, RNG.uniform(0, 30, N)), [(-99.0, 8)]),
    ],
    ids=["half of a medical column", "one in forty", "-999", "9999", "-99"],
)
def test_numbers_far_from_all_others_are_found(values: np.ndarray, expected: list[tuple[float, int]]) -> None:
    assert found(values) == expected


@pytest.mark.parametrize(
    "values",
    [
        RNG.poisson(3, N),
        RNG.integers(0, 60, N),
        np.where(SOME, 0.0, RNG.integers(1, 300, N) / 10),
        np.where(np.arange(N) % 10 > 0, 0, RNG.integers(100, 90_000, N)),
        RNG.normal(size=N),
        RNG.integers(0, 1_000, N),
        RNG.choice([0, 50, 100], N),
    ],
    ids=["counts", "ages", "rain", "mostly nothing", "both signs", "up to 999", "three values"],
)
def test_usual_zeros_and_large_numbers_are_not(values: np.ndarray) -> None:
    assert found(values) == []


def test_they_are_asked_about_and_taken_for_missing_where_the_user_says_so() -> None:
    frame = pl.DataFrame({"insulin": INSULIN, "age": RNG.integers(20, 80, N), "y": RNG.choice(["no", "yes"], N)})
    asked = prepare(DataSpec(target="y"), frame)
    rows = len(asked.splits["train"])
    zeros = next(note for note in asked.notes if note.startswith("'insulin' is 0"))
    assert f"of {rows} training rows" in zeros and "'data.missing_values.insulin': 0" in zeros
    spec = DataSpec.model_validate({"target": "y", "missing_values": {"insulin": 0}})
    told = prepare(spec, frame)
    assert not any(note.startswith("'insulin' is 0") for note in told.notes)
    (state,) = (f.state for f in told.schema.inputs[0].fields if f.name == "insulin")
    assert state["missing"] and state["min"] >= 15 and told.fingerprint != asked.fingerprint
    (new,) = prepare(spec, frame[:4], schema=told.schema, labelled=False).splits.values()
    assert new.batch(torch.arange(4)).inputs["table"][:, 0].isnan().tolist() == [True, False] * 2


def test_a_number_that_stands_for_missing_in_a_target_is_asked_about() -> None:
    price = RNG.normal(200, 20, N).round(1)
    price[::25] = -999
    asked = prepare(DataSpec(target="price"), pl.DataFrame({"size": price + RNG.normal(0, 5, N), "price": price}))
    assert any(note.startswith("'price' is -999") for note in asked.notes)


def test_what_cannot_be_is_refused() -> None:
    frame = pl.DataFrame({"word": ["a", "b"] * 30, "x": range(100, 160), "y": ["no", "yes"] * 30})
    with pytest.raises(UsageError, match=says("data.missing-values-of-no-numbers", column="word", dtype="String")):
        prepare(DataSpec.model_validate({"target": "y", "missing_values": {"word": [0]}}), frame)
    with pytest.raises(UsageError, match=says("data.no-column", where="data.missing_values", column="wrd")):
        prepare(DataSpec.model_validate({"target": "y", "missing_values": {"wrd": [0]}}), frame)
