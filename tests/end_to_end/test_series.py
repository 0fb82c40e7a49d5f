"""A table in time order through the command line: forecast, measured, continued, compared, cross-validated; and bad
input.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import leadline
from leadline.core.experiment import Experiment
from leadline.core.finding import VARIOUS

N = 400
QUICK = ("--epochs", "2", "--deterministic", "--quiet")
WHEN = [datetime(2024, 1, 1) + timedelta(hours=k) for k in range(N)]


def hours(file: Path, rows: int = N, **columns: object) -> Path:
    """Write hours with a daily rhythm and a little noise."""
    rng = np.random.default_rng(0)
    wave = 2 * np.pi * np.arange(rows) / 24
    load = 5 + np.sin(wave) + 0.1 * rng.normal(size=rows)
    heat = 20 + 3 * np.cos(wave) + 0.1 * rng.normal(size=rows)
    pl.DataFrame({"when": WHEN[:rows], "load": load, "heat": heat} | columns).write_csv(file)
    return file


@pytest.fixture
def source(place: Path) -> Path:
    return hours(place / "load.csv")


def test_from_a_table_to_a_report_and_beyond_the_last_row(
    cli, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--horizon", "6", "--context-length", "24", "--network", "dlinear", "--out", "run", *QUICK)
    assert cli("train", source, *arguments, "--require", "mse_scaled <= 3") == 0
    report = leadline.report("run")
    found = report.find("mse_scaled")
    assert found is not None and found.interval is not None and "blocks of time" in (found.method or "")
    assert {f.group for f in report.findings if f.name == "mse_scaled"} >= {"baseline=naive", "baseline=seasonal-naive"}
    experiment = Experiment.read(Path("run/experiment.yaml"))
    assert (
        experiment.data.series is not None
        and experiment.data.series.frequency == "1h"
        and experiment.data.series.time == "when"
    )
    told = pl.read_parquet("run/predictions.parquet")
    assert told.filter(split="test").height == 35 * 6 * 2 and "Forecasts" in Path("run/report.html").read_text(
        encoding="utf-8"
    )

    examples = json.loads(Path("run/exhibits/examples.train.json").read_text(encoding="utf-8"))
    assert examples["columns"] == ["when", "load", "heat"]
    assert examples["rows"][0][0] == str(WHEN[23])  # the last step before the first that is forecast
    titles = capsys.readouterr().out
    assert "Test normalised MAE" in titles and "Test MAE" not in titles  # load and heat have units of their own
    assert report.find("mae").unit == VARIOUS

    assert cli("predict", "run", source, "-o", "next.csv", "--quiet") == 0
    ahead = pl.read_csv("next.csv", try_parse_dates=True)
    assert ahead.columns == ["when", "load", "heat"]
    assert ahead["when"].to_list() == [WHEN[-1] + timedelta(hours=k) for k in range(1, 7)]
    assert ahead["heat"].is_between(10, 30).all()

    capsys.readouterr()
    assert cli("evaluate", "run", source, "--json", "--quiet") == 0
    again = {f["name"]: f["value"] for f in json.loads(capsys.readouterr().out)["findings"] if f["group"] is None}
    assert again["mse_scaled"] == pytest.approx(found.value, rel=1e-4)
    other = hours(source.with_name("other.csv"), rows=60)
    assert cli("evaluate", "run", other, "--json", "--quiet") == 0
    assert {f["n"] for f in json.loads(capsys.readouterr().out)["findings"] if f["name"] == "mse_scaled"} == {
        60 - 24 - 6 + 1
    }
    few = hours(source.with_name("few.csv"), rows=20)
    assert cli("predict", "run", few, "--quiet") == 2
    assert "ends with 20 steps without a gap; the context length is 24" in capsys.readouterr().err


def test_runs_are_compared_on_the_steps_that_both_forecast(cli, source: Path) -> None:
    for name in ("dlinear", "naive"):
        windows = ("--horizon", "6", "--context-length", "24")
        assert cli("train", source, *windows, "--network", name, "--out", name, *QUICK) == 0
    difference = leadline.compare("naive", "dlinear").differences[1]
    assert difference is not None and difference.measure == "mae_scaled" and difference.n == 35 * 6 * 2
    naive, network = (leadline.report(name).find("mae_scaled") for name in ("naive", "dlinear"))
    assert naive is not None and network is not None and naive.value is not None and network.value is not None
    assert difference.value == pytest.approx(naive.value - network.value, rel=1e-3)


def test_items_known_columns_calendar_and_quantiles(cli, place: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [
        (shop, f"{1 + k % 28:02}.{1 + k // 28:02}.2024", 100 + 20 * np.sin(k) + rng.normal(), k % 5 == 0)
        for shop, days in (("North", 150), ("South", 120), ("West", 5))
        for k in range(days)
    ]
    table = pl.DataFrame(rows, schema=["shop", "day", "sold", "promo"], orient="row").sample(
        fraction=1, shuffle=True, seed=0
    )
    later = [("North", f"{1 + k % 28:02}.{1 + k // 28:02}.2024", None, False) for k in range(150, 153)]
    table.write_csv("shops.csv")
    pl.concat([table.filter(shop="North"), pl.DataFrame(later, schema=table.schema, orient="row")]).write_csv(
        "north.csv"
    )
    settings = (
        "data.series.known_covariates=[promo]",
        "data.series.calendar=true",
        "data.series.gaps=skip",
        "objective.quantiles=[0.1,0.5,0.9]",
    )
    flags = [part for setting in settings for part in ("--set", setting)]
    arguments = (
        "--horizon",
        "3",
        "--series-id",
        "shop",
        "--network",
        "rnn",
        "--set",
        "network.hidden=8",
        "--out",
        "run",
        *QUICK,
    )
    assert cli("train", "shops.csv", *arguments, *flags) == 0
    aside = pl.read_parquet("run/invalid_rows.parquet")
    assert aside.height == 5 and aside["reason"].str.contains("'West' has 5 steps").all()
    ahead = leadline.predict("run", "north.csv", quiet=True)
    assert (
        ahead.columns == ["shop", "day", "sold", *(f"sold (quantile {q})" for q in (0.1, 0.5, 0.9))]
        and ahead.height == 3
    )
    assert ahead["day"].cast(pl.String).to_list() == ["2024-06-11", "2024-06-12", "2024-06-13"]
    assert (ahead["sold (quantile 0.1)"] <= ahead["sold (quantile 0.9)"]).all()


def test_each_fold_is_forecast_from_what_came_before(cli, source: Path) -> None:
    arguments = (
        "--horizon",
        "6",
        "--context-length",
        "24",
        "--network",
        "autoregression",
        "--folds",
        "2",
        "--out",
        "cv",
        "--quiet",
    )
    assert cli("crossval", source, *arguments) == 0
    report = leadline.report("cv")
    found = report.find("mse_scaled")
    assert found is not None and "mean of 2 folds" in (found.method or "")
    told = pl.read_parquet("cv/predictions.parquet")
    assert told.group_by("fold").agg(pl.col("row").min()).sort("fold")["row"].to_list() == [134, 268]


@pytest.mark.parametrize(
    ("changed", "flags", "why"),
    [
        (
            {"when": [*WHEN[:9], WHEN[8], *WHEN[10:]]},
            (),
            "load.csv, row 10 (2024-01-01 08:00:00) has the same time as row 9",
        ),
        (
            {"when": [*WHEN[:9], WHEN[8] + timedelta(minutes=10), *WHEN[10:]]},
            (),
            "lies between the steps of 1h (1 such row)",
        ),
        ({"load": ["good"] * N}, ("--target", "load"), "load.csv, row 1, column 'load': 'good' is not a number"),
        ({}, ("--context-length", "350"), "context length 350 + horizon 6"),
        ({}, ("--horizon", "60"), "no window fits into the test rows. The horizon is 60 steps"),
        ({}, ("--series-id", "shop"), "there is no column 'shop'"),
        ({}, ("--split", "random"), "a random split would leak"),
        ({}, ("--split", "time:when:100d/2d/2d"), "leaves the validation set empty"),
        ({}, ("--network", "cnn"), "takes image, not sequence"),
    ],
)
def test_bad_input_is_told_and_leaves_nothing_behind(
    cli, place: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, object], flags: tuple[str, ...], why: str
) -> None:
    file = hours(place / "load.csv", **changed)
    defaults = {"--horizon": "6", "--network": "dlinear"} | dict(zip(flags[::2], flags[1::2], strict=True))
    assert cli("train", file, *(word for pair in defaults.items() for word in pair), "--quiet") == 2
    assert why in " ".join(capsys.readouterr().err.split())
    assert not (place / "runs").exists()


def test_a_look_back_alone_says_what_is_missing(cli, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli("train", source, "--context-length", "6") == 2
    assert "the number of steps to forecast is not given; set --horizon" in capsys.readouterr().err


def test_what_is_known_ahead_is_read_by_the_default_network_and_asked_for_where_it_is(cli, place: Path) -> None:
    day = [datetime(2022, 1, 1) + timedelta(days=k) for k in range(123)]
    promo = np.random.default_rng(0).integers(0, 2, 123)
    frame = pl.DataFrame({"day": day, "promo": promo, "v": 10.0 + 20 * promo})
    frame[:120].write_csv("s.csv")
    frame.with_columns(v=pl.when(pl.int_range(pl.len()) < 120).then("v")).write_csv("ahead.csv")
    known = (
        "--target",
        "v",
        "--horizon",
        "3",
        "--context-length",
        "4",
        "--set",
        "data.series.known_covariates=[promo]",
    )
    known = (*known, "--set", "baselines=[]", "--epochs", "1", "--deterministic", "--quiet")
    assert cli("train", "s.csv", *known, "--set", "network.width=4", "--out", "run") == 0
    assert Experiment.read(Path("run/experiment.yaml")).network.encoders["series"].name == "tcn"
    assert cli("predict", "run", "s.csv") == 2, "promo's coming values are missing"
    assert leadline.predict("run", "ahead.csv", quiet=True)["v"].null_count() == 0
    assert cli("train", "s.csv", *known, "--network", "nlinear", "--out", "past") == 0
    assert leadline.predict("past", "s.csv", quiet=True).height == 3


def test_years_that_begin_with_the_newest_are_continued_forwards(cli, place: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"year": np.arange(1900, 2020), "v": np.arange(120) + rng.normal(0, 0.1, 120)})
    frame.reverse().write_csv("s.csv")
    arguments = ("--horizon", "2", "--context-length", "5", "--set", "baselines=[]", *QUICK)
    assert cli("train", "s.csv", *arguments, "--out", "run") == 0
    ahead = leadline.predict("run", "s.csv", quiet=True)
    assert ahead["year"].to_list() == [2020, 2021] and ahead["v"].to_numpy() == pytest.approx([120, 121], abs=9)
