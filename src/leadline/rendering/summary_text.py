"""The summary in words: how good the network is, compared with what, and what became of the requirements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leadline.core import wording
from leadline.core.catalogue import say
from leadline.core.finding import Finding
from leadline.core.report import Report
from leadline.core.safe_text import apart
from leadline.rendering.baseline_text import baseline_text, single_column_text
from leadline.rendering.fusion_text import fusion_text
from leadline.rendering.generation_text import conversion_text, sample_quality_text
from leadline.rendering.outline import Noted, Outline, judged_split, outline
from leadline.rendering.sentence import Sentence, details, upwards

# measures that a report opens with, the first that there is
OPENING = ("accuracy", "mse_scaled", "mae", "agreement", "subset_accuracy", "entity_f1", "token_accuracy", "perplexity")
SPLITS: Mapping[str, str] = {
    "train": "summary.of-train",
    "validation": "summary.of-validation",
    "test": "summary.of-test",
}
CONSTANT: Mapping[str, str] = {
    "majority": "summary.baseline-majority",
    "mean": "summary.baseline-mean",
    "median": "summary.baseline-median",
    "quantiles": "summary.baseline-quantiles",
    "unchanged": "summary.baseline-unchanged",
    "unigram": "summary.baseline-unigram",
}
OUTCOMES: Mapping[str, str] = {
    "pass": "summary.requirements-passed",
    "fail": "summary.requirements-failed",
    "undecided": "summary.requirements-undecided",
}
# by which direction of the measure is better, and whether training data does better
GAPS: Mapping[tuple[str, bool], str] = {
    ("higher", True): "summary.overfitting-higher",
    ("lower", True): "summary.overfitting-lower",
    ("higher", False): "summary.underfitting-higher",
    ("lower", False): "summary.underfitting-lower",
}


def summary_text(report: Report) -> tuple[Sentence, ...]:
    """Say in a few lines what was found; the first is the main measure, the others put it in proportion."""
    parts = outline(report)
    split = judged_split(report)
    mains = _mains(parts, split)
    new = (*sample_quality_text(parts), *conversion_text(parts))
    if new and not (mains and mains[0].finding.name in OPENING):
        return (*new, *(_lead(main, parts.words) for main in mains), *_gap(parts))
    if not mains:
        absent = next((one.finding.why for one in parts.absent), None)
        text = say("summary.not-measured") if absent is None else say("summary.not-measured-why", why=absent)
        return (Sentence(text),)
    told = [*(_lead(main, parts.words) for main in mains), *new]
    for main in mains:
        told += _against_baseline(main.finding, parts)
    told += (*baseline_text(report), *single_column_text(report), *fusion_text(report))
    if [main.finding.name for main in mains] == ["mae"]:
        told += _variance(parts, split)
    told += _weakest(parts, split)
    told += _gap(parts)
    return tuple(told)


def things(report: Report) -> str:
    """Return what one example is: ``image``, ``clip`` or ``window`` where that is all there is to it, else ``row``."""
    if len(_mapping(_mapping(report.experiment.get("network")).get("encoders"))) > 1:
        return "row"
    inputs = _mapping(_mapping(report.experiment.get("data")).get("inputs"))
    kinds = {_mapping(spec).get("type") for spec in inputs.values()}
    if any(e.name == "forecasts" for e in report.exhibits):
        return "window"
    shown = {e.kind for e in report.exhibits if e.name == "examples"}
    if "clips" in shown or kinds == {"audio"}:
        return "clip"
    return "image" if "pictures" in shown or kinds == {"image"} else "row"


def judged(report: Report) -> str:
    """Say how many requirements passed, failed and are undecided; empty where there are none."""
    outcomes = [v.verdict for v in report.requirements]
    if not outcomes:
        return ""
    counted = [say(name, n=outcomes.count(one)) for one, name in OUTCOMES.items() if one in outcomes]
    together = sum(v.level is not None for v in report.requirements)
    jointly = say("summary.requirements-jointly", n=together) if together > 1 else ""
    return ", ".join(counted) + jointly


def declared(report: Report) -> str:
    """Say when the requirements were recorded, and that it was before the test rows were read; empty where that is not
    known.
    """
    required, read = report.run.required, report.run.test_read
    if not report.run.required_first or required is None or read is None:
        return ""
    return say("summary.requirements-first", written=wording.moment(required), read=wording.moment(read))


def accesses_text(report: Report) -> str:
    """Say how often the test set of this data was accessed."""
    seen = report.run.test_accesses
    if seen is None and not any(f.split == "test" for f in report.findings):
        return say("summary.no-test")
    if seen is None:
        return say("summary.accessed-unknown")
    if seen == 0:
        return say("summary.accessed-not")
    return say("summary.accessed-once") if seen == 1 else say("summary.accessed-several", times=f"{seen:,}")


def _mains(parts: Outline, split: str | None) -> Sequence[Noted]:
    """The measure the report opens with, of several tasks one of each."""
    tasks: dict[str, dict[str, Noted]] = {}
    for name, found in parts.measures.items():
        for one in found:
            if one.finding.split == split and one.finding.value is not None:
                measure, task = wording.parted(name)
                tasks.setdefault(task, {})[measure] = one
    if len(tasks) > 1:
        tasks.pop("", None)  # what all tasks have together is no measure of any
    return [next(here[n] for n in (*OPENING, *here) if n in here) for here in tasks.values()]


def of_split(split: str | None, title: str) -> str:
    """Return the name of a measure on a split: ``Test accuracy``."""
    if split is None:
        return wording.capitalised(title)
    if split in SPLITS:
        return say(SPLITS[split], title=title)
    return say("summary.of-other", split=split, title=title)


def _measure(one: Noted, words: wording.Wording, end: str = "") -> Sentence:
    """Return a measure with its value: ``Test accuracy: 83.3 % (95 % CI 78.7–87.1 %, n = 300)``."""
    finding = one.finding
    title = of_split(finding.split, words.metric(finding.name).name_in_text)
    text = say("summary.measure", title=title, value=words.amount(finding))
    return Sentence(text, (one,), details(words, finding), end)


def _lead(main: Noted, words: wording.Wording) -> Sentence:
    warning = {"validation": "summary.validation-only", "train": "summary.train-only"}.get(main.finding.split or "")
    return _measure(main, words, say(warning) if warning else "")


def _against_baseline(finding: Finding, parts: Outline) -> Iterable[Sentence]:
    for one in parts.baselines.get(finding.name, ()):
        base = one.finding
        if base.group is None or base.value is None or base.split != finding.split:
            continue
        if base.again is not None and base.again.producer == "baselines":
            continue  # of simpler models there is more to say than that
        task = wording.parted(finding.name)[1]
        name = _constant(base)
        name = say("summary.baseline-of-task", name=name, task=apart(task)) if task else name
        text = say("summary.baseline", name=name, value=parts.words.amount(base))
        yield Sentence(text, (one,), "", _compared(finding, base))


def _constant(base: Finding) -> str:
    name = (base.group or "").partition("=")[2]
    known = CONSTANT.get(name)
    if known:
        return say(known)
    if all(CONSTANT.get(one) for one in name.split(", ")):
        return say("summary.baseline-constant")  # of several tasks, one each
    return say("summary.baseline-other", name=f"‘{apart(name)}’")


def _compared(finding: Finding, base: Finding) -> str:
    """Say it where the network's interval does not lie wholly on the better side of the baseline."""
    if finding.interval is None or base.value is None or finding.better is None:
        return ""
    low, high = finding.interval if finding.better == "higher" else (-finding.interval[1], -finding.interval[0])
    value = base.value if finding.better == "higher" else -base.value
    if high < value:
        return say("summary.baseline-better")
    return "" if low > value else say("summary.baseline-within")


def _variance(parts: Outline, split: str | None) -> Iterable[Sentence]:
    for one in parts.measures.get("r2", ()):
        if one.finding.split == split and one.finding.value is not None:
            yield _measure(one, parts.words)


def _weakest(parts: Outline, split: str | None) -> Iterable[Sentence]:
    """The class that is found least often, where one is missed at all."""
    for group in parts.groups:
        if group.key != "class" or group.split != split:
            continue
        recalls = [(r["recall"].finding.value, label, r["recall"]) for label, r in group.rows.items() if "recall" in r]
        known = [(value, label, one) for value, label, one in recalls if value is not None]
        if len(known) < 2 or min(value for value, _, _ in known) >= 1:
            continue
        _, label, one = min(known, key=lambda k: k[0])
        text = say("summary.lowest-recall", label=apart(label), value=parts.words.amount(one.finding))
        yield Sentence(text, (one,), details(parts.words, one.finding))


def _gap(parts: Outline) -> Iterable[Sentence]:
    """Whether the network overfits: how far apart the measure is on training and on test data."""
    words = parts.words
    for one in parts.measures.get("generalisation_gap", ()):
        f = one.finding
        if f.value is None:
            continue
        metric = words.metric(words.gap_measure(f))
        title, value = metric.name_in_text, words.amount(upwards(f))
        if f.interval and f.interval[0] <= 0 <= f.interval[1]:
            text = say("summary.gap", title=title, value=words.amount(f))
            aside = details(words, f, with_n=False)
            yield Sentence(text, (one,), aside, say("summary.could-be-zero"))
            continue
        way = ("lower" if metric.better == "lower" else "higher", f.value > 0)
        yield Sentence(say(GAPS[way], title=title, value=value), (one,))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
