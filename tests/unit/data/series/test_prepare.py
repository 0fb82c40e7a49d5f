"""From a table to windows by split, through the door that every dataset comes by."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.schema import Schema
from leadline.data.dataset import Dataset, prepare
from leadline.errors import DataError, UsageError
from sentences import says

N = 100
RNG = np.random.default_rng(0)
LOAD = np.round(10 + np.sin(np.arange(N) / 4) + 0.1 * RNG.normal(size=N), 3)
HEAT = np.round(20 + RNG.normal(size=N), 3)
WHEN = [datetime(2024, 1, 1) + timedelta(hours=k) for k in range(N)]
FRAME = pl.DataFrame({"when": WHEN, "load": LOAD, "heat": HEAT})


HALF = {"split": {"by": "auto", "test": 0.25, "validation": 0.0}}


def spec(**entries: Any) -> DataSpec:
    series = {"horizon": 3, "context_length": 6, **entries.pop("series", {})}
    return DataSpec.model_validate({"series": series, **entries})


def of(frame: pl.DataFrame = FRAME, **entries: Any) -> Dataset:
    return prepare(spec(**entries), frame)


def sizes(dataset: Dataset) -> dict[str, int]:
    return {name: len(part) for name, part in dataset.splits.items()}


def said(dataset: Dataset) -> str:
    return "\n".join(dataset.notes)


def test_windows_by_time() -> None:
    dataset = of()
    assert (
        sizes(dataset) == {"train": 80 - 6 - 3 + 1, "validation": 8, "test": 8} and dataset.split_by == "by time 'when'"
    )
    (one,) = dataset.schema.inputs
    assert (one.name, one.kind, one.shape) == ("series", "series", (6, 2)) and one.window is not None
    assert one.window.aims == ("load", "heat") and one.window.spec.frequency == "1h" and one.window.spec.time == "when"
    batch = dataset.splits["test"].batch(torch.tensor([0, 7]))
    assert batch.target_B is not None
    assert batch.row_B.tolist() == [90, 97]
    np.testing.assert_allclose(batch.inputs["series"][1], np.stack([LOAD, HEAT], 1)[91:97], rtol=1e-6)
    np.testing.assert_allclose(batch.target_B[0], np.stack([LOAD, HEAT], 1)[90:93], rtol=1e-6)
    assert dataset.splits["test"].units == "2 blocks of time" and dataset.splits["test"].where(0) == ("memory", 91)


def test_what_is_forecast_knows_its_scale_on_the_train_rows() -> None:
    target = of().schema.target
    assert target is not None and (target.name, target.kind, target.columns) == (
        "load, heat",
        "series",
        ("load", "heat"),
    )
    state = target.state
    np.testing.assert_allclose(state["mean"], [LOAD[:80].mean(), HEAT[:80].mean()])
    np.testing.assert_allclose(state["std"], [LOAD[:80].std(), HEAT[:80].std()])
    np.testing.assert_allclose(state["naive_mae"], [np.abs(v[24:80] - v[:56]).mean() for v in (LOAD, HEAT)])
    assert (state["horizon"], state["season"], state["naive_steps"], state["every"]) == (3, 24, 24, "1h")


def test_a_target_is_forecast_from_all_and_inputs_restrict() -> None:
    wide = FRAME.with_columns(pl.Series("town", ["Bath", "York"] * 50), pl.Series("wind", RNG.normal(size=N)))
    one = of(wide, target="heat").schema.inputs[0]
    assert [field.name for field in one.fields] == ["heat", "load", "wind", "town"] and one.window is not None
    assert one.window.aims == ("heat",)
    assert [f.name for f in of(wide, target="heat", columns=("wind",)).schema.inputs[0].fields] == ["heat", "wind"]
    assert of(wide, target=("wind", "load")).schema.target.columns == ("wind", "load")  # type: ignore[union-attr]
    roles = {column.name: column.role for column in of(wide, target="heat", ignore=("town",)).columns}
    assert roles == {
        "when": "time",
        "load": "input series",
        "heat": "input and target",
        "town": say("data.role-left-out", reason=say("data.reason-ignored")),
        "wind": "input series",
    }


def test_what_is_known_ahead_is_seen_ahead() -> None:
    frame = FRAME.with_columns(pl.Series("promo", np.arange(N) % 7 * 1.5))
    dataset = of(frame, series={"known_covariates": ["promo"], "calendar": True})
    (one,) = dataset.schema.inputs
    assert one.shape == (9, 5) and one.window is not None and one.window.aims == ("load", "heat")
    x = dataset.splits["test"].batch(torch.tensor([2])).inputs["series"][0]
    assert torch.isnan(x[6:, :2]).all() and not torch.isnan(x[:, 2:]).any()
    np.testing.assert_allclose(x[:, 2], (np.arange(86, 95) % 7) * 1.5)
    assert [field.kind for field in one.fields] == ["number", "number", "number", "calendar"]


def test_the_literatures_split_of_months() -> None:
    dataset = of(split="time:when:50h/20h/20h")
    assert sizes(dataset) == {"train": 50 - 6 - 3 + 1, "validation": 18, "test": 18}
    assert dataset.split_by == "by time 'when', 50h/20h/20h" and (
        say("splits.later-than-spans", rows=10, spans="50h/20h/20h") in said(dataset)
    )
    assert dataset.splits["test"].rows[-1] == 87


def test_a_split_that_a_column_names() -> None:
    part = ["train"] * 60 + ["val"] * 20 + ["test"] * 20
    dataset = of(FRAME.with_columns(pl.Series("part", part)), split="part")
    assert sizes(dataset) == {"train": 52, "validation": 18, "test": 18}
    backwards = of(FRAME.with_columns(pl.Series("part", part[::-1])), split="part")
    assert sizes(backwards) == {"train": 52, "validation": 12, "test": 12}  # no train window looks back on later splits


@pytest.mark.parametrize(
    ("split", "why"),
    [
        ("random", r"windows of a series overlap.*split='time:when'"),
        ("time:load", "neither a date nor a whole number"),
        ("group:load", "a series is split by time or by series id"),
    ],
)
def test_splits_that_a_series_cannot_have(split: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        of(split=split)


def test_each_fold_is_trained_on_what_came_before() -> None:
    starts = []
    for fold in range(1, 5):
        splits = of(split={"by": "auto", "folds": 4, "fold": fold, "validation": 0.0}).splits
        assert splits["train"].rows.max() < splits["test"].rows.min() - 2
        starts.append(int(splits["test"].rows.min()))
    assert starts == [20, 40, 60, 80]


def test_the_look_back_is_chosen_from_horizon_season_and_length() -> None:
    cases = ((100, 3), (60, 2), (90, 9), (100, 11))  # rows and horizons
    windows = [
        of(FRAME[:rows], series={"context_length": None, "horizon": h}, **HALF).schema.inputs[0].window
        for rows, h in cases
    ]
    assert [window.past for window in windows if window] == [33, 20, 30, 33]
    daily = FRAME.with_columns(when=pl.Series([datetime(2024, 1, 1) + timedelta(days=k) for k in range(N)]))
    windows = [of(daily, series={"context_length": None, "horizon": h}, **HALF).schema.inputs[0].window for h in (1, 8)]
    assert [window.past for window in windows if window] == [14, 24]


def test_items_have_their_own_windows_and_short_ones_are_named() -> None:
    short = FRAME[:5].with_columns(pl.lit("c").alias("shop"))
    frame = pl.concat([*(FRAME.with_columns(pl.lit(name).alias("shop")) for name in "ab"), short])
    dataset = of(frame, series={"series_id": "shop"})
    assert sizes(dataset) == {"train": 2 * 72, "validation": 16, "test": 16}
    assert dataset.invalid_rows.height == 5
    assert dataset.invalid_rows.row(0) == (
        "memory",
        201,
        "shop",
        say("series.shorter-than-window", series="c", steps=5, window=9),
    )
    assert say("series.series-too-short", count=1, window=9, items="'c' (5)") in said(dataset)
    with pytest.raises(DataError, match=says("series.strict")):
        of(frame, series={"series_id": "shop"}, strict=True)
    by_item = of(
        pl.concat([FRAME.with_columns(pl.lit(f"{k}").alias("shop")) for k in range(10)]),
        series={"series_id": "shop"},
        split="group:shop",
    )
    assert (
        sizes(by_item) == {"train": 8 * 92, "validation": 92, "test": 92} and by_item.splits["test"].units == "1 items"
    )


def test_no_window_crosses_a_gap() -> None:
    dataset = of(FRAME.filter(pl.int_range(pl.len()) != 40))
    assert sizes(dataset)["train"] == (40 - 8) + (39 - 8)
    crossing = [r for r in dataset.splits["train"].rows if r - 6 < 40 < r + 3]
    assert crossing == [] and "1 gap between steps of 1h" in said(dataset)


def test_missing_values_stay_missing_in_the_target_and_are_carried_where_train_knows_none() -> None:
    load = [None if k in (20, 21, 93) else float(v) for k, v in enumerate(LOAD)]
    heat = [None if k == 93 else float(v) for k, v in enumerate(HEAT)]
    dataset = of(FRAME.with_columns(pl.Series("load", load), pl.Series("heat", heat)))
    batch = dataset.splits["test"].batch(torch.tensor([3, 4]))
    assert batch.target_B is not None and torch.isnan(batch.target_B[0, 0]).all()
    assert torch.isnan(batch.inputs["series"][1, -1, 0])  # the network has a feature that says so
    assert batch.inputs["series"][1, -1, 1] == pytest.approx(HEAT[92], abs=1e-5)
    assert dataset.schema.target is not None
    assert dataset.schema.target.state["mean"][0] == pytest.approx(np.delete(LOAD[:80], [20, 21]).mean())


def test_windows_without_a_value_are_not_used() -> None:
    empty = [None if 30 <= k < 45 else float(v) for k, v in enumerate(LOAD)]
    dataset = of(FRAME.select("when", pl.Series("load", empty)))
    assert re.search(says("series.windows-without-values"), said(dataset))
    assert not set(range(36, 43)) & set(dataset.splits["train"].rows.tolist())


def test_text_among_numbers_counts_as_missing_and_is_named(tmp_path: Path) -> None:
    file = tmp_path / "load.csv"
    text = [str(v) for v in LOAD]
    text[7], text[95] = "broken", "1e99"
    pl.DataFrame({"when": WHEN, "load": text, "heat": HEAT}).write_csv(file)
    dataset = of(None, source=str(file))  # type: ignore[arg-type]
    assert f"2 values cannot be read and count as missing: {file}, row 8, load: 'broken' is not a number" in said(
        dataset
    )
    assert dataset.invalid_rows.is_empty() and sizes(dataset)["train"] == 72
    target = dataset.splits["test"].target
    assert target is not None and np.isnan(target[5, 0, 0]) and not np.isinf(target).any()
    with pytest.raises(DataError, match=says("series.strict", table="load")):
        of(None, source=str(file), strict=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("frame", "entries", "why"),
    [
        (FRAME[:8], {}, r"8 rows are too few|no window fits"),
        (
            FRAME[:40],
            {"series": {"context_length": 30}},
            r"context length 30 . horizon 3.*is 32 steps of 1h",
        ),
        (
            FRAME,
            {"series": {"horizon": 12}},
            r"no window fits into the test rows. The horizon is 12 steps.*is 10.*data.split.test': 0\.25",
        ),
        (FRAME.select("when", town=pl.Series(["a", "b"] * 50)), {}, "there is no numeric column to forecast"),
        (
            FRAME.with_columns(town=pl.Series(["a", "b"] * 50)),
            {"target": "town"},
            "row 1, column 'town': 'a' is not a number",
        ),
        (
            FRAME.with_columns(load=pl.lit(3.0), heat=pl.lit(2.0)),
            {"target": ("load", "heat")},
            "all values to forecast are constant",
        ),
        (
            FRAME.with_columns(load=pl.lit(1e7) + pl.col("load") / 1e3),
            {},
            says("targets.lost-in-float32"),
        ),
        (
            FRAME.with_columns(load=pl.lit(None, dtype=pl.Float64)),
            {"target": "load"},
            "column 'load' has no finite value",
        ),
    ],
)
def test_data_that_cannot_be_used(frame: pl.DataFrame, entries: dict[str, Any], why: str) -> None:
    with pytest.raises(DataError, match=why):
        of(frame, **entries)


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"target": "when"}, "Column 'when' can be neither input nor target: it is the time"),
        ({"target": "lod"}, "no column 'lod'"),
        ({"series": {"known_covariates": ["promo"]}}, "data.series.known_covariates: there is no column 'promo'"),
        ({"weight": "heat"}, "data.weight cannot be used with series"),
        ({"inputs": {"series": {"columns": ["load"]}}}, "data.inputs cannot be used with series"),
        ({"series": {"series_id": "shop"}}, "no column 'shop'"),
    ],
)
def test_wishes_that_make_no_sense(entries: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        of(**{**entries, "series": {"time": "when", **entries.get("series", {})}})


def test_a_test_source_holds_what_comes_later(tmp_path: Path) -> None:
    FRAME[:80].write_csv(tmp_path / "a.csv")
    FRAME[80:].write_csv(tmp_path / "b.csv")
    dataset = of(None, source=str(tmp_path / "a.csv"), test=str(tmp_path / "b.csv"))  # type: ignore[arg-type]
    assert sizes(dataset) == {"train": 72 - 8, "validation": 6, "test": 18}
    assert dataset.splits["test"].where(0) == (str(tmp_path / "b.csv"), 1)


def test_with_a_schema_rows_are_windows_as_in_training() -> None:
    trained = of()
    again = prepare(spec(), FRAME, schema=trained.schema, resplit=True)
    assert again.schema == trained.schema and sizes(again) == sizes(trained)
    other = prepare(spec(), FRAME[:30].with_columns(pl.col("load") + 1), schema=trained.schema)
    assert sizes(other) == {"all": 22} and other.splits["all"].units == "7 blocks of time"
    with pytest.raises(DataError, match=says("data.lacks-columns", count=1, columns="'heat'")):
        prepare(spec(), FRAME.drop("heat"), schema=trained.schema)


def test_what_was_decided_decides_the_same_again() -> None:
    first = of(series={"context_length": None, "calendar": True})
    (one,) = first.schema.inputs
    assert one.window is not None
    again = DataSpec.model_validate({"target": one.window.aims, "series": one.window.spec.model_dump(mode="json")})
    assert prepare(again, FRAME).schema == first.schema == Schema.model_validate_json(first.schema.model_dump_json())


def test_a_row_is_shown_as_the_last_values_before_the_forecast() -> None:
    part = of().splits["test"]
    assert part.shown(0) == pytest.approx({"load": LOAD[89], "heat": HEAT[89]})
    assert part.index is not None and part.index["when"][90] == WHEN[90]


def test_a_cell_of_new_rows_that_is_no_number_is_named(tmp_path: Path) -> None:
    known = of()
    file = tmp_path / "new.csv"
    FRAME.with_columns(
        pl.when(pl.int_range(N) == 7).then(pl.lit("broken")).otherwise(pl.col("load").cast(pl.String)).alias("load")
    ).write_csv(file)
    dataset = prepare(spec(source=str(file)), schema=known.schema)
    reason = say("sources.not-a-number", value="broken", expected="1234.5")
    first = f"{file}, row 8, load: {reason}"
    assert say("series.values-unreadable", values=1, first=first) in dataset.notes


@pytest.mark.parametrize("value", [-999.0, 0.0])
def test_numbers_that_seem_to_stand_for_a_missing_value_are_asked_about_as_in_tables(value: float) -> None:
    load = np.where(np.arange(N) % 12 == 5, value, LOAD)
    frame = FRAME.with_columns(load=load)
    rows = int(N * 0.8)
    count = int((load[:rows] == value).sum())
    asked = re.search(
        says("checks.placeholder", column="load", value=f"{value:g}", count=count, rows=rows), said(of(frame))
    )
    assert asked and not re.search(says("checks.placeholder"), said(of()))
    told = of(frame, missing_values={"load": [value]})
    assert not re.search(says("checks.placeholder"), said(told))
    assert told.schema.target is not None and told.schema.target.state["mean"][0] == pytest.approx(10, abs=0.5)
    target = told.splits["train"].target
    assert target is not None and np.isnan(target[..., 0]).any(), "what is missing is not forecast as a number"


def test_a_window_is_called_by_its_series_and_the_time_of_its_first_step_ahead() -> None:
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 4, 9), eager=True)
    shops = pl.concat([FRAME.with_columns(when=days, shop=pl.lit(shop)) for shop in ("Ulm", "Bonn")])
    several = of(shops, series={"series_id": "shop"}).splits["test"]
    assert several.place(0) == f"Bonn, {say('data.from-time', time='2024-03-31')}"
    assert of().splits["test"].place(0) == say("data.from-time", time="2024-01-04 18:00")
    counted = FRAME.with_columns(when=pl.int_range(N))
    assert of(counted, series={"time": "when"}).splits["test"].place(0) == say("data.from-time", time="when 90")
