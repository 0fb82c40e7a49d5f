"""What is said of several inputs: that together they are better, that this is not shown, or that one alone is
better.
"""

from __future__ import annotations

import pytest
from declared import METRICS

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
    return str(sentence).replace("\u202f", " ")


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (
            (12, 4, 20),
            "Both inputs together are better than the best of them alone, ‘table’, by 12 (95 % interval 4–20, t).",
        ),
        (
            (-3, -12, 5),
            (
                "That fusion helps is not shown: both inputs together are worse than ‘table’ alone by 3, which these"
                " rows cannot tell from nothing (95 % interval −5 to 12, t)."
            ),
        ),
        (
            (0, -5, 5),
            (
                "That fusion helps is not shown: both inputs together are no better and no worse than ‘table’ alone "
                "(95 % interval −5 to 5, t)."
            ),
        ),
        (
            (-30, -40, -20),
            (
                "Fusion does harm: ‘table’ alone is demonstrably better than both inputs together, by 30 (95 % interval"
                " 20–40, t)."
            ),
        ),
    ],
)
def test_whether_fusion_helps_is_said(numbers: tuple[float, float, float], words: str) -> None:
    assert said(*numbers) == words


def test_shares_are_told_in_points_and_more_inputs_counted() -> None:
    text = said(0.05, 0.02, 0.08, measure="accuracy", inputs=("photo", "table", "text"))
    assert text.startswith(
        "All 3 inputs together are better than the best of them alone, ‘table’, by 5.0 points (95 % interval 2.0"
    )


def test_without_inputs_alone_nothing_is_said() -> None:
    made = report(1, 0, 2)
    assert fusion_text(made.model_copy(update={"findings": made.findings[1:]})) == ()


def test_inputs_have_a_place_of_their_own() -> None:
    made = report(12, 4, 20)
    parts = outline(made)
    assert not parts.measures and not parts.groups and not parts.baselines
    assert baseline_text(made) == (False, ())
