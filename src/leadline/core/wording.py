"""Numbers and names as people write them: one way to format, everywhere in the report."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from leadline.core.catalogue import say
from leadline.core.entries import renamed
from leadline.core.finding import Finding, Interval
from leadline.core.metric import Metric
from leadline.core.safe_text import apart, for_terminal, visible

SPACE = "\u202f"  # between a number and its unit: narrow, and no line breaks there
MINUS = "\u2212"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# others, such as a target's name, stand in the details
_UNITS = ("ms", "s", "MB", "GB", "W", "Wh", "g", "FLOP", "nats", "bits")
NAMES = 3  # shown in a sentence
LABEL = 60  # characters of a finding's name in a line
_REPEATS = "_over_repeats"
_DIFFERENCE = "_difference"
# their methods begin with the measure they are differences of
_GAPS = ("generalisation_gap", "smallest_not_worse", "fusion_gain")


class Wording:
    """How findings are worded, by the declarations of what they measure.

    A name that nobody declared is made readable, and its value is shown as it is. A number in the unit of one of the
    `targets` has the target's name for its unit.
    """

    def __init__(self, metrics: Iterable[Metric] = (), targets: Collection[str] = ()) -> None:
        self._metrics = {one.id: one for one in metrics}
        self._targets = frozenset(targets)

    def metric(self, name: str) -> Metric:
        """Return how findings of a name are shown: over repeats, as a difference to the network, of one task."""
        base = name.removesuffix(_REPEATS)
        if name != base:
            of = self.metric(base)
            return _retitled(of, "wording.over-repeats", gloss=say("wording.over-repeats-gloss"))
        if name in self._metrics:
            return self._metrics[name]
        compared = self._metrics.get(name.removesuffix(_DIFFERENCE))
        if name.endswith(_DIFFERENCE) and compared is not None:
            return _retitled(compared, "wording.difference", gloss=say("wording.difference-gloss"))
        measure, bracket, rest = name.partition("(")
        if bracket and measure in self._metrics:
            return _retitled(self._metrics[measure], "wording.of-task", task=rest.removesuffix(")"))
        plain = name.replace("_", " ").strip()
        return Metric(name, capitalised(plain))

    def title(self, finding: Finding) -> str:
        """Return a finding's name with its group, in words: ``Latency · batch 1``."""
        own = self.metric(finding.name).title
        return f"{own} · {group(finding.group)}" if finding.group else own

    def heading(self, finding: Finding) -> str:
        """Return a finding's name with the unit of its numbers: ``Latency, ms``, ``Mean absolute error, target units``.

        Shares have none: their numbers stand in per cent.
        """
        title, unit = self.metric(finding.name).title, self.unit(finding) or finding.unit
        if unit in ("", "1", "%"):
            return title
        if unit in self._targets:
            return say("wording.in-target-units", title=title)
        if unit.removesuffix("²") in self._targets:
            return say("wording.in-squared-target-units", title=title)
        return say("wording.in-unit", title=title, unit=unit)

    def progress(self, name: str, value: float) -> str:
        """Return a metric's value while training goes on, without an interval: ``91.2 %``, ``0.412``."""
        if not math.isfinite(value):
            return str(value)
        if self.metric(name).is_share:
            return f"{100 * value:.1f} %"
        return f"{value:.2e}" if value and not 1e-3 <= abs(value) < 1e6 else number(value)

    def scale(self, finding: Finding) -> float:
        """Return what a value is multiplied by to be shown: 100 for shares of a whole, 1 for everything else."""
        share = self.metric(finding.name).is_share or self._is_gap_of_shares(finding)
        return 100.0 if finding.unit == "1" and share else 1.0

    def unit(self, finding: Finding) -> str:
        """Return what stands after a finding's number: ``%``, ``points``, ``ms`` … or nothing."""
        if self.scale(finding) == 100.0:
            return "points" if finding.name in _GAPS or finding.name.endswith(_DIFFERENCE) else "%"
        return finding.unit if finding.unit in _UNITS else ""

    def amount(self, finding: Finding, *, with_unit: bool = True) -> str:
        """Return a finding's value with its unit, ``98.6 %``; that it was not measured where it has none."""
        if finding.value is None:
            return say("wording.absent")
        by, unit = self.scale(finding), self.unit(finding)
        text = number(finding.value * by, _scaled(finding.interval, by), least=int(unit == "points"))
        return _united(text, say("wording.points") if unit == "points" and with_unit else unit if with_unit else "")

    def span(self, finding: Finding, *, with_unit: bool = True) -> str:
        """Return a finding's interval with its unit, ``96.8–99.4 %``; empty where it has none."""
        if finding.interval is None:
            return ""
        by = self.scale(finding)
        low, high = (v * by for v in finding.interval)
        ends = [number(v, (low, high)) for v in (low, high)]
        dash = f" {say('wording.to')} " if MINUS in "".join(ends) else "–"
        return _united(dash.join(ends), self.unit(finding) if with_unit else "")

    def ci(self, finding: Finding) -> str:
        """Return a finding's interval with its level, ``95 % CI 78.7–87.1 %``; empty where it has none.

        Other units than per cent stand with the value alone. Of one among several comparisons the level is that at
        which all of them hold, and their number stands beside it.
        """
        if finding.interval is None:
            return ""
        span = self.span(finding, with_unit=self.unit(finding) == "%")
        among = finding.again.options.get("comparisons", 1) if finding.again else 1
        if among == 1:
            return say("wording.ci", level=level(finding), span=span)
        return say("wording.ci-adjusted", level=level(finding, among), span=span, count=among)

    def brief(self, finding: Finding) -> str:
        """Return a finding in a line, by its name in Python: ``test accuracy 93.3 % (95 % CI 70.2–98.8 %, n = 15)``."""
        value = self.amount(finding)
        parts = [self.ci(finding), f"n = {finding.n:,}" if finding.n is not None else ""]
        details = ", ".join(part for part in parts if part)
        named = f"{finding.split or ''} {visible(finding.label)}".strip()
        return f"{shortened(named, LABEL)} {value}{f' ({details})' if details else ''}".replace(SPACE, " ")

    def how(self, finding: Finding) -> str:
        """Return how a number came about, in a line: interval, n, method, provenance."""
        if finding.value is None:
            return say("wording.absent-why", why=finding.why)
        parts = [
            self.ci(finding),
            f"n = {finding.n:,}" if finding.n is not None else "",
            finding.method or "",
            finding.provenance,
        ]
        return " · ".join(p for p in parts if p)

    def gap_measure(self, finding: Finding) -> str:
        """Return the name of the measure that a gap is the difference of; empty where it is not known."""
        known = finding.again.options.get("measure") if finding.again else None
        first = re.match(r"[\w(), ]+?(?= on |,)", finding.method or "")  # reports of older versions say it so
        return renamed.finding(str(known or (first[0] if first else "")), renamed.quietly)

    def _is_gap_of_shares(self, finding: Finding) -> bool:
        return finding.name in _GAPS and self.metric(parted(self.gap_measure(finding))[0]).is_share


def _retitled(metric: Metric, sentence: str, gloss: str | None = None, **values: object) -> Metric:
    """Return a metric whose title and abbreviation are put into a sentence."""
    title = _one_bracket(say(sentence, title=metric.title, **values))
    short = say(sentence, title=metric.short, **values) if metric.short else ""
    return replace(metric, title=title, short=short, gloss=metric.gloss if gloss is None else gloss)


def _one_bracket(title: str) -> str:
    """Return a title with what it says in brackets in one: ``MSE (normalised, OT)`` for ``MSE (normalised) (OT)``."""
    before, bracket, within = title.partition(" (")
    inner = within.replace(") (", ", ").replace(" (", ", ").replace(")", "")
    return f"{before} ({inner})" if bracket and title.endswith(")") else title


def parted(name: str) -> tuple[str, str]:
    """Return the measure and the task of a finding's name: ``accuracy`` and ``income`` of ``accuracy(income)``."""
    measure, _, task = name.partition("(")
    return measure, task.removesuffix(")")


def group(text: str) -> str:
    """Return a finding's group in words: ``class cat`` of ``class=cat``; splits are named alone."""
    key, equals, value = text.partition("=")
    if key == "splits":
        return apart(value)
    return f"{key} {apart(value)}" if equals else text


def number(value: float, interval: Interval | None = None, *, least: int = 0) -> str:
    """Format a number: two digits of the interval's width are shown; without an interval three significant digits.

    There are at `least` so many decimal places.

    Whole numbers are exact, with thousands separated by commas; very small and very large ones are powers of ten.
    """
    size = max(abs(v) for v in (value, *(interval or ())))
    width = interval[1] - interval[0] if interval else 0.0
    if width > 0:
        places = 1 - math.floor(math.log10(width))
    elif float(value).is_integer() and size < 1e15:
        places = 0
    else:
        places = 2 - math.floor(math.log10(size)) if size else 0
    places = max(places, least) if least else places
    if size and (size < 1e-3 or size >= 1e15):
        digits = min(max(math.floor(math.log10(abs(value))) + places, 0), 15) if value else 0
        mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
        return power(mantissa, int(exponent)) if value else "0"
    # A number without an interval keeps all digits before the point; one with an interval is rounded to what it can
    # support.
    rounded = round(value, min(places, 12)) if width > 0 else value
    text = f"{rounded:,.{min(max(places, 0), 12)}f}"
    return text.replace("-", MINUS) if float(rounded) != 0 else text.replace("-", "")


def power(digits: str, exponent: int) -> str:
    """Return a number in scientific notation: ``1.2×10⁻⁵``."""
    return f"{digits}×10".replace("-", MINUS) + str(exponent).translate(_SUPERSCRIPT)


def subset_name(subset: str) -> str:
    """Return the name of a subset before a noun: the examples of ``train`` are training examples."""
    return say("wording.training") if subset == "train" else subset


def level(finding: Finding, among: int = 1) -> str:
    """Return the level of a finding's interval, ``95 %``; `among` so many comparisons that at which all hold."""
    return f"{100 * (1 - (1 - finding.level) * among):.4g}{SPACE}%"


def capitalised(text: str) -> str:
    """Return text as it stands at the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def shortened(text: str, most: int) -> str:
    """Return text of at most so many characters: what is longer loses its middle."""
    half = (most - 1) // 2
    return text if len(text) <= most else f"{text[: most - 1 - half]}…{text[len(text) - half :]}"


def count(number_of: int, noun: str) -> str:
    """Return a count with its noun in the right number: ``1 image``, ``1,797 images``."""
    return f"{number_of:,} {noun}{'' if number_of == 1 else 's'}"


def duration(seconds: float) -> str:
    """Return a duration in two units at most: ``42 s``, ``3 min 5 s``, ``2 h 10 min``."""
    if seconds < 60:
        return f"{seconds:.1f}{SPACE}s" if seconds < 10 else f"{round(seconds)}{SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{SPACE}min {rest}{SPACE}s"
    return f"{minutes // 60:,}{SPACE}h {minutes % 60}{SPACE}min"


def network(component: Mapping[str, Any]) -> str:
    """Return a network's name, with what it stands over where it does: ``rnn over cnn``."""
    beneath = component.get("over")
    return f"{component['name']} over {network(beneath)}" if isinstance(beneath, Mapping) else str(component["name"])


def networks(experiment: Mapping[str, Any]) -> str:
    """Return the networks of an experiment's inputs, each once, and how many of them are an ensemble: ``5 × mlp``."""
    encoders = ((experiment.get("network") or {}).get("encoders") or {}).values()
    members = (experiment.get("training") or {}).get("members") or 1
    named = ", ".join(dict.fromkeys(network(encoder) for encoder in encoders))
    return f"{members} × {named}" if named and members > 1 else named


def moment(iso: str) -> str:
    """Return a time stamp to the minute, with its zone; as it is where it is no ISO 8601."""
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return when.strftime("%Y-%m-%d %H:%M") + (f" {when.tzname()}" if when.tzinfo else "")


def _scaled(interval: Interval | None, by: float) -> Interval | None:
    return (interval[0] * by, interval[1] * by) if interval else None


def _united(text: str, unit_: str) -> str:
    return f"{text}{SPACE}{unit_}" if unit_ else text


def counted(n: int, noun: str) -> str:
    """Return how many of a noun there are, in words: ``1 step``, ``3 categories``."""
    return f"{n:,} {noun if n == 1 else noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"


def listed(names: Sequence[str], most: int) -> str:
    """Return the first names, safe to show in a terminal, and how many more there are."""
    return ", ".join(for_terminal(apart(name)) for name in names[:most]) + (
        f", … and {len(names) - most:,} more" if len(names) > most else ""
    )


def enumerated(names: Iterable[object], most: int = NAMES) -> str:
    """Return the first names, and how many more there are: ``a.csv, b.csv, c.csv and 4 more``."""
    texts = [str(name) for name in names]
    first = ", ".join(texts[:most])
    return first if len(texts) <= most else say("core.names-and-more", names=first, more=len(texts) - most)


def quoted(names: Iterable[object], most: int = NAMES) -> str:
    """Return the first names in quotes, and how many more there are: ``'age', 'sex' and 4 more``."""
    return enumerated(map(repr, names), most)
