"""What is said of several inputs: that together they are better, that this is not shown, or that one alone is
better.
"""

from __future__ import annotations

import pytest
from declared import METRICS, starts, told

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Reproduction
from leadline.core.report import Report, RunFacts
from leadline.rendering.baseline_text import baseline_text
from leadline.rendering.fusion_text import fusion_text
from leadline.rendering.outline import outline


def report(
    value: float, low: float, high: float, *, measure: str = "mae", inputs: tuple[str, ...] = ("photo", "table")
) -> Report:
    again = Reproduction(producer="inputs", options={"measure": measure, "best": "table", "inputs": list(inputs)})
    rest = {"split": "test", "n": 500, "unit": "price" if measure == "mae" else "1", "again": again}
    gain = Finding(
        name="fusion_gain", value=value, interval=(low, high), method=f"{measure}, how much better; paired; t", **rest
    )
    alone = Finding(
        name=f"{measure}_difference", group="input=table alone", value=-value, interval=(-high, -low), **rest
    )
    run = RunFacts(id="r", started="2026-01-05T10:32:11+00:00", seconds=1.0)
    return Report(experiment={}, run=run, environment={}, findings=(gain, alone), metrics=METRICS)


def said(*arguments: float, **options: object) -> str:
    (sentence,) = fusion_text(report(*arguments, **options))  # type: ignore[arg-type]
    return told([sentence])[0]


@pytest.mark.parametrize(
    ("numbers", "name", "values"),
    [
        ((12, 4, 20), "summary.fusion-better", ("−12", "−20 to −4")),
        ((-3, -12, 5), "summary.fusion-about", ("3", "−5 to 12")),
        ((0, -5, 5), "summary.fusion-about", ("0", "−5 to 5")),
        ((9, -2, 20), "summary.fusion-unclear", ("−9", "−20 to 2")),
        ((-30, -40, -20), "summary.fusion-worse", ("30", "20–40")),
    ],
)
def test_whether_fusion_helps_is_said(numbers: tuple[float, float, float], name: str, values: tuple[str, str]) -> None:
    difference = say("summary.difference", value=values[0])
    assert said(*numbers) == f"{say(name, count=2, best='‘table’')} ({difference}, 95 % CI {values[1]})"


def test_shares_are_told_in_points_and_more_inputs_counted() -> None:
    text = said(0.05, 0.02, 0.08, measure="accuracy", inputs=("photo", "table", "text"))
    assert starts(text, "summary.fusion-better", count=3, best="‘table’")
    assert say("summary.difference", value="5.0 points") + ", 95 % CI 2.0–8.0" in text


def test_without_inputs_alone_nothing_is_said() -> None:
    made = report(1, 0, 2)
    assert fusion_text(made.model_copy(update={"findings": made.findings[1:]})) == ()


def test_inputs_have_a_place_of_their_own() -> None:
    made = report(12, 4, 20)
    parts = outline(made)
    assert not parts.measures and not parts.groups and not parts.baselines
    assert baseline_text(made) == ()
