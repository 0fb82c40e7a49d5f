"""Numbers carry as many digits as their interval supports, in one way everywhere."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core import wording
from leadline.core.catalogue import say
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric

WORDS = wording.Wording(
    [
        Metric("accuracy", "Accuracy", "share of rows named right", "%", "higher"),
        Metric("roc_auc", "ROC AUC", better="higher"),
        Metric("latency_ms", "Latency", unit="ms", better="lower"),
        Metric("generalisation_gap", "Generalisation gap", unit="", better="lower"),
    ]
)


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [
        (98.611, (96.8, 99.4), "98.6"),
        (98.611, (90.1, 105.2), "99"),
        (0.98611, (0.9858, 0.9864), "0.98611"),
        (43127.0, (41000.0, 45000.0), "43,100"),
        (-0.02, (-0.11, 0.07), "−0.02"),
        (0.0, (-0.1, 0.1), "0.00"),
        (1797.0, None, "1,797"),
        (0.41249, None, "0.412"),
        (412.37, None, "412"),
        (123456.7, None, "123,457"),
        (0.0, None, "0"),
        (1.234e-5, None, "1.23×10⁻⁵"),
        (-1.234e-5, None, "−1.23×10⁻⁵"),
        (6.02214e23, None, "6.02×10²³"),
        (0.5, (0.5, 0.5), "0.500"),
        (-0.0004, (-0.3, 0.3), "0.00"),
    ],
)
def test_number(value: float, interval: tuple[float, float] | None, text: str) -> None:
    assert wording.number(value, interval) == text


@given(st.floats(-1e12, 1e12, allow_subnormal=False), st.floats(1e-9, 1e9))
def test_a_number_is_never_further_from_the_truth_than_a_tenth_of_its_interval(value: float, width: float) -> None:
    interval = (value - width / 2, value + width / 2)
    width = interval[1] - interval[0]
    text = wording.number(value, interval).replace(",", "").replace(wording.MINUS, "-")
    if width == 0 or "×" in text:
        return
    assert abs(float(text) - value) <= 0.1 * width + 1e-12 * abs(value) + 1e-12


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_has_a_text(value: float) -> None:
    assert wording.number(value)


def accuracy(**changes: object) -> Finding:
    base = {
        "name": "accuracy",
        "split": "test",
        "value": 0.98611,
        "interval": (0.9679, 0.9941),
        "n": 360,
        "method": "Wilson score",
    }
    return Finding(**{**base, **changes})  # type: ignore[arg-type]


def test_shares_are_percentages_with_a_narrow_space() -> None:
    assert WORDS.amount(accuracy()) == "98.6\u202f%"
    assert WORDS.span(accuracy()) == "96.8–99.4\u202f%"
    assert WORDS.amount(accuracy(), with_unit=False) == "98.6"
    assert WORDS.how(accuracy()) == "95\u202f% CI 96.8–99.4\u202f% · n = 360 · Wilson score · measured"


def test_a_gap_of_shares_is_in_points_and_any_other_gap_is_not() -> None:
    gap = accuracy(
        name="generalisation_gap", value=0.013, interval=(-0.002, 0.03), method="accuracy on train minus on test; MOVER"
    )
    assert WORDS.amount(gap) == "1.3\u202fpoints"
    assert WORDS.span(gap) == "−0.2 to 3.0\u202fpoints"
    assert WORDS.amount(gap.model_copy(update={"method": "mae on test minus on train"})) == "0.013"


def test_units_that_people_know_are_shown_and_a_target_is_not_a_unit() -> None:
    assert WORDS.amount(Finding(name="latency_ms", value=0.4123, unit="ms")) == "0.412\u202fms"
    assert WORDS.amount(Finding(name="mae", value=43.17, unit="progression")) == "43.2"


def test_absent_is_never_zero() -> None:
    absent = Finding.absent("energy_wh", "no meter", unit="Wh")
    assert WORDS.amount(absent) == say("wording.absent")
    assert WORDS.how(absent) == say("wording.absent-why", why="no meter")
    assert WORDS.span(absent) == ""


def test_names_are_readable_also_those_nobody_described() -> None:
    assert WORDS.metric("roc_auc").title == "ROC AUC"
    assert WORDS.metric("accuracy_over_repeats") == Metric(
        "accuracy", "Accuracy, over repeats", "mean over runs with different seeds", "%", "higher"
    )
    assert WORDS.metric("accuracy(fog, 3)").title == "Accuracy (fog, 3)"
    assert WORDS.metric("accuracy(fog, 3)").is_share
    assert WORDS.metric("mia_tpr_at_1pct_fpr").title == "Mia tpr at 1pct fpr"
    assert WORDS.title(Finding(name="latency_ms", group="batch=64", value=1.0)) == "Latency · batch 64"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (8.24, "8.2 s"),
        (42.4, "42 s"),
        (185, "3 min 5 s"),
        (3599.9, "60 min 0 s"),
        (7800, "2 h 10 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert wording.duration(seconds).replace(wording.SPACE, " ") == text or math.isclose(seconds, 3599.9)


def test_moments() -> None:
    assert wording.moment("2026-01-05T10:32:11+00:00") == "2026-01-05 10:32 UTC"
    assert wording.moment("yesterday") == "yesterday"
    assert wording.count(1, "image") == "1 image"
    assert wording.count(1797, "image") == "1,797 images"


def test_a_network_is_named_with_what_it_stands_over() -> None:
    assert wording.network({"name": "cnn"}) == "cnn"
    assert wording.network({"name": "rnn", "over": {"name": "cnn", "patch": 8}}) == "rnn over cnn"
    assert wording.network({"name": "Net", "over": 3}) == "Net"  # an option of one's own


def test_an_interval_among_several_comparisons_says_so() -> None:
    again = Reproduction(producer="baselines", options={"comparisons": 6})
    changes = {"name": "accuracy_difference", "value": 0.0, "interval": (-0.19, 0.19), "level": 1 - 0.05 / 6}
    one = accuracy(**changes, again=again)
    assert WORDS.ci(one) == "95\u202f% CI −19 to 19, Bonferroni-adjusted for 6 comparisons"
    assert WORDS.ci(accuracy(**changes)) == "99.17\u202f% CI −19 to 19"
