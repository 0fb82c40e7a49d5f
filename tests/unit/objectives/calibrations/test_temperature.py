"""What is chosen after training: from validation rows alone, into buffers that travel with the weights, or not at
all.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from leadline.core.catalogue import say
from leadline.core.finding import Finding
from leadline.core.schema import ColumnSchema, Schema
from leadline.nn.batch import Batch
from leadline.nn.network import Network
from leadline.objectives.calibrations.contract import summary
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised.class_scores import Scores
from leadline.objectives.supervised.classification import OBJECTIVE
from leadline.objectives.supervised.classifier_options import Options
from sentences import says

STATE = {"classes": ["no", "yes"], "counts": [50, 50], "positive": 1}
SCHEMA = Schema(inputs=(), target=ColumnSchema(name="ill", kind="category", state=STATE))


def network(options: Options) -> Any:
    """Return a network whose input is the difference of its two scores."""
    head = nn.Linear(1, 2, bias=False)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[-0.5], [0.5]]))
    body = nn.Module()
    body.forward = lambda x_B1: x_B1  # type: ignore[method-assign]
    return Network({"x": body}, head, Scores(SCHEMA, options)).eval()


def rows(n: int, too_sure: float, seed: int = 0) -> tuple[torch.Tensor, np.ndarray]:
    rng = np.random.default_rng(seed)
    z_n = 2 * rng.normal(size=n)
    target_n = (rng.random(n) < 1 / (1 + np.exp(-z_n))).astype(np.int64)
    return torch.tensor(too_sure * z_n[:, None], dtype=torch.float32), target_n


def decisions(subject: Any, x_n1: torch.Tensor) -> dict[str, np.ndarray]:
    objective = OBJECTIVE.bind(subject.last.options)
    batch = Batch({"x": x_n1}, None, torch.ones(len(x_n1)), torch.arange(len(x_n1)))
    with torch.no_grad():
        return {
            name: values.numpy() for name, values in objective.decision.predict(subject, batch, None).columns.items()
        }


def settle(options: Options, x_n1: torch.Tensor, target_n: np.ndarray) -> tuple[Any, dict[str, Finding]]:
    subject = network(options)
    columns = decisions(subject, x_n1) if len(x_n1) else {}
    found = OBJECTIVE.bind(options).decision.calibrate(
        subject, columns, EvaluationContext("validation", target_n, None, SCHEMA)
    )
    return subject, {f.name: f for f in found}


def test_a_network_that_is_too_sure_is_cooled_and_says_by_how_much() -> None:
    subject, found = settle(Options(), *rows(2000, 3.0))
    value = found["temperature"].value
    assert value == pytest.approx(3.0, rel=0.15)
    assert subject.last.temperature.item() == pytest.approx(value)
    assert found["temperature"].n == 2000
    interval = found["temperature"].interval
    assert interval is not None
    assert interval[0] < 3.0 < interval[1]
    x_n1, target_n = rows(2000, 3.0, seed=1)
    columns = decisions(subject, x_n1)
    changed = OBJECTIVE.bind(Options()).decision.uncalibrated(subject, columns)
    assert changed is not None
    before = decisions(network(Options()), x_n1)
    np.testing.assert_allclose(changed[1]["probability"], before["probability"], atol=1e-5)
    watched = [OBJECTIVE.bind(Options()).decision.monitor(c, target_n, SCHEMA)["loss"] for c in (columns, before)]
    assert watched[0] < watched[1]


@pytest.mark.parametrize(
    ("n", "too_sure", "words"),
    [
        (2000, 1.0, say("objectives.scaling-not-needed")),
        (99, 3.0, say("objectives.temperature-too-few", fewest=100)),
        (0, 1.0, say("objectives.no-validation")),
    ],
)
def test_the_temperature_is_left_alone_where_nothing_says_otherwise(n: int, too_sure: float, words: str) -> None:
    subject, found = settle(Options(), *rows(n, too_sure))
    assert subject.last.temperature.item() == 1.0
    assert words in (found["temperature"].method or "")
    assert OBJECTIVE.bind(Options()).decision.uncalibrated(subject, {}) is None


def test_hardly_any_mistake_says_nothing_of_how_sure_to_be() -> None:
    x_n1 = torch.linspace(-9, 9, 300)[:, None]
    subject, found = settle(Options(), x_n1, (x_n1[:, 0] > 0).long().numpy())
    assert subject.last.temperature.item() == 1.0
    assert say("objectives.temperature-too-few-errors", wrong=0, fewest=5) in (found["temperature"].method or "")


def test_a_temperature_that_is_given_or_refused_is_obeyed() -> None:
    subject, found = settle(Options(temperature=2.5), *rows(0, 1.0))
    assert subject.last.temperature.item() == 2.5
    assert found["temperature"].method == say("objectives.calibration-as-asked")
    subject, found = settle(Options(temperature="none"), *rows(2000, 3.0))
    assert subject.last.temperature.item() == 1.0
    assert not found


def test_the_threshold_is_chosen_on_the_scaled_probabilities_and_decides() -> None:
    x_n1, target_n = rows(2000, 3.0)
    subject, found = settle(Options(operating_point={"sensitivity": 0.95}), x_n1, target_n)
    columns = decisions(subject, x_n1)
    sensitivity = np.mean(columns["prediction"][target_n == 1])
    assert sensitivity == pytest.approx(0.95, abs=0.002)
    assert sensitivity >= 0.95
    assert found["threshold"].value == pytest.approx(subject.last.threshold.item())
    assert "'yes'" in (found["threshold"].method or "")
    again = network(Options(operating_point={"sensitivity": 0.95}))
    again.load_state_dict(subject.state_dict())
    np.testing.assert_array_equal(decisions(again, x_n1)["prediction"], columns["prediction"])


@pytest.mark.parametrize("n", [0, 300])
def test_without_rows_of_both_kinds_the_most_probable_class_is_decided_on(n: int) -> None:
    x_n1, _ = rows(n, 1.0)
    subject, found = settle(Options(operating_point="youden"), x_n1, np.zeros(n, dtype=np.int64))
    assert subject.last.threshold.item() == 0.5
    goal = say("objectives.threshold-goal-best", metric="youden")
    assert re.fullmatch(says("objectives.threshold-kept", goal=goal), found["threshold"].method or "")


def test_what_no_threshold_reaches_is_said() -> None:
    x_n1, target_n = rows(400, 1.0)
    top = int(x_n1[:, 0].argmax())
    target_n[top] = 0
    _, found = settle(Options(operating_point={"precision": 1.0}), x_n1, target_n)
    why = say("objectives.no-threshold-reaches")
    assert re.fullmatch(says("objectives.threshold-kept", why=why), found["threshold"].method or "")


def test_what_was_chosen_is_a_line_in_the_terminal() -> None:
    _, found = settle(Options(), *rows(2000, 1.0))
    assert summary(found["temperature"]) == "Calibration: no temperature scaling needed"
    _, found = settle(Options(), *rows(2000, 3.0))
    temperature = found["temperature"].value
    assert summary(found["temperature"]) == (
        f"Calibration: temperature {temperature:.3g}, fitted on 2,000 validation examples"
    )
    _, found = settle(Options(), *rows(99, 3.0))
    few = say("objectives.temperature-too-few", fewest=100)
    assert summary(found["temperature"]) == say("objectives.calibration-none", why=few)
    _, found = settle(Options(operating_point=0.3), *rows(0, 1.0))
    assert re.fullmatch(says("objectives.calibration-threshold", threshold=0.3), summary(found["threshold"]) or "")
