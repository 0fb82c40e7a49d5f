"""Which equal rows are one observation, and which were observed one by one."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest

from leadline.core.experiment import DataSpec
from leadline.data.checks.copies import WIDER, of_table, of_texts, target_numbers, widening
from leadline.data.dataset import Dataset, prepare
from sentences import says


def _numbers(rows: int, columns: int = 4) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame({f"x{at}": rng.normal(size=rows).round(3) for at in range(columns)})


def _discrete(rows: int, seed: int = 0) -> pl.DataFrame:
    """Return rows as of a list of passengers: a class, a sex, an age in years, some relatives."""
    rng = np.random.default_rng(seed)
    columns = {"class": [1, 2, 3], "sex": ["f", "m"], "age": list(range(18, 30)), "relatives": [0, 0, 0, 1, 2]}
    return pl.DataFrame({name: rng.choice(values, rows) for name, values in columns.items()})


def _flags(rows: int) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    return pl.DataFrame({f"f{at}": (rng.random(rows) < 0.03).astype(int) for at in range(60)})


def _oversampled(rows: int) -> pl.DataFrame:
    """Return rows of which the last third is drawn again and again, as classes are made even."""
    frame, rng = _numbers(rows), np.random.default_rng(2)
    return pl.concat([frame, frame[rng.choice(np.arange(2 * rows // 3, rows), rows)]])


@pytest.mark.parametrize(
    ("frame", "observed"),
    [
        pytest.param(_numbers(200), 200, id="measured numbers"),
        pytest.param(pl.concat([_numbers(120)] * 5), 120, id="measured numbers five times over"),
        pytest.param(_oversampled(150), 150, id="a class drawn again until classes are even"),
        pytest.param(_discrete(600), 600, id="few columns of few values"),
        pytest.param(pl.concat([_discrete(120)] * 5), 120, id="few columns of few values five times over"),
        pytest.param(_flags(400), 400, id="flags that are nearly always off"),
        pytest.param(_discrete(600).select("age"), 600, id="one column of few values"),
        pytest.param(pl.concat([_numbers(60, 1)] * 3), 60, id="one measured number three times over"),
        pytest.param(_numbers(100).with_columns(x0=pl.lit(None, pl.Float64)), 100, id="an empty column"),
        pytest.param(pl.concat([_numbers(50).with_columns(x0=pl.lit(float("nan")))] * 2), 50, id="NaN equals NaN"),
    ],
)
def test_rows_of_tables_are_counted_as_often_as_they_were_observed(frame: pl.DataFrame, observed: int) -> None:
    rng = np.random.default_rng(3)
    target = rng.integers(0, 2, observed)
    target_n = target_numbers(pl.DataFrame({"y": np.resize(target, len(frame))}))
    found = of_table(frame, target_n)
    number_n = np.arange(len(frame)) if found is None else found
    assert len(np.unique(number_n)) == observed


def test_a_repeated_set_of_few_values_keeps_apart_what_was_observed_twice() -> None:
    once = _discrete(120)
    found = of_table(pl.concat([once] * 5), target_numbers(pl.DataFrame({"y": np.tile(np.arange(120) % 2, 5)})))
    assert found is not None
    assert set(np.bincount(found).tolist()) == {5}
    assert once.n_unique() < 120


@pytest.mark.parametrize(
    ("tokens", "agreeing", "groups"),
    [
        pytest.param(9, False, 30, id="sentences with different labels"),
        pytest.param(2, True, 30, id="short commands that always mean the same"),
        pytest.param(2, False, 120, id="names that are those of several countries"),
    ],
)
def test_equal_texts_are_one_observation_unless_they_are_short_and_mean_different_things(
    tokens: int, agreeing: bool, groups: int
) -> None:
    equal_n = np.arange(120) % 30
    target_n = equal_n % 3 if agreeing else np.random.default_rng(0).integers(0, 3, 120)
    assert len(np.unique(of_texts(equal_n, np.full(120, tokens), target_n))) == groups


def test_widening_is_that_of_a_variance() -> None:
    assert widening(np.repeat(np.arange(100), 5)) == 5
    assert widening(np.arange(100)) == 1
    assert widening(np.concatenate([np.arange(100), [0]])) < WIDER


def _test_set_five_times_over(frame: pl.DataFrame, copied: int) -> Dataset:
    label = pl.Series("y", np.random.default_rng(5).choice(["a", "b"], len(frame)))
    frame = frame.with_columns(label)
    test = frame[:120]
    rows = pl.concat(
        [frame[120:].with_columns(split=pl.lit("train")), *[test.with_columns(split=pl.lit("test"))] * copied]
    )
    return prepare(DataSpec(target="y"), rows)


def test_a_test_set_five_times_over_is_as_many_groups_as_rows_differ() -> None:
    dataset = _test_set_five_times_over(_numbers(400), 5)
    test = dataset.splits["test"]
    assert len(test) == 600
    assert test.group is not None and len(np.unique(test.group)) == 120
    assert test.units == "120 distinct rows"
    said = says("checks.equal-rows", different=120, rows=600, subset="test ")
    assert any(re.fullmatch(said, note) for note in dataset.notes)
    assert dataset.splits["train"].group is None


def test_a_test_set_given_once_is_independent() -> None:
    dataset = _test_set_five_times_over(_numbers(400), 1)
    assert dataset.splits["test"].group is None
    assert not any("distinct" in note for note in dataset.notes)
