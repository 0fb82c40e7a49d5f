"""Where a network calculates no finite number there is no prediction, and nothing is measured with an accident."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import leadline
from leadline.core.catalogue import say
from sentences import says

HUGE = -3e38  # a number of single precision whose products are none


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> leadline.Run:
    return leadline.train(
        _rows(),
        target="kind",
        epochs=1,
        network="mlp",
        settings={"baselines": []},
        out=tmp_path_factory.mktemp("r") / "run",
        quiet=True,
    )


def _rows(rows: int = 80) -> pl.DataFrame:
    x = np.random.default_rng(0).normal(size=rows)
    return pl.DataFrame({"x": x, "kind": np.where(x > 0, "high", "low")})


def test_rows_without_a_finite_output_have_no_prediction_and_say_so(run: leadline.Run) -> None:
    found = run.predict(pl.DataFrame({"x": [0.5, HUGE, -0.5]}), quiet=True)
    assert found["reason"].to_list() == [None, say("evaluation.output-not-finite"), None]
    decided = found.drop("row", "reason")
    assert decided.row(1) == (None,) * decided.width
    assert decided.null_count().row(0) == (1,) * decided.width
    assert run.predict(pl.DataFrame({"x": [0.5]}), quiet=True)["predicted_kind"].null_count() == 0


def test_they_are_left_out_of_measures_and_counted_against_the_network_in_verdicts(run: leadline.Run) -> None:
    good = pl.DataFrame({"x": [0.5, -0.5] * 20, "kind": ["high", "low"] * 20})
    bad = pl.DataFrame({"x": [HUGE], "kind": ["low"]})
    alone = leadline.evaluate(run, good, quiet=True)
    found = leadline.evaluate(run, pl.concat([good, bad]), require=["accuracy >= 0.01"], quiet=True)
    accuracy = next(one for one in found.findings if one.name == "accuracy")
    assert (accuracy.value, accuracy.n, accuracy.unusable) == (alone.findings[0].value, 40, 1)
    assert "1 unusable" in found.verdicts[0].why


def test_a_run_whose_test_rows_hold_one_measures_nothing_on_them(tmp_path: Path, cli: Callable[..., int]) -> None:
    split = ["train"] * 60 + ["validation"] * 10 + ["test"] * 10
    rows = _rows().with_columns(split=pl.Series(split))
    rows[79, "x"] = HUGE
    done = leadline.train(
        rows,
        target="kind",
        split="column:split",
        epochs=1,
        network="mlp",
        settings={"baselines": ["linear"]},
        require=["accuracy >= 0.1"],
        out=tmp_path / "run",
        quiet=True,
    )
    quality = [one for one in done.report.findings if one.split == "test" and one.section == "metrics"]
    assert quality and all(one.value is None for one in quality)
    assert say("evaluation.split-not-finite", count=1, total=10) in {one.why for one in quality}
    assert done.report.requirements[0].verdict == "undecided"
    assert leadline.verify(done, rows, quiet=True).holds


def test_the_default_network_of_tables_has_a_finite_output_for_any_number() -> None:
    run = leadline.train(_rows(), target="kind", epochs=1, settings={"baselines": []}, quiet=True)
    found = run.predict(pl.DataFrame({"x": [HUGE, 3e38, 0.5]}), quiet=True)
    assert found["predicted_kind"].null_count() == 0


def test_estimators_name_the_row() -> None:
    X = np.random.default_rng(0).normal(size=(80, 6))
    model = leadline.Regressor("mlp", epochs=1, random_state=0).fit(X, X.sum(1))
    huge = np.array([[0.5] * 6, [HUGE, -HUGE, HUGE, HUGE, -HUGE, HUGE]])
    with pytest.raises(ValueError, match=says("estimators.row-unusable", row=2)), pytest.warns(UserWarning):
        model.predict(huge)
