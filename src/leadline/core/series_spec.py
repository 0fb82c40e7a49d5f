"""What makes a table a series: its time, whose rows they are, how far is looked back and ahead, and what sets times
right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from leadline.core.base import Fact
from leadline.core.catalogue import say

Unit = Literal["us", "mo", "b", "1"]
_MICROSECONDS = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "min": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
_MONTHS = {"mo": 1, "y": 12}
_DURATION = re.compile(r"^(\d+)\s*([a-z]*)$")


class Step(NamedTuple):
    """A stretch of time: so many microseconds (``us``), months (``mo``) or business days (``b``), or a plain number
    (``1``).
    """

    number: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Step:
        """Read ``15min``, ``1h``, ``360d``, ``1mo``, ``1b`` (a business day) or ``10``; raises ValueError for anything
        else.
        """
        found = _DURATION.match(text.strip())
        number, unit = (int(found[1]), found[2]) if found else (0, "")
        if number < 1 or (unit and unit not in {*_MICROSECONDS, *_MONTHS, "b"}):
            units = ", ".join([*_MICROSECONDS, *_MONTHS, "b"])
            raise ValueError(say("core.duration-unreadable", units=units, text=text))
        if unit in _MICROSECONDS:
            return cls(number * _MICROSECONDS[unit], "us")
        if unit in _MONTHS:
            return cls(number * _MONTHS[unit], "mo")
        return cls(number, "b" if unit else "1")

    def __str__(self) -> str:
        if self.unit == "1":
            return str(self.number)
        if self.unit == "b":
            return f"{self.number}b"
        sizes = {name: size for name, size in (_MONTHS if self.unit == "mo" else _MICROSECONDS).items() if name != "w"}
        name = max((n for n, size in sizes.items() if self.number % size == 0), key=lambda n: sizes[n])
        return f"{self.number // sizes[name]}{name}"

    @property
    def season(self) -> int:
        """After how many steps what depends on the day, the week or the year usually repeats itself; 1 where that
        cannot be said.

        Steps below a day repeat daily, days weekly, weeks, months and quarters yearly; where a day would be more than
        1,440 steps, the hour is taken in its place.
        """
        if self.unit == "mo":
            return 12 // self.number if 12 % self.number == 0 else 1
        if self.unit == "b":
            return 5 if self.number == 1 else 1
        if self.unit == "1":
            return 1
        day = _MICROSECONDS["d"]
        for period, most in ((day, 1_440), (_MICROSECONDS["h"], 3_600)):
            if self.number < period and period % self.number == 0 and period // self.number <= most:
                return period // self.number
        return {day: 7, 7 * day: 52}.get(self.number, 1)


class SeriesSpec(Fact):
    """A table in time order, of which the next `horizon` steps are forecast from the last `context_length` ones.

    `time` None is the first column of dates whose values rise, or, without dates, a column of whole numbers that is
    called a time or counts evenly, or else the order of the rows; `series_id`
    says whose rows they are, where there are several series. `context_length` None is three horizons or two seasons,
    whichever is longer, as far as there are rows for it. `known_covariates` are columns that are known ahead;
    `calendar` adds the time of day, week and year to them.

    `frequency` is the step, the commonest where it is None. Where two rows have the same time, or one lies between the
    steps, `irregular_times` says whether that is an error (``error``), or whether of the rows of one step the first is
    kept and those between dropped (``drop``), or their ``mean`` or the ``last`` taken. No window crosses a gap
    (``split``), unless its steps are put in without values (``fill``), or rows are steps whatever time lies between
    them (``ignore``). `time_zone` is that of local times without an offset, ``Europe/Berlin``, where clocks are
    changed.
    """

    horizon: int = Field(ge=1, examples=[24])
    context_length: int | None = Field(default=None, ge=1, examples=[96])
    time: str | None = Field(default=None, examples=["day"])
    series_id: str | None = Field(default=None, examples=["shop"])
    known_covariates: tuple[str, ...] = Field(default=(), examples=[["holiday"]])
    calendar: bool = False
    frequency: str | None = Field(default=None, examples=["1h"])
    irregular_times: Literal["error", "drop", "mean", "last"] = "error"
    gaps: Literal["split", "fill", "ignore"] = "split"
    time_zone: str | None = Field(default=None, examples=["Europe/Berlin"])

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and value.get("horizon") is None:
            raise ValueError(say("core.horizon-missing"))
        return value

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.frequency is not None:
            Step.parse(self.frequency)
        if self.time is not None and self.time in (self.series_id, *self.known_covariates):
            raise ValueError(say("core.time-column-used-twice", column=self.time))
        if self.series_id is not None and self.series_id in self.known_covariates:
            raise ValueError(say("core.series-id-known-covariate", column=self.series_id))
        return self


class Window(Fact):
    """How the windows of an input are laid out: `spec` with everything decided, and `aims`, the columns that are
    forecast, which are the first of its fields. `form` is the format of times that are text.
    """

    spec: SeriesSpec
    aims: tuple[str, ...]
    form: str | None = None

    @property
    def past(self) -> int:
        """How many steps are looked back."""
        assert self.spec.context_length is not None
        return self.spec.context_length

    @property
    def seen(self) -> int:
        """How many of the steps ahead are seen: all where anything is known of them, else none."""
        return self.spec.horizon if self.spec.known_covariates or self.spec.calendar else 0
