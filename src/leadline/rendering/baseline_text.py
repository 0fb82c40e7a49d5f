"""What the summary says of simpler models: whether one performs about as well as the network, or better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leadline.core.catalogue import say
from leadline.core.report import Report
from leadline.core.safe_text import apart
from leadline.core.wording import Wording, capitalised
from leadline.rendering.outline import Noted
from leadline.rendering.sentence import Sentence, alike, as_measured, details, difference, upwards

NAMES: Mapping[str, str] = {
    "linear": "summary.linear",
    "svm": "summary.svm",
    "gradient-boosting": "summary.boosting",
    "tfidf": "summary.tfidf",
}
OPENED_WITH = ("accuracy", "mae")  # measures whose differences need no name, as the report opens with them
SINGLE_COLUMN = "baseline=single-column"  # is none of the models that are compared
POINT = 0.01  # of what is classified correctly, or of the network's error, within which a single column comes close


def baseline_text(report: Report) -> tuple[Sentence, ...]:
    """Return sentences about simpler models; none where none was fitted."""
    noted = [Noted(i, f) for i, f in enumerate(report.findings)]
    judged = next((one for one in noted if one.finding.name == "smallest_not_worse" and one.finding.again), None)
    if judged is None or judged.finding.again is None:
        return ()
    said = judged.finding.again.options
    measure, worse = str(said["measure"]), frozenset(said["worse"])
    gains = {
        (one.finding.group or "").partition("=")[2]: one
        for one in noted
        if one.finding.name == f"{measure}_difference"
        and (one.finding.group or "").startswith("baseline=")
        and one.finding.group != SINGLE_COLUMN
        and one.finding.value is not None
    }
    if said["model"] == "network":
        found = tuple(_network_stays(gains, worse, measure, report.wording))
    else:
        command = str(said["command"] or "")
        found = tuple(_another(judged, gains, str(said["model"]), worse, command, measure, report.wording))
    return (*found, *_caveats(judged, said.get("caveats")))


def single_column_text(report: Report) -> tuple[Sentence, ...]:
    """Return a sentence where one column alone comes close to the network; none where it does not, or does no better
    than a constant prediction.
    """
    noted = [Noted(i, f) for i, f in enumerate(report.findings) if f.group == SINGLE_COLUMN and f.again]
    gain = next((one for one in noted if one.finding.name.endswith("_difference")), None)
    if gain is None or gain.finding.value is None or gain.finding.interval is None:
        return ()
    measure = gain.finding.name.removesuffix("_difference")
    reached = next((one for one in noted if one.finding.name == measure), None)
    own, constant = report.get(measure, split=gain.finding.split), _constant(report, measure, gain.finding.split)
    if reached is None or reached.finding.again is None or own is None or own.value is None:
        return ()
    sign = -1.0 if report.wording.metric(measure).better == "lower" else 1.0
    if constant is not None and sign * ((reached.finding.value or 0.0) - constant) <= 0:
        return ()
    low, high = gain.finding.interval
    near = abs(gain.finding.value) < (POINT if report.wording.metric(measure).is_share else POINT * abs(own.value))
    if low > 0:
        name = "summary.single-column-better"
    elif near or (low <= 0 <= high and alike(gain.finding)):
        name = "summary.single-column"
    elif high >= 0:
        better = gain.finding.value > 0
        name = "summary.single-column-perhaps-better" if better else "summary.single-column-perhaps-worse"
    else:
        return ()
    column = apart(str(reached.finding.again.options.get("column")))
    title, words = report.wording.metric(measure).name_in_text, report.wording
    text = say(name, column=column, title=title, value=words.amount(reached.finding))
    return (Sentence(text, (reached, gain), _difference(gain, measure, words)),)


def _constant(report: Report, measure: str, split: str | None) -> float | None:
    """Return what the best constant prediction reaches."""
    return next(
        (
            f.value
            for f in report.findings
            if f.name == measure and f.split == split and f.again and f.again.producer == "baseline"
        ),
        None,
    )


def _caveats(judged: Noted, caveats: Any) -> Iterable[Sentence]:
    """Say what makes baselines weaker than they might be: the verdict is no stronger than they are."""
    if isinstance(caveats, Mapping) and caveats:
        models = "; ".join(
            say("summary.baseline-caveat", model=_named(str(name)), caveats=why) for name, why in caveats.items()
        )
        yield Sentence(say("summary.baseline-caveats", models=models), (judged,))


def _another(
    judged: Noted,
    gains: Mapping[str, Noted],
    chosen: str,
    worse: frozenset[str],
    command: str,
    measure: str,
    words: Wording,
) -> Iterable[Sentence]:
    """Say which model beats the network, if one demonstrably does, and which is the cheapest that none beats."""
    end = say("summary.to-train") if command else ""
    if "network" not in worse:
        gain = gains[chosen].finding
        if alike(gain):
            name = "summary.similar"
        else:
            name = "summary.perhaps-better" if (gain.value or 0.0) > 0 else "summary.perhaps-worse"
        yield Sentence(
            capitalised(say(name, model=_named(chosen))),
            (gains[chosen],),
            _difference(gains[chosen], measure, words),
            end,
            command,
        )
        return
    sure = {name: one for name, one in gains.items() if one.finding.interval and one.finding.interval[0] > 0}
    best, most = max(sure.items(), key=lambda item: item[1].finding.value or 0.0)
    shown = (end, command) if best == chosen else ("", "")
    text = say("summary.best-baseline", model=_named(best))
    yield Sentence(capitalised(text), (most,), _difference(most, measure, words), *shown)
    if best != chosen:
        yield Sentence(say("summary.cheapest-baseline", model=_named(chosen)), (judged,), "", end, command)


def _network_stays(
    gains: Mapping[str, Noted], worse: frozenset[str], measure: str, words: Wording
) -> Iterable[Sentence]:
    if not gains:
        return
    name, nearest = max(gains.items(), key=lambda item: item[1].finding.value or 0.0)
    if worse.issuperset(gains):
        finding = upwards(nearest.finding)
        first = say("summary.nearest", model=_named(name), value=words.amount(finding))
        aside = details(words, finding, first, with_n=False)
        yield Sentence(say("summary.network-stays"), (nearest,), aside)
        return
    left = [_named(one) for one in gains if one not in worse]
    models = left[0] if len(left) == 1 else say("summary.and", first=", ".join(left[:-1]), second=left[-1])
    aside = _difference(nearest, measure, words) if len(left) == 1 else ""
    text = say("summary.network-smallest", count=len(left), models=models)
    yield Sentence(capitalised(text), (nearest,), aside)


def _difference(one: Noted, measure: str, words: Wording) -> str:
    """Return by how much the model's measure differs from the network's."""
    return difference(words, as_measured(one.finding, measure, words), measure, named=measure not in OPENED_WITH)


def _named(name: str) -> str:
    known = NAMES.get(name)
    return say(known) if known else say("summary.other-baseline", name=name)
