"""What is declared an anomaly, and from which score on a row is called one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from leadline.core.schema import ColumnSchema, Schema
from leadline.errors import UsageError
from leadline.nn.batch import Batch
from leadline.objectives.calibrations.anomaly_threshold import calibrate_slope, calibrate_threshold
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.generative import anomalies
from leadline.objectives.generative.anomalies import NEVER, Threshold, declared
from sentences import says


def schema(counts: list[int] | None = None) -> Schema:
    state = {"classes": ["a", "b", "c"], **({} if counts is None else {"counts": counts})}
    return Schema(inputs=(), target=ColumnSchema(name="kind", kind="category", state=state))


def context(target: np.ndarray) -> EvaluationContext:
    return EvaluationContext("validation", target, None, schema())


def test_both_options_say_the_same() -> None:
    assert declared(schema(), ("b",), ()) == ("b",)
    assert declared(schema(), (), ("a", "c")) == ("b",)
    assert declared(schema(), (), ()) == ()


@pytest.mark.parametrize(
    ("anomaly", "normal", "counts", "said"),
    [
        (("b",), ("a",), None, says("objectives.anomaly-and-normal")),
        (("x",), (), None, says("objectives.option-unknown-class", unknown="x")),
        (("a", "b", "c"), (), None, says("objectives.no-normal-training")),
        (("a",), (), [5, 0, 0], says("objectives.no-normal-training")),
    ],
)
def test_what_makes_no_sense_is_refused(
    anomaly: tuple[str, ...], normal: tuple[str, ...], counts: list[int] | None, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        declared(schema(counts), anomaly, normal)


def test_without_classes_the_option_says_what_is_missing() -> None:
    with pytest.raises(UsageError, match=says("objectives.option-needs-classes")):
        declared(Schema(inputs=()), ("a",), ())


def test_the_threshold_keeps_its_promise_on_new_rows() -> None:
    """Over many draws of validation rows, the share of new rows above the threshold is at most the rate, and not far
    below.
    """
    generator, rates = np.random.default_rng(0), []
    for _ in range(400):
        last = Threshold()
        (found,) = calibrate_threshold(last, generator.exponential(size=59), 0.1)
        assert found.value == pytest.approx(float(last.threshold))
        rates.append(float(np.exp(-float(last.threshold))))
    assert np.mean(rates) == pytest.approx(0.1, abs=4 * np.std(rates) / 20)
    assert np.mean(rates) <= 0.1 + 0.01


def test_too_few_rows_take_the_largest_and_none_leave_it_open() -> None:
    last = Threshold()
    (found,) = calibrate_threshold(last, np.array([3.0, 1.0, 2.0]), 0.05)
    assert float(last.threshold) == 3
    assert "too few" in (found.method or "")
    last = Threshold()
    (found,) = calibrate_threshold(last, np.empty(0), 0.05)
    assert found.value is None
    assert float(last.threshold) == NEVER
    assert torch.isfinite(last.threshold)  # a checkpoint with what is not finite would be refused


def test_an_anomaly_is_seen_by_nothing() -> None:
    x = torch.arange(4.0)[:, None]
    batch = Batch({"table": x}, torch.tensor([0, 1, 2, 1]), torch.ones(4), torch.arange(4))
    keep = anomalies.normal_B(batch, torch.tensor([1]))
    assert keep is not None
    assert keep.tolist() == [True, False, True, False]
    assert anomalies.anomalies_replaced(batch.inputs, keep)["table"][:, 0].tolist() == [0, 0, 2, 2]
    assert anomalies.normal_B(batch, torch.tensor([], dtype=torch.int64)) is None
    assert anomalies.normal_n(np.array([0, 1, -1]), schema(), ("b",)).tolist() == [True, False, True]


def test_the_power_that_errors_grow_with_is_found() -> None:
    rng = np.random.default_rng(0)
    size_n = np.exp(rng.normal(0, 1, 400))
    error_n = 0.1 * size_n**0.7 * np.exp(rng.normal(0, 0.1, 400))
    last = Threshold(relative=True)
    (found,) = calibrate_slope(last, error_n, size_n)
    assert found.value == pytest.approx(0.7, abs=0.02)
    assert last.slope is not None
    assert last.slope.item() == pytest.approx(found.value)
    excess_n = anomalies.excess(error_n, size_n, found.value)
    assert abs(np.corrcoef(excess_n, np.log(size_n))[0, 1]) < 1e-6
    torch.testing.assert_close(
        anomalies.excess(torch.from_numpy(error_n), torch.from_numpy(size_n), last.slope.double()),
        torch.from_numpy(excess_n),
        atol=1e-6,
        rtol=1e-6,
    )


def test_too_few_rows_give_no_slope() -> None:
    last = Threshold(relative=True)
    (found,) = calibrate_slope(last, np.ones(5), np.arange(1.0, 6.0))
    assert found.value is None
    assert "fewer than 10" in str(found.why)
    assert last.slope is not None
    assert last.slope.item() == 0
