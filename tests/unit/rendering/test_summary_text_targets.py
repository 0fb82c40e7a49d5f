"""What the report says of several targets, sets of labels and probabilities."""

from __future__ import annotations

from declared import METRICS, WORDS

from leadline.core import wording
from leadline.core.finding import Finding, Reproduction
from leadline.core.report import Report, RunFacts
from leadline.rendering.charts import reliability
from leadline.rendering.summary_text import named, summary_text
from leadline.rendering.terminal import headlines


def finding(name: str, value: float, better: str = "higher", n: int = 200, **rest: object) -> Finding:
    return Finding(name=name, split="test", value=value, better=better, n=n, **rest)  # type: ignore[arg-type]


def told(*findings: Finding, target: object = None) -> list[str]:
    run = RunFacts(id="r", started="2026-01-05T10:32:11+00:00", seconds=1.0, test_looks=1)
    experiment = {"data": {"target": target}} if target else {}
    report = Report(experiment=experiment, run=run, environment={}, findings=findings, metrics=METRICS)
    return [str(sentence).replace("\u202f", " ") for sentence in summary_text(report)]


def test_every_task_opens_with_its_own_measure() -> None:
    again = Reproduction(producer="baseline", options={"name": "majority, mean", "answer": "poor"})
    said = told(
        finding("nll(income)", 0.3, "lower"),
        finding("accuracy(income)", 0.855),
        finding("mae(age)", 7.4, "lower", n=150),
        finding("r2(age)", 0.25),
        finding("accuracy(income)", 0.764, group="baseline=majority, mean", again=again),
        target=["income", "age"],
    )
    assert said == [
        "income: of 200 held-out rows the network names 85.5 % right.",
        "age: on 150 held-out rows the prediction is off by 7.40 on average (mean absolute error).",
        "income: always answering ‘poor’ would get 76.4 % right.",
    ]


def test_sets_and_probabilities_open_with_what_is_whole() -> None:
    (said,) = told(finding("hamming_loss", 0.2, "lower"), finding("subset_accuracy", 0.43))
    assert said == "Of 200 held-out rows the network gives 43 % exactly the labels they have."
    (said,) = told(finding("kl", 0.03, "lower"), finding("agreement", 0.95), target=["p_a", "p_b"])
    assert said == "Of 200 held-out rows the network finds 95 % most probably what they most probably are."


def test_a_target_of_several_columns_is_named_in_words() -> None:
    assert named(["a", "b"]) == "a, b"
    assert named("price") == "price"
    assert told(finding("mae", 3.0, "lower"), target="price")[0].startswith(
        "On 200 held-out rows the prediction of price is off by"
    )


def test_headlines_take_tasks_in_turn() -> None:
    found = headlines(
        [
            *(finding(f"{name}(income)", 0.5) for name in ("roc_auc", "recall_macro", "accuracy")),
            *(finding(f"{name}(age)", 0.5) for name in ("r2", "mae", "mse")),
        ]
    )
    assert [f.name for f in found] == ["accuracy(income)", "mae(age)", "roc_auc(income)", "r2(age)"]


def test_measures_of_tasks_have_titles_and_percentages() -> None:
    assert wording.parted("accuracy(income)") == ("accuracy", "income")
    assert wording.parted("accuracy") == ("accuracy", "")
    assert WORDS.amount(finding("coverage(age)", 0.9)).replace("\u202f", " ") == "90 %"
    assert WORDS.title(finding("pinball", 0.5, group="quantile=q10")) == "Pinball loss · quantile q10"


def test_a_calibration_curve_names_its_axes() -> None:
    bins = [{"confidence": 0.5, "accuracy": 0.4, "low": 0.3, "high": 0.5, "count": 44}]
    plot = reliability({"bins": bins, "claimed": "share claimed", "seen": "true values within"})
    assert (plot.x_label, plot.y_label) == ("share claimed, %", "true values within, %")
    assert plot.dots[0].title == "44 rows at 50.0%: 40.0% true values within (30.0% to 50.0%)"
    assert reliability({"bins": bins}).y_label == "right, %"
