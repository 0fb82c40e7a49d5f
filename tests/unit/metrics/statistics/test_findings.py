from __future__ import annotations

import numpy as np

from leadline.core.catalogue import say
from leadline.core.finding import Reproduction
from leadline.core.requirement import holm_levels
from leadline.metrics.regression import regressor
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.measurement import Measurement, absent


def test_the_first_level_is_the_interval_and_the_rest_are_stricter() -> None:
    m = Measurement(0.9, ((0.8, 0.95), (0.7, 0.97)), 40, "Wilson score")
    found = finding(
        "accuracy", m, split="test", levels=(0.95, 0.975), better="higher", again=Reproduction(producer="objective")
    )
    assert found.interval == (0.8, 0.95)
    assert found.level == 0.95
    assert found.stricter == {"0.975": (0.7, 0.97)}
    assert found.at_level(0.975) == (0.7, 0.97)
    assert (found.n, found.method, found.provenance) == (40, "Wilson score", "measured")


def test_the_levels_of_three_requirements_are_found_again() -> None:
    levels = (0.95, *sorted(set(holm_levels(3)) - {0.95}))
    target_n = np.random.default_rng(0).normal(size=100)
    found = finding("mae", regressor.mae(target_n, 0 * target_n, levels), split="test", levels=levels)
    widths = [high - low for low, high in (found.at_level(level) or (0.0, 0.0) for level in levels)]
    assert 0 < widths[0] < widths[1] < widths[2]


def test_absence_keeps_its_reason() -> None:
    found = finding("precision", absent("never predicted"), split="test", levels=(0.95,), group="class=cat")
    assert found.provenance == "absent"
    assert found.why == "never predicted"
    assert found.label == "precision(cat)"


def test_numbers_that_are_not_finite_are_absent() -> None:
    found = finding("nll", Measurement(float("nan"), (), 9, "mean"), split="test", levels=(0.95,))
    assert found.value is None
    assert found.why == say("metrics.predictions-not-finite")


def test_no_interval_is_none() -> None:
    found = finding("mse", Measurement(1.0, (), 1, "mean"), split="test", levels=(0.95, 0.99), unit="m²")
    assert found.interval is None
    assert found.stricter == {}
    assert found.unit == "m²"
