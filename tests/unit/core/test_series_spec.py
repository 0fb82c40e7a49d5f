"""Stretches of time, and what makes a table a series."""

import pytest
from pydantic import ValidationError

from leadline.core.experiment import Experiment, SplitSpec
from leadline.core.series_spec import SeriesSpec, Step, Window
from leadline.errors import UsageError
from sentences import says


@pytest.mark.parametrize(
    ("text", "unit", "shown"),
    [
        ("15min", "us", "15min"),
        ("60min", "us", "1h"),
        ("360d", "us", "360d"),
        ("2w", "us", "14d"),
        ("90s", "us", "90s"),
        ("3mo", "mo", "3mo"),
        ("12mo", "mo", "1y"),
        ("1b", "b", "1b"),
        ("8640", "1", "8640"),
    ],
)
def test_a_stretch_of_time_is_read_and_written(text: str, unit: str, shown: str) -> None:
    assert Step.parse(text).unit == unit and str(Step.parse(text)) == shown
    assert Step.parse(str(Step.parse(text))) == Step.parse(text)


@pytest.mark.parametrize("text", ["", "h", "0d", "-1d", "1.5h", "1 fortnight", "d1"])
def test_what_is_no_stretch_of_time(text: str) -> None:
    with pytest.raises(ValueError, match=says("core.duration-unreadable")):
        Step.parse(text)


@pytest.mark.parametrize(
    ("text", "season"),
    [
        *[
            ("1h", 24),
            ("15min", 96),
            ("30min", 48),
            ("1min", 1440),
            ("1s", 3600),
            ("7h", 1),
            ("1d", 7),
            ("1b", 5),
            ("1w", 52),
        ],
        *[("1mo", 12), ("3mo", 4), ("1y", 1), ("5mo", 1), ("10", 1), ("2d", 1)],
    ],
)
def test_seasons(text: str, season: int) -> None:
    assert Step.parse(text).season == season


def test_a_series_says_how_far_is_forecast() -> None:
    with pytest.raises(UsageError, match=r"data.series: the number of steps to forecast is not given; set horizon="):
        Experiment.parse({"data": {"series": {"context_length": 3}}})
    assert SeriesSpec(horizon=3).context_length is None


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"time": "t", "series_id": "t"}, "column 't' is the time"),
        ({"time": "t", "known_covariates": ["t"]}, "column 't' is the time"),
        ({"series_id": "i", "known_covariates": ["i"]}, "column 'i' is the series id"),
        ({"frequency": "often"}, "a duration"),
        ({"repair": "guess"}, "repair"),
        ({"gaps": "hide"}, "gaps"),
    ],
)
def test_what_a_series_cannot_be(entries: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        SeriesSpec.model_validate({"horizon": 2, **entries})


def test_a_window_sees_ahead_where_something_is_known() -> None:
    plain, calendar, known = (
        Window(spec=SeriesSpec(horizon=4, context_length=9, **more), aims=("y",))
        for more in ({}, {"calendar": True}, {"known_covariates": ("x",)})
    )
    assert (plain.past, plain.seen, calendar.seen, known.seen) == (9, 0, 4, 4)


@pytest.mark.parametrize("text", ["time:date:360d/120d/120d", "time:date:360d / 120d / 120d"])
def test_a_split_by_spans_in_its_short_form(text: str) -> None:
    split = SplitSpec.model_validate(text)
    assert (split.by, split.column, split.spans) == ("time", "date", ("360d", "120d", "120d"))
    assert SplitSpec.model_validate(split.model_dump(mode="json")) == split


def test_a_column_with_a_colon_can_be_the_time() -> None:
    assert SplitSpec.model_validate("time:a:b").column == "a:b"


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ("time:date:360d/120d", "three spans"),
        ("time:date:360d/120d/x", "a duration"),
        ("time:date:360d/120d/20", "or all counts of time steps"),
        ("time:date:3b/2b/2b", "business days"),
        ({"by": "random", "spans": "1d/1d/1d"}, "the split is by random"),
        ({"by": "time", "column": "t", "spans": "1d/1d/1d", "folds": 3}, "for cross-validation"),
    ],
)
def test_spans_that_cannot_be(entries: object, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        SplitSpec.model_validate(entries)
