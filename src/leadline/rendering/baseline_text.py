"""What the answer says of simpler models: whether one does as well, or better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leadline.core.report import Report
from leadline.core.wording import Wording
from leadline.rendering.outline import Noted
from leadline.rendering.sentence import Sentence, aside, upwards

NAMES: Mapping[str, str] = {
    "linear": "a linear model",
    "svm": "a support vector machine",
    "gradient-boosting": "gradient boosting",
}


def baseline_text(report: Report) -> tuple[bool, tuple[Sentence, ...]]:
    """Return whether a simpler model does as well as the network, and sentences about it; none where none was
    fitted.
    """
    noted = [Noted(i, f) for i, f in enumerate(report.findings)]
    judged = next((one for one in noted if one.finding.name == "cheapest_not_worse" and one.finding.again), None)
    if judged is None or judged.finding.again is None:
        return False, ()
    said = judged.finding.again.options
    gains = {
        (one.finding.group or "").partition("=")[2]: one
        for one in noted
        if one.finding.name == f"{said['measure']}_difference"
        and (one.finding.group or "").startswith("baseline=")
        and one.finding.value is not None
    }
    if said["model"] == "network":
        return False, tuple(_network_stays(gains, said["worse"], report.wording))
    return True, tuple(_another(judged, gains, said["model"], said["worse"], said["command"], report.wording))


def _another(
    judged: Noted,
    gains: Mapping[str, Noted],
    chosen: str,
    worse: Iterable[str],
    command: str | None,
    words: Wording,
) -> Iterable[Sentence]:
    """Say which model beats the network, if one demonstrably does, and which is the cheapest that none beats."""
    gain, told = gains[chosen], f"; ‘{command}’ makes it a run." if command else "."
    if "network" not in worse:
        value = gain.finding.value or 0.0
        how = f"{'better' if value > 0 else 'worse'} by {_by(gain, words)}" if value else "neither better nor worse"
        text = f"As far as these rows can tell, {_named(chosen)} does as well as this network: it is {how}"
        yield Sentence(text, (gain,), _aside(gain, words), told)
        return
    sure = {name: one for name, one in gains.items() if one.finding.interval and one.finding.interval[0] > 0}
    best, most = max(sure.items(), key=lambda item: item[1].finding.value or 0.0)
    text = f"{_named(best)} is demonstrably better than this network, by {_by(most, words)}"
    yield Sentence(text[:1].upper() + text[1:], (most,), _aside(most, words), told if best == chosen else ".")
    if best != chosen:
        yield Sentence(f"The cheapest model that is not demonstrably worse is {_named(chosen)}", (judged,), end=told)


def _network_stays(gains: Mapping[str, Noted], worse: Iterable[str], words: Wording) -> Iterable[Sentence]:
    if not gains:
        return
    name, nearest = max(gains.items(), key=lambda item: item[1].finding.value or 0.0)
    if set(gains) <= set(worse):
        text = f"Simpler models are demonstrably worse: the nearest, {_named(name)}, by {_by(nearest, words)}"
        yield Sentence(text, (nearest,), _aside(nearest, words))
    else:
        left = " and ".join(_named(one) for one in gains if one not in worse)
        yield Sentence(
            f"Of this network and {left}, which these rows cannot rank, the network is the smallest", (nearest,)
        )


def _by(one: Noted, words: Wording) -> str:
    """Return the size of a difference; of which measure, where that is not the one the report opens with."""
    measure = one.finding.name.removesuffix("_difference")
    size = words.amount(upwards(one.finding))
    return size if measure in ("accuracy", "mae") else f"{size} of {words.metric(measure).title.lower()}"


def _aside(one: Noted, words: Wording) -> str:
    return aside(words, upwards(one.finding))


def _named(name: str) -> str:
    return NAMES.get(name, f"‘{name}’")
