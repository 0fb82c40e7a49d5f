"""Forecasting: what it costs, what is decided, what is measured, which networks are anchored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import VARIOUS, Finding
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.core.series_spec import SeriesSpec, Window
from leadline.errors import UsageError
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.forecaster import Anchored
from leadline.nn.network import InputEncoder
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.lookup import objective_for
from leadline.objectives.supervised import forecast_metrics, forecasting

STATE = {"mean": [5.0, -2.0], "std": [2.0, 0.5], "naive_mae": [1.5, 0.4], "season": 24}
TARGET = torch.randn(20, 3, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([2.0, 0.5])
SCORES = torch.randn(20, 3, 2, generator=torch.Generator().manual_seed(1)) * torch.tensor([2.0, 0.5])


def schema(variables: int = 2, *inputs: InputSchema) -> Schema:
    names = [f"v{k}" for k in range(variables)]
    state: dict[str, Any] = {
        key: (values * variables)[:variables] if isinstance(values, list) else values for key, values in STATE.items()
    }
    return Schema(
        inputs=inputs,
        target=ColumnSchema(name=", ".join(names), kind="series", state={**state, "columns": names, "horizon": 3}),
    )


def objective(**options: Any) -> Any:
    return objective_for(Component(name="forecasting", options=options))


@pytest.mark.parametrize(("loss", "cost"), [
    ("mse", lambda z: z**2),
    ("mae", abs),
    ("huber", lambda z: z**2 / 2 if abs(z) <= 0.7 else 0.7 * (abs(z) - 0.35)),
])  # fmt: skip
def test_losses_are_means_over_known_cells(loss: str, cost: Any) -> None:
    own, target = objective(loss=loss, delta=0.7), TARGET.clone()
    target[0, 1, 0] = target[0, 2] = torch.nan
    target[1] = torch.nan
    scores = SCORES.clone().requires_grad_()
    found = own.capability("head").value(own.capability("head").last(schema()), scores, target)
    known = [(0, 0), (0, 1), (1, 1)]
    expected = np.mean([cost(float((SCORES - target)[0, h, v]) / STATE["std"][v]) for h, v in known])
    assert found.value_B[0].item() == pytest.approx(expected, rel=1e-5)
    assert found.weight_B[:3].tolist() == [0.5, 0.0, 1.0]
    assert found.value_B[1].item() == 0
    weighted = (found.value_B * found.weight_B).sum()
    weighted.backward()
    assert scores.grad is not None and scores.grad.isfinite().all()
    assert not scores.grad[1].any()
    whole = own.decision.monitor({"prediction": SCORES.numpy()}, target.numpy(), schema())["loss"]
    assert whole == pytest.approx(weighted.item() / found.weight_B.sum().item(), rel=1e-5)


def test_quantiles_pay_the_pinball_loss_and_the_middle_one_is_the_forecast() -> None:
    own = objective(quantiles=[0.1, 0.4, 0.9])
    quantiles = (SCORES[..., None] + torch.tensor([-1.0, 0.0, 1.0])).detach()
    found = own.capability("head").value(own.capability("head").last(schema()), quantiles, TARGET)
    error = (TARGET[..., None] - quantiles) / torch.tensor([2.0, 0.5])[:, None]
    share = torch.tensor([0.1, 0.4, 0.9])
    torch.testing.assert_close(
        found.value_B, torch.where(error > 0, share * error, (share - 1) * error).mean((1, 2, 3))
    )
    columns = own.capability("head").decided(own.capability("head").last(schema()), quantiles).columns
    assert torch.equal(columns["prediction"], SCORES)
    assert columns["quantiles"].shape == (20, 3, 2, 3)
    assert own.capability("forecaster").each == 3 and objective().capability("forecaster").each == 1


@pytest.mark.parametrize("levels", [[0.5], [0.9, 0.1], [0.0, 0.5]])
def test_levels_that_are_none_are_refused(levels: list[float]) -> None:
    with pytest.raises(UsageError, match="objective"):
        objective(quantiles=levels)


def measured(own: Any, variables: int, **more: np.ndarray) -> tuple[dict[str, Finding], dict[str, ExhibitDraft]]:
    rng = np.random.default_rng(0)
    target = rng.normal(size=(40, 3, variables)).astype(np.float32)
    found = list(
        own.decision.measure(
            {"prediction": target + 0.5, **more}, EvaluationContext("test", target, None, schema(variables))
        )
    )
    findings = {item.label: item for item in found if isinstance(item, Finding)}
    return findings, {item.name: item for item in found if isinstance(item, ExhibitDraft)}


def test_one_variable_gives_its_unit_and_several_are_told_apart() -> None:
    findings, _ = measured(objective(), 1)
    assert set(findings) == {"mse_scaled", "mae_scaled", "mse", "mae", "mase"}
    assert (findings["mse"].unit, findings["mae"].unit, findings["mse_scaled"].unit) == ("v0²", "v0", "1")
    assert findings["mse_scaled"].value == pytest.approx(0.25 / 4, rel=1e-4)
    findings, _ = measured(objective(), 2)
    assert (findings["mse"].unit, findings["mse(v1)"].unit, findings["mse(v1)"].group) == (
        VARIOUS,
        "v1²",
        "variable=v1",
    )
    assert (findings["mae"].unit, findings["mse_scaled"].unit) == (VARIOUS, "1")
    assert findings["mae_scaled(v1)"].value == pytest.approx(1.0, rel=1e-4)
    assert findings["mase"].method.endswith(say("metrics.mase-compares", steps=24, horizon=3))
    assert findings["mase(v1)"].value == pytest.approx(0.5 / 0.4, rel=1e-4)


def test_many_variables_stand_in_a_table() -> None:
    findings, drafts = measured(objective(), forecast_metrics.EACH + 1)
    assert "mse(v0)" not in findings
    rows = drafts["by_variable"].content["rows"]
    assert [row[0] for row in rows][:2] == ["v0", "v1"] and len(rows) == forecast_metrics.EACH + 1
    assert rows[1][1:] == pytest.approx([1.0, 1.0, 0.25, 0.5, 1.25], rel=1e-3)


def test_the_error_of_each_step_has_its_interval() -> None:
    _, drafts = measured(objective(), 2)
    (series,) = drafts["by_step"].content["panels"][0]["series"]
    assert series["x"] == [1, 2, 3]
    assert all(low <= y <= high for low, y, high in zip(series["low"], series["y"], series["high"], strict=True))


def test_each_central_band_has_its_coverage() -> None:
    rng = np.random.default_rng(0)
    quantiles = np.sort(rng.normal(size=(40, 3, 2, 5)), -1)
    findings, drafts = measured(objective(quantiles=[0.05, 0.25, 0.5, 0.75, 0.95]), 2, quantiles=quantiles)
    assert {"coverage", "coverage(50 %)", "coverage(v0)", "coverage(v1)"} <= set(findings)
    assert "nominal coverage 90 %" in findings["coverage"].method
    assert "90 % band" in findings["interval_width_scaled"].method
    assert findings["coverage"].value == pytest.approx(np.mean([findings[f"coverage(v{k})"].value for k in (0, 1)]))
    assert len(drafts["calibration"].content["bins"]) == 5


def test_forecasts_without_quantiles_are_measured_beside_those_with_them() -> None:
    findings, drafts = measured(objective(quantiles=[0.1, 0.5, 0.9]), 2)
    assert "mse_scaled" in findings and "coverage" not in findings and "calibration" not in drafts


def test_windows_are_compared_by_a_number_whose_mean_is_the_measure() -> None:
    own, target = objective(), TARGET.numpy().copy()
    target[3, 1:] = np.nan
    found = {
        f.name: f
        for f in own.decision.measure({"prediction": SCORES.numpy()}, EvaluationContext("test", target, None, schema()))
        if isinstance(f, Finding) and not f.group
    }
    name, value_n = own.decision.per_example_score({"prediction": SCORES.numpy()}, target, schema())
    assert name == "mse_scaled" and value_n.mean() == pytest.approx(found[name].value)


class Front(nn.Module):
    def forward(self, raw: Tensor) -> Signal:
        return Signal(raw)


class Flat(nn.Module):
    def forward(self, signal: Signal) -> Signal:
        return Signal(signal.values.flatten(1))


@pytest.mark.parametrize(
    ("anchor", "gives", "anchored"), [("last", False, True), ("none", False, False), ("mean", True, False)]
)
def test_a_window_has_a_scale_of_its_own_where_the_body_gives_features(
    anchor: str, gives: bool, anchored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = SignalSpec("sequence", (3, 2), ahead=3, past=3, aims=(0, 1))
    monkeypatch.setattr(forecasting, "signal_spec", lambda front, one: spec)
    window = Window(spec=SeriesSpec(context_length=2, horizon=1), aims=("load",))
    one = InputSchema(name="series", kind="series", fields=(), shape=(3, 2), window=window)
    own = objective(anchor=anchor)
    network = own.learning.build(schema(2, one), {"series": InputEncoder(Front(), Flat(), 6, gives_outputs=gives)})
    assert isinstance(network.encoders[0].preprocessor, Anchored) == anchored
    x = {"series": torch.randn(4, 3, 2)}
    moved = {"series": x["series"] + 7}
    same = torch.allclose(network(moved) - network(x), 7 * torch.tensor([2.0, 0.5]), atol=1e-4)
    assert same == (anchored or gives)  # the outputs of `Flat` are its inputs
    assert network(x).shape == (4, 3, 2) and own.learning.score(network, x).shape == (4, 6)


def test_the_constant_answer_is_the_train_mean_and_the_quantiles_of_train() -> None:
    own = objective(quantiles=[0.25, 0.5, 0.75])
    target = np.tile(np.arange(101, dtype=np.float32)[:, None, None], (1, 3, 2))
    target[50, :, 1] = np.nan
    name, columns = own.decision.dummy_predictor(target, 7, schema())
    assert name == "mean"
    assert columns["prediction"].shape == (7, 3, 2) and columns["prediction"][4, 2].tolist() == [5.0, -2.0]
    assert columns["quantiles"][0, 0, 0].tolist() == [25.0, 50.0, 75.0]
