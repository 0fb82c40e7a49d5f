"""Requirements: reading them, judging one, judging several together."""

from __future__ import annotations

import pytest

from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.core.requirement import Requirement, exit_code, holm_levels, verdicts_on
from leadline.errors import UsageError
from sentences import says


def found(name: str, value: float, interval: tuple[float, float] | None, **rest: object) -> Finding:
    return Finding.model_validate(
        {"name": name, "split": "test", "value": value, "interval": interval, "n": 100, **rest}
    )


@pytest.mark.parametrize(
    ("text", "name", "op", "bound"),
    [
        ("accuracy >= 0.95", "accuracy", ">=", 0.95),
        ("accuracy>=95%", "accuracy", ">=", 0.95),
        ("gap(tpr, sex) <= 0.1", "gap(tpr,sex)", "<=", 0.1),
        ("size_mb < 1", "size_mb", "<", 1.0),
        ("recall(猫) > 1e-1", "recall(猫)", ">", 0.1),
    ],
)
def test_reads_what_people_write(text: str, name: str, op: str, bound: float) -> None:
    requirement = Requirement.parse(text)
    assert (requirement.name, requirement.op, requirement.bound) == (name, op, bound)


@pytest.mark.parametrize(
    "text", ["accuracy", "accuracy = 1", ">= 1", "accuracy >= much", "accuracy >= 1 2", "accuracy >= 1e400", ""]
)
def test_refuses_what_it_cannot_read_and_says_how(text: str) -> None:
    with pytest.raises(UsageError, match=says("core.requirement-unreadable")):
        Requirement.parse(text)


@pytest.mark.parametrize(
    ("interval", "verdict"), [((0.96, 0.99), "pass"), ((0.90, 0.94), "fail"), ((0.93, 0.97), "undecided")]
)
def test_looks_at_the_interval_not_the_point(interval: tuple[float, float], verdict: str) -> None:
    (one,) = verdicts_on([Requirement.parse("accuracy >= 0.95")], [found("accuracy", sum(interval) / 2, interval)])
    assert one.verdict == verdict
    assert one.finding == 0


def test_without_interval_a_measured_value_decides_and_an_estimate_does_not() -> None:
    size = Finding(name="size_mb", value=0.4)
    energy = Finding(name="energy_wh", value=0.4, provenance="estimated")
    small, thrifty, accepted = verdicts_on(
        [Requirement.parse(t) for t in ("size_mb <= 1", "energy_wh <= 1", "energy_wh <= 1 (estimates count)")],
        [size, energy],
    )
    assert (small.verdict, thrifty.verdict, accepted.verdict) == ("pass", "undecided", "pass")
    assert "estimated" in thrifty.why


def test_absent_and_unknown_are_undecided_with_their_reason() -> None:
    verdicts = verdicts_on(
        [Requirement.parse("roc_auc >= 0.5"), Requirement.parse("bleu >= 3")],
        [Finding.absent("roc_auc", "only one class", split="test")],
    )
    assert [v.verdict for v in verdicts] == ["undecided", "undecided"]
    assert "only one class" in verdicts[0].why


def test_several_are_judged_together() -> None:
    two = [Requirement.parse("accuracy >= 0.95"), Requirement.parse("f1_macro >= 0.95")]
    borderline = {"stricter": {"0.975": (0.949, 0.99)}}
    alone = verdicts_on(two[:1], [found("accuracy", 0.97, (0.951, 0.985), **borderline)])
    together = verdicts_on(
        two,
        [found("accuracy", 0.97, (0.951, 0.985), **borderline), found("f1_macro", 0.97, (0.951, 0.985), **borderline)],
    )
    assert alone[0].verdict == "pass"
    assert [v.verdict for v in together] == ["undecided", "undecided"]
    # one that clears at the strict level frees the plain level for the other (Holm's step-down)
    clear = found("f1_macro", 0.99, (0.98, 0.995), stricter={"0.975": (0.975, 0.996)})
    assert [v.verdict for v in verdicts_on(two, [found("accuracy", 0.97, (0.951, 0.985), **borderline), clear])] == [
        "pass",
        "pass",
    ]


def test_holm_levels() -> None:
    assert holm_levels(1) == pytest.approx((0.95,))
    assert holm_levels(3) == pytest.approx((1 - 0.05 / 3, 0.975, 0.95))


def test_test_split_and_group_are_what_is_judged() -> None:
    findings = [
        found("recall", 0.1, (0.0, 0.2), split="train"),
        found("recall", 0.9, (0.8, 1.0), group="class=cat"),
        found("recall", 0.2, (0.1, 0.3), group="class=dog"),
    ]
    cat, dog = verdicts_on([Requirement.parse("recall(cat) >= 0.5"), Requirement.parse("recall(dog) >= 0.5")], [
        f.model_copy(update={"stricter": {"0.975": f.interval}}) for f in findings
    ])  # fmt: skip
    assert (cat.verdict, dog.verdict) == ("pass", "fail")


def test_exit_codes() -> None:
    passed, failed, open_one = (
        verdicts_on([Requirement.parse("a >= 0.5")], [found("a", v, (v - 0.01, v + 0.01))])[0] for v in (0.6, 0.4, 0.5)
    )
    assert [exit_code(v) for v in ([passed], [passed, failed, open_one], [passed, open_one], [])] == [0, 1, 3, 0]


SHARE, CORRELATED = Metric("accuracy", "Accuracy", unit="%"), Metric("r2", "R²", largest=1.0)


@pytest.mark.parametrize(
    ("text", "metric", "meant"),
    [
        ("accuracy >= 95", SHARE, ">= 0.95"),
        ("accuracy>=99.5", SHARE, ">= 0.995"),
        ("accuracy <= 95", SHARE, "<= 0.95"),
        ("accuracy > 1.2", SHARE, "> 0.012"),
        ("accuracy >= 1200", SHARE, None),
        ("accuracy >= 120 %", SHARE, None),
        ("accuracy > 1", SHARE, None),
        ("r2 >= 80", CORRELATED, ">= 0.8"),
        ("r2 > 100 %", CORRELATED, None),
    ],
)
def test_a_bound_beyond_all_values_is_refused_with_what_is_likely_meant(
    text: str, metric: Metric, meant: str | None
) -> None:
    with pytest.raises(UsageError) as refused:
        Requirement.parse(text).check_possible(metric)
    assert text in str(refused.value)
    assert ("Did you mean" in str(refused.value)) == (meant is not None)
    assert meant is None or f"{metric.id} {meant}'" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("accuracy >= 0.95", SHARE),
        ("accuracy >= 95 %", SHARE),
        ("accuracy >= 1", SHARE),
        ("accuracy < 1", SHARE),
        ("r2 >= -2", CORRELATED),
        ("mae <= 95", Metric("mae", "MAE", unit="")),
    ],
)
def test_other_bounds_are_taken(text: str, metric: Metric) -> None:
    requirement = Requirement.parse(text)
    requirement.check_possible(metric)
    assert requirement.text == text
