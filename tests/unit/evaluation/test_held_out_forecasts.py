"""Forecasts as tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.schema import Schema
from leadline.data.dataset import Dataset, prepare
from leadline.data.targets import series as forecast_tables
from leadline.evaluation.held_out import held_out

N = 80
WHEN = [datetime(2024, 1, 1, 6) + timedelta(hours=k) for k in range(N)]
FRAME = pl.DataFrame({"when": WHEN, "a": np.arange(N) * 0.5, "b": np.sin(np.arange(N))})


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))


def dataset(frame: pl.DataFrame = FRAME, **series: object) -> Dataset:
    return prepare(DataSpec.model_validate({"series": {"horizon": 3, "context_length": 5, **series}}), frame)


def forecasts(windows: int, variables: int = 2) -> dict[str, np.ndarray]:
    """Forecasts that say which window, step and variable they are of."""
    of = np.indices((windows, 3, variables))
    prediction = (100 * of[0] + 10 * of[1] + of[2]).astype(np.float32)
    return {"prediction": prediction, "quantiles": prediction[..., None] + np.float32([-0.5, 0.5])}


def test_a_line_for_each_window_step_and_variable() -> None:
    data = dataset()
    part = data.splits["test"]
    found = held_out(data.schema, part, forecasts(len(part)), (0.1, 0.9))
    assert found.note is None and found.table.height == 6 * 3 * 2
    assert found.table.columns == [
        *(
            "split",
            "file",
            "row",
            "time",
            "step",
            "variable",
            "target",
            "predicted",
            "quantile 0.1",
            "quantile 0.9",
            "group",
        )
    ]
    line = found.table.filter(step=3, row=int(part.rows[4]) + 3, variable="a").row(0, named=True)
    assert line["time"] == WHEN[part.rows[4] + 2] and line["target"] == (part.rows[4] + 2) / 2
    assert (line["predicted"], line["quantile 0.1"], line["split"], line["file"]) == (420.0, 419.5, "test", "memory")


def test_of_a_great_many_those_are_written_that_do_not_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast_tables, "CELLS", 30)
    data = dataset(FRAME.filter(pl.int_range(pl.len()) != 20))
    part = data.splits["train"]
    at = forecast_tables.thinned(part, data.schema)
    rows = part.rows[at]
    assert rows.tolist() == [*range(5, 18, 3), *range(25, 61, 3)]  # before and after the gap
    found = held_out(data.schema, part, forecasts(len(part)))
    assert found.table.group_by("row", "variable").len()["len"].max() == 1
    assert found.note == say("targets.windows-kept", windows=len(part), subset="train", kept=len(at))


def test_missing_targets_are_null_and_items_are_named() -> None:
    frame = pl.concat([FRAME.with_columns(shop=pl.lit(name)) for name in "yx"])
    frame = frame.with_columns(b=pl.when(pl.col("when") == WHEN[-1]).then(None).otherwise("b"))
    data = dataset(frame, series_id="shop")
    part = data.splits["test"]
    table = held_out(data.schema, part, forecasts(len(part))).table
    assert table["item"].unique().sort().to_list() == ["x", "y"]
    assert table.filter(time=WHEN[-1], variable="b")["target"].null_count() == 2 and table["target"].null_count() == 2


def test_what_comes_after_the_last_row() -> None:
    data = dataset()
    spec = DataSpec.model_validate({"series": {"horizon": 3, "context_length": 5}})
    (part,) = prepare(spec, FRAME, schema=data.schema, labelled=False).splits.values()
    table = forecast_tables.continued(data.schema, part, forecasts(1), (0.1, 0.9))
    assert table.columns == [
        "when",
        "a",
        "a (quantile 0.1)",
        "a (quantile 0.9)",
        "b",
        "b (quantile 0.1)",
        "b (quantile 0.9)",
    ]
    assert table["when"].to_list() == [WHEN[-1] + timedelta(hours=k) for k in (1, 2, 3)]
    assert table["a"].to_list() == [0, 10, 20] and table["b (quantile 0.9)"].to_list() == [1.5, 11.5, 21.5]
    assert data.schema.windowed and not Schema(inputs=()).windowed
