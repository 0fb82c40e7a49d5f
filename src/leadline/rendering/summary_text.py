"""The answer in words: what the network does, against what, and what the requirements came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leadline.core import wording
from leadline.core.finding import Finding
from leadline.core.report import Report
from leadline.core.safe_text import apart
from leadline.rendering.baseline_text import baseline_text
from leadline.rendering.fusion_text import fusion_text
from leadline.rendering.generation_text import conversion_text, sample_quality_text
from leadline.rendering.outline import Noted, Outline, judged_split, outline
from leadline.rendering.sentence import Sentence, aside

# measures that a report opens with, the first that there is
OPENING = ("accuracy", "mse_scaled", "mae", "agreement", "subset_accuracy", "entity_f1", "token_accuracy", "perplexity")


# What some measures count, where it is not rows: one of them, and many.
COUNTED = {
    "token_accuracy": ("token", "tokens"),
    "perplexity": ("token", "tokens"),
    "entity_f1": ("entity", "entities"),
}


def summary_text(report: Report) -> tuple[Sentence, ...]:
    """Say in a few sentences what was found; the first is the answer, the others put it in proportion."""
    parts = outline(report)
    split = judged_split(report)
    mains = _mains(parts, split)
    new = (*sample_quality_text(parts, things(report)), *conversion_text(parts))
    if new and not (mains and mains[0].finding.name in OPENING):
        return (*new, *(_lead(main, report) for main in mains), *_gap(parts))
    if not mains:
        why = f": {parts.absent[0].finding.why}" if parts.absent else ""
        return (Sentence(f"How good the network is was not measured{why}"),)
    told = [*(_lead(main, report) for main in mains), *new]
    as_well, about = baseline_text(report)
    constant = tuple(sentence for main in mains for sentence in _against_baseline(main.finding, parts, report))
    told += (*about, *constant) if as_well else (*constant, *about)
    told += fusion_text(report)
    if [main.finding.name for main in mains] == ["mae"]:
        told += _variance(parts, split)
    told += _weakest(parts, split, things(report))
    told += _gap(parts)
    return tuple(told)


def things(report: Report) -> str:
    """Return what one example is called: ``image``, ``clip`` or ``window`` where that is all there is to it, else
    ``row``.
    """
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
    """Say how many requirements there were and what became of them; empty where there were none."""
    total = len(report.requirements)
    if not total:
        return ""
    outcomes = [v.verdict for v in report.requirements]
    words_of = {"pass": ("passes", "pass"), "fail": ("fails", "fail"), "undecided": ("is undecided", "are undecided")}
    if len(set(outcomes)) == 1:
        one, many = words_of[outcomes[0]]
        text = f"The one requirement {one}" if total == 1 else f"All {total} requirements {many}"
    else:
        told = []
        for outcome in ("pass", "fail", "undecided"):
            found = outcomes.count(outcome)
            if found:
                told.append(f"{found} {words_of[outcome][found > 1]}")
        text = f"Of {total} requirements, " + (", ".join(told[:-1]) + " and " + told[-1])
    together = sum(v.level is not None for v in report.requirements)
    return text + (f"; {together} were judged together (Holm), so that all hold at once." if together > 1 else ".")


def accesses_text(report: Report) -> str:
    """Say how often the test rows of this data have been looked at."""
    seen = report.run.test_looks
    if seen is None and not any(f.split == "test" for f in report.findings):
        return "No test rows were held out."
    if seen is None:
        return "How often the test rows of this data have been looked at is not recorded."
    if seen == 0:
        return "The test rows have not been looked at."
    if seen == 1:
        return "This run was the first on this machine to look at the test rows of this data."
    return (
        f"This was look number {seen:,} at the test rows of this data on this machine. "
        "Choosing among runs by their test numbers makes those numbers too favourable."
    )


def named(target: Any) -> str:
    """Return the name of the target's column, or the names of its columns."""
    return ", ".join(map(str, target)) if isinstance(target, list | tuple) else str(target)


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


def _lead(main: Noted, report: Report) -> Sentence:
    finding, words = main.finding, report.wording
    measure, task = wording.parted(finding.name)
    held_out = {"test": "held-out ", "validation": "validation ", "train": "training "}.get(finding.split or "", "")
    one, many = COUNTED.get(measure, (things(report), f"{things(report)}s"))
    rows = (
        f"{finding.n:,} {held_out}{one if finding.n == 1 else many}" if finding.n is not None else f"{held_out}{many}"
    )
    target = _mapping(report.experiment.get("data")).get("target")
    of_target = f" of {named(target)}" if target and not task else ""
    first = ""
    if measure == "accuracy":
        text = f"Of {rows} the network names {words.amount(finding)} right"
    elif measure == "mae":
        text, first = (
            f"On {rows} the prediction{of_target} is off by {words.amount(finding)} on average",
            "mean absolute error",
        )
    elif measure == "subset_accuracy":
        text = f"Of {rows} the network gives {words.amount(finding)} exactly the labels they have"
    elif measure == "agreement":
        text = f"Of {rows} the network finds {words.amount(finding)} most probably what they most probably are"
    elif measure == "token_accuracy":
        text = f"Of {rows} the network tags {words.amount(finding)} right"
    else:
        text = f"On {rows} the {_lower(words.metric(measure).title)} is {words.amount(finding)}"
    text = _about(task, text)
    warning = {
        "validation": (
            ". No rows were held out for a test, and training may have been stopped by these: the number flatters."
        ),
        "train": ". No rows were held out, so this says nothing about new ones.",
    }
    return Sentence(text, (main,), aside(words, finding, first), warning.get(finding.split or "", "."))


def _against_baseline(finding: Finding, parts: Outline, report: Report) -> Iterable[Sentence]:
    for one in parts.baselines.get(finding.name, ()):
        base = one.finding
        if base.group is None or base.value is None or base.split != finding.split:
            continue
        if base.again is not None and base.again.producer == "baselines":
            continue  # of simpler models there is more to say than that
        words, always = parts.words, _constant(base)
        measure, task = wording.parted(finding.name)
        if measure in ("accuracy", "subset_accuracy", "agreement", "token_accuracy"):
            text = f"{always} would get {words.amount(base)} right{_compared(finding, base)}"
        elif measure == "mae":
            text = f"{always} would be off by {words.amount(base)}{_compared(finding, base)}"
        else:
            text = f"{always} would reach {words.amount(base)}{_compared(finding, base)}"
        yield Sentence(_about(task, text), (one,))


def _constant(base: Finding) -> str:
    given = base.again.options.get("answer") if base.again else None
    if given is not None:
        return f"Always answering ‘{apart(str(given))}’"
    name = (base.group or "").partition("=")[2]
    known = {
        "majority": "Always giving the most common answer",
        "mean": "Always answering with the mean of the training rows",
        "unchanged": "Leaving pictures as they are",
        "unigram": "Knowing only how frequent each token is",
    }
    return known.get(name, f"The baseline ‘{name}’")


def _compared(finding: Finding, base: Finding) -> str:
    """Say it where the network's interval does not lie wholly on the better side of the baseline."""
    if finding.interval is None or base.value is None or finding.better is None:
        return ""
    low, high = finding.interval if finding.better == "higher" else (-finding.interval[1], -finding.interval[0])
    value = base.value if finding.better == "higher" else -base.value
    if high < value:
        return ": better than the network"
    return "" if low > value else ": these rows cannot tell the network from that"


def _variance(parts: Outline, split: str | None) -> Iterable[Sentence]:
    for one in parts.measures.get("r2", ()):
        f = one.finding
        if f.split == split and f.value is not None:
            value = parts.words.amount(f)
            text = f"R², which is 1 for perfect predictions and 0 for always giving the mean, is {value}"
            yield Sentence(text, (one,), aside(parts.words, f))


def _weakest(parts: Outline, split: str | None, thing: str) -> Iterable[Sentence]:
    """The class that is found least often, where one is missed at all."""
    for group in parts.groups:
        if group.key != "class" or group.split != split:
            continue
        recalls = [(r["recall"].finding.value, label, r["recall"]) for label, r in group.rows.items() if "recall" in r]
        known = [(value, label, one) for value, label, one in recalls if value is not None]
        if len(known) < 2 or min(value for value, _, _ in known) >= 1:
            continue
        _, label, one = min(known, key=lambda k: k[0])
        f = one.finding
        of = f"of {wording.count(f.n, thing)} it finds" if f.n is not None else "it finds"
        yield Sentence(
            f"It is weakest at ‘{apart(label)}’: {of} {parts.words.amount(f)}", (one,), aside(parts.words, f)
        )


def _gap(parts: Outline) -> Iterable[Sentence]:
    for one in parts.measures.get("generalisation_gap", ()):
        f = one.finding
        if f.value is None:
            continue
        if f.interval and f.interval[0] <= 0 <= f.interval[1]:
            text = (
                "Whether it does better on the rows it was trained on cannot be told: the gap is"
                f" {parts.words.amount(f)}"
            )
        else:
            text = (
                f"On the rows it was trained on it does {'better' if f.value > 0 else 'worse'}: the gap is"
                f" {parts.words.amount(f)}"
            )
        task = wording.parted((f.method or "").partition(" on ")[0])[1]
        yield Sentence(_about(task, text), (one,), aside(parts.words, f))


def _about(task: str, text: str) -> str:
    """Say which of several tasks a sentence is about."""
    return f"{apart(task)}: {text[:1].lower()}{text[1:]}" if task else text


def _lower(title: str) -> str:
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
