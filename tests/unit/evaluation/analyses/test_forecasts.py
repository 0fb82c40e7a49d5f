"""Forecasts as the report shows them, and the simple forecasters beside a network."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from leadline.core.component import Component
from leadline.core.experiment import Experiment, NetworkSpec
from leadline.core.finding import Finding
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.core.series_spec import SeriesSpec, Window
from leadline.data.storage import WindowRows
from leadline.data.subset import RowOrigins, Store, Subset
from leadline.data.table import Table
from leadline.errors import UsageError
from leadline.evaluation import baselines
from leadline.evaluation.analyses import forecasts
from leadline.evaluation.analyses.dummy_baseline import baseline
from leadline.evaluation.comparison import NETWORK, comparison_findings
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised import forecasting
from leadline.objectives.supervised.forecasting import Options
from sentences import says

H, L, N = 6, 30, 400
NAMES = ("load", "温度")
MEAN, STD = np.array([50.0, -3.0]), np.array([10.0, 0.5])
NUMBER = {"min": 0.0, "max": 1.0, "median": 0.0, "missing": False, "offset": 0.0, "scale": "standard"}
OBJECTIVE = forecasting.OBJECTIVE.bind(Options())
NETWORKS = NetworkSpec(encoders={"series": Component(name="nlinear")})


def values() -> np.ndarray:
    rng = np.random.default_rng(0)
    wave = np.stack([np.sin(2 * np.pi * np.arange(N) / 5), np.cos(2 * np.pi * np.arange(N) / 5)], 1)
    return (MEAN + STD * (wave + 0.1 * rng.normal(size=wave.shape))).astype(np.float32)


def schema(season: int = 5) -> Schema:
    fields = tuple(
        ColumnSchema(name=name, kind="number", state={**NUMBER, "mean": mean, "std": std})
        for name, mean, std in zip(NAMES, MEAN.tolist(), STD.tolist(), strict=True)
    )
    window = Window(spec=SeriesSpec(horizon=H, context_length=L), aims=NAMES)
    series = InputSchema(name="series", kind="series", fields=fields, shape=(L, 2), window=window)
    state = {"columns": list(NAMES), "horizon": H, "mean": MEAN.tolist(), "std": STD.tolist(), "naive_mae": [2.0, 0.1]}
    return Schema(
        inputs=(series,), target=ColumnSchema(name="load, 温度", kind="series", state={**state, "season": season})
    )


@pytest.fixture
def dataset() -> Any:
    table = Table(pl.DataFrame({"t": np.arange(N)}), "loads", "x", origin="loads.csv")
    x = torch.from_numpy(values())
    rows = {"train": np.arange(L, 250), "validation": np.arange(260, 310), "test": np.arange(320, N - H + 1)}
    group = np.zeros(N + 1, dtype=np.int64)
    group[320:] = np.arange(N - 319) // 8
    store = Store(
        schema(), {"series": WindowRows(x, L, 0)}, WindowRows(x, 0, H), group, RowOrigins(table), units="blocks of time"
    )
    return SimpleNamespace(schema=schema(), splits={name: Subset(name, at, store) for name, at in rows.items()})


def decided(dataset: Any, off: float = 0.0) -> dict[str, np.ndarray]:
    target = dataset.splits["test"].target
    return {"prediction": target + off, "quantiles": np.stack([target - 1, target, target + 2], -1)}


def test_windows_are_shown_with_their_past_and_what_came(dataset: Any) -> None:
    subset, found = dataset.splits["test"], decided(dataset)
    found["prediction"][40] += 5 * STD
    even, worst = forecasts.forecasts(dataset, OBJECTIVE, subset, found)
    assert (even.name, worst.name, even.kind) == ("forecasts", "mistakes", "bands")
    panels = even.content["panels"]
    assert [panel["label"] for panel in panels[:2]] == ["load, loads.csv, row 321", "温度, loads.csv, row 321"]
    assert len(panels) == forecasts.PANELS
    came, forecast = panels[1]["series"]
    assert came["x"] == [*range(1 - 24, 1), *range(1, H + 1)]
    np.testing.assert_allclose(came["y"], values()[320 - 24 : 320 + H, 1], rtol=1e-6)
    np.testing.assert_allclose(np.array(forecast["high"]) - forecast["low"], 3.0, rtol=1e-5)
    assert "band" in even.caption
    assert worst.content["panels"][0]["label"] == "load, loads.csv, row 361"
    rows = [int(panel["label"].rpartition(" ")[2]) for panel in worst.content["panels"][::2]]
    assert min(abs(a - b) for a in rows for b in rows if a != b) >= H


def test_what_is_missing_is_shown_as_a_gap(dataset: Any) -> None:
    subset = dataset.splits["test"]
    subset._store.inputs["series"].values[318, 0] = torch.nan
    subset.target[0, 2, 0] = np.nan
    even, *_ = forecasts.forecasts(dataset, OBJECTIVE, subset, decided(dataset))
    came = even.content["panels"][0]["series"][0]
    assert [x for x, y in zip(came["x"], came["y"], strict=True) if y is None] == [-1, 3]


def test_other_targets_have_no_forecasts(dataset: Any) -> None:
    test = dataset.splits["test"]
    own = SimpleNamespace(dataset=dataset, objective=OBJECTIVE, test=test)
    assert forecasts.ANALYSIS.applies(own) is None
    other = SimpleNamespace(schema=dataset.schema.model_copy(update={"target": None}))
    assert forecasts.ANALYSIS.applies(SimpleNamespace(dataset=other, objective=OBJECTIVE, test=test)) is not None


def test_what_always_gives_the_mean_stands_beside(dataset: Any) -> None:
    subset = dataset.splits["test"]
    found = list(baseline(OBJECTIVE, dataset, EvaluationContext("test", subset.target, subset.group, dataset.schema)))
    assert {f.name for f in found} == {"mse_scaled", "mae_scaled", "mae", "mase"}
    assert all(f.group == "baseline=mean" and f.again.options["answer"] is None for f in found)  # one for each variable


def test_forecasters_are_fitted_and_compared_on_the_same_windows(dataset: Any) -> None:
    objective = forecasting.OBJECTIVE.bind(Options(quantiles=(0.1, 0.5, 0.9)))  # which means nothing to them
    component = Component(name="forecasting", options=objective.options.model_dump(mode="json"))
    names = baselines.choose(None, NETWORKS, objective, dataset.schema)
    experiment = Experiment(data={"source": "loads.csv"}, network=NETWORKS, objective=component, baselines=names)
    found = list(
        baselines.fit_baselines(experiment, objective, dataset, operations=0, note=print, progress=lambda *told: None)
    )
    assert [one.why for one in found] == [None] * 3
    assert [one.name for one in found] == ["naive", "seasonal-naive", "autoregression"]
    subset = dataset.splits["test"]
    context = EvaluationContext("test", subset.target, subset.group, dataset.schema)
    network = baselines.Baseline(NETWORK, decided(dataset, off=0.5), 220, 1.0, 9, 1.0, 1.0)
    constant = baselines.dummy_baseline(objective, dataset, len(subset))
    shown = [
        f
        for f in comparison_findings(network, found, constant, objective, context, "leadline train x --network {}")
        if isinstance(f, Finding)
    ]
    scaled = {f.group: f.value for f in shown if f.name == "mse_scaled"}
    assert scaled["baseline=seasonal-naive"] < 0.1 * scaled["baseline=naive"]
    assert scaled["baseline=autoregression"] < scaled["baseline=seasonal-naive"]
    differences = [f for f in shown if f.name == "mse_scaled_difference"]
    assert len(differences) == 3 and all(f.interval is not None for f in differences)
    cheapest = next(f for f in shown if f.name == "smallest_not_worse")
    assert cheapest.group == "baseline=autoregression"


def test_a_season_is_named_in_the_command_of_a_run(dataset: Any) -> None:
    subset = dataset.splits["test"]
    target = subset.target
    best = baselines.Baseline(
        "seasonal-naive", {"prediction": target}, 9, size_mb=0.1, latency_ms=1.0, options={"season_length": 5}
    )
    network = baselines.Baseline(NETWORK, decided(dataset, off=1.0), 9, size_mb=1.0, latency_ms=1.0)
    context = EvaluationContext("test", target, subset.group, dataset.schema)
    constant = baselines.dummy_baseline(OBJECTIVE, dataset, len(subset))
    for command, said in (
        ("leadline train x --network {}", "leadline train x --network seasonal-naive --set network.season_length=5"),
        ('leadline.train(…, network="{}")', 'leadline.train(…, network="seasonal-naive")'),
    ):
        shown = comparison_findings(network, [best], constant, OBJECTIVE, context, command)
        cheapest = next(f for f in shown if isinstance(f, Finding) and f.name == "smallest_not_worse")
        assert cheapest.again is not None and cheapest.again.options["command"] == said


def test_what_suits_forecasts_is_chosen() -> None:
    assert baselines.choose(None, NETWORKS, OBJECTIVE, schema()) == ("naive", "seasonal-naive", "autoregression")
    assert baselines.choose(None, NETWORKS, OBJECTIVE, schema(season=1)) == ("naive", "autoregression")
    assert baselines.choose(None, NETWORKS, OBJECTIVE, schema(season=L + 1)) == ("naive", "autoregression")
    assert baselines.choose(("naive",), NETWORKS, OBJECTIVE, schema()) == ("naive",)
    with pytest.raises(UsageError, match=says("evaluation.unknown-baseline", name="svm")):
        baselines.choose(("svm",), NETWORKS, OBJECTIVE, schema())
