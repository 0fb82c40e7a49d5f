"""What the report says of several targets, sets of labels and probabilities."""

from __future__ import annotations

from declared import METRICS, WORDS, told

from leadline.core import wording
from leadline.core.catalogue import say
from leadline.core.finding import Finding, Reproduction
from leadline.core.report import Report, RunFacts
from leadline.rendering.charts import reliability
from leadline.rendering.summary_text import summary_text
from leadline.rendering.terminal import headlines


def finding(name: str, value: float, better: str = "higher", n: int = 200, **rest: object) -> Finding:
    return Finding(name=name, split="test", value=value, better=better, n=n, **rest)  # type: ignore[arg-type]


def said_of(*findings: Finding, target: object = None) -> list[str]:
    run = RunFacts(id="r", started="2026-01-05T10:32:11+00:00", seconds=1.0, test_accesses=1)
    experiment = {"data": {"target": target}} if target else {}
    report = Report(experiment=experiment, run=run, environment={}, findings=findings, metrics=METRICS)
    return told(summary_text(report))


def measure(title: str, value: str, n: int) -> str:
    return f"{say('summary.measure', title=say('summary.of-test', title=title), value=value)} (n = {n})"


def test_every_task_opens_with_its_own_measure() -> None:
    again = Reproduction(producer="baseline", options={"name": "majority, mean", "answer": "poor"})
    said = said_of(
        finding("nll(income)", 0.3, "lower"),
        finding("accuracy(income)", 0.855),
        finding("mae(age)", 7.4, "lower", n=150),
        finding("r2(age)", 0.25),
        finding("accuracy(income)", 0.764, group="baseline=majority, mean", again=again),
        target=["income", "age"],
    )
    constant = say("summary.baseline-of-task", name=say("summary.baseline-constant"), task="income")
    assert said == [
        measure("accuracy (income)", "85.5 %", 200),
        measure("MAE (age)", "7.40", 150),
        say("summary.baseline", name=constant, value="76.4 %"),
    ]


def test_sets_and_probabilities_open_with_what_is_whole() -> None:
    (said,) = said_of(finding("hamming_loss", 0.2, "lower"), finding("subset_accuracy", 0.43))
    assert said == measure(WORDS.metric("subset_accuracy").name_in_text, "43 %", 200)
    (said,) = said_of(finding("kl", 0.03, "lower"), finding("agreement", 0.95), target=["p_a", "p_b"])
    assert said == measure(WORDS.metric("agreement").name_in_text, "95 %", 200)


def test_numbers_in_the_targets_unit_say_so() -> None:
    run = RunFacts(id="r", started="2026-01-05T10:32:11+00:00", seconds=1.0)
    report = Report(experiment={"data": {"target": "price"}}, run=run, environment={}, findings=(), metrics=METRICS)
    words, title = report.wording, WORDS.metric("mae").title
    assert report.targets == ("price",)
    assert report.model_copy(update={"experiment": {"data": {"target": "none"}}}).targets == ()
    assert report.model_copy(update={"experiment": {"data": {"target": ["a", "b"]}}}).targets == ("a", "b")
    in_price = finding("mae", 3.0, "lower", unit="price")
    assert words.heading(in_price) == say("wording.in-target-units", title=title)
    squared = finding("mse", 3.0, "lower", unit="price²")
    assert words.heading(squared) == say("wording.in-squared-target-units", title=WORDS.metric("mse").title)
    assert words.heading(finding("mae", 3.0, "lower", unit="$")) == say("wording.in-unit", title=title, unit="$")


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
    named = {
        "claimed": "share claimed",
        "seen": "true values within",
        "confidence": "50.0\u202f%",
        "value": "40.0\u202f%",
    }
    assert plot.dots[0].title == say("page.bin", **named, low="30.0", high="50.0\u202f%", n=44)
    assert reliability({"bins": bins}).y_label == say("page.share-of", label=say("page.correct"))
