"""Findings measured again: equal within the tolerance that each states, whatever of them was changed."""

from __future__ import annotations

from typing import Any

import pytest

from leadline.core.finding import Finding, Reproduction
from leadline.evaluation.agreement import agreement, alike, difference

FINDING = Finding(
    name="accuracy",
    split="test",
    value=0.8,
    interval=(0.7, 0.88),
    n=100,
    method="Wilson",
    better="higher",
    section="metrics",
    again=Reproduction(producer="objective", tolerance=1e-6),
    stricter={"0.975": (0.68, 0.89)},
    as_errors={"0.95": (0.6, 0.9)},
)


def _with(**changed: Any) -> Finding:
    return FINDING.model_copy(update=changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"value": 0.8001},
        {"interval": (0.7001, 0.88)},
        {"interval": (0.7, 0.8799)},
        {"interval": None},
        {"n": 101},
        {"unit": "rows"},
        {"method": "Wald"},
        {"level": 0.9},
        {"better": "lower"},
        {"section": "cost"},
        {"unusable": 3},
        {"provenance": "estimated"},
        {"stricter": {"0.975": (0.69, 0.89)}},
        {"stricter": {}},
        {"as_errors": {"0.95": (0.61, 0.9)}},
    ],
    ids="-".join,
)
def test_whatever_is_changed_in_a_finding_differs(changed: dict[str, Any]) -> None:
    assert difference(_with(**changed), FINDING) is not None
    assert difference(FINDING, FINDING) is None


def test_one_number_that_moves_alone_differs_within_the_tolerance_too() -> None:
    loose = Reproduction(producer="objective", tolerance=0.05)
    stored = _with(again=loose)
    shares: dict[str, Any] = {"stricter": {}, "as_errors": {}}
    assert difference(stored, _with(value=0.81)) is not None
    assert difference(stored, _with(interval=(0.7, 0.89))) is not None
    assert difference(stored, _with(stricter={"0.975": (0.68, 0.9)})) is not None
    # a row on the other side of a threshold moves all; ends at the bounds of a share stay where they are
    together = _with(
        value=0.81, interval=(0.71, 0.89), stricter={"0.975": (0.69, 0.9)}, as_errors={"0.95": (0.61, 0.91)}
    )
    assert difference(stored, together) is None
    least = _with(again=loose, value=0.02, interval=(0.0, 0.05), **shares)
    assert difference(least, _with(value=0.03, interval=(0.0, 0.06), **shares)) is None
    assert difference(least, _with(value=0.02, interval=(0.01, 0.05), **shares)) is not None
    alone = _with(again=loose, interval=None, **shares)
    assert difference(alone, _with(value=0.81, interval=None, **shares)) is None


def test_what_moves_less_than_the_tolerance_holds() -> None:
    assert difference(FINDING, _with(value=0.8 + 5e-7, interval=(0.7 - 5e-7, 0.88))) is None
    assert difference(FINDING, _with(value=0.8 + 5e-6)) is not None


def test_of_another_version_only_numbers_are_compared() -> None:
    assert difference(_with(method="as worded before"), FINDING, only_numbers=True) is None
    assert difference(_with(value=0.81), FINDING, only_numbers=True) is not None
    assert difference(_with(n=101), FINDING, only_numbers=True) is not None


def _outcomes(stored: list[Finding], found: list[Finding], **more: Any) -> dict[str, str]:
    return {one.name: one.outcome for one in agreement(stored, found, more.get("reasons", {}), "why")}


def test_each_finding_ends_in_one_of_four_ways() -> None:
    recorded = _with(name="seconds", again=Reproduction(producer="cost", repeat="recorded"))
    beside, new = _with(name="beside"), _with(name="new")
    outcomes = _outcomes([FINDING, recorded, beside], [FINDING, new])
    assert outcomes == {
        "accuracy, test": "holds",
        "seconds, test": "recorded",
        "beside, test": "unchecked",
        "new, test": "differs",
    }


def test_times_are_not_held_to_another_load() -> None:
    timed = _with(name="latency", again=Reproduction(producer="cost", repeat="timed", tolerance=0.8))
    assert _outcomes([timed], [timed.model_copy(update={"value": 1.5, "interval": (1.4, 1.6)})]) == {
        "latency, test": "holds"
    }
    assert _outcomes([timed], [timed.model_copy(update={"value": 9.0})]) == {"latency, test": "unchecked"}


def test_an_absence_is_compared_whatever_the_words_of_its_reason() -> None:
    absent = Finding.absent("roc_auc", "write --set a=1", split="test")
    assert difference(absent, absent) is None
    assert difference(absent, Finding.absent("roc_auc", "write settings={'a': 1}", split="test")) is None
    assert difference(absent, _with(name="roc_auc")) is not None


@pytest.mark.parametrize(
    ("stored", "found", "same"),
    [
        ({"rows": [[1, "a", None, 0.5]]}, {"rows": [[1, "a", None, 0.50001]]}, True),
        ({"rows": [[1, "a"]]}, {"rows": [[1, "b"]]}, False),
        ({"rows": [[1, "a"]]}, {"rows": [[1]]}, False),
        ({"rows": [[0.5]]}, {"rows": [[0.6]]}, False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": True}, {"a": 1}, False),
        ({"a": None}, {"a": 0}, False),
    ],
)
def test_contents_of_exhibits_are_compared_value_by_value(stored: Any, found: Any, same: bool) -> None:
    assert alike(stored, found) is same
