"""The answer in words: what the network does, against what, and what the requirements came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from leadline.facts.finding import Finding
from leadline.facts.report import Report
from leadline.rendering import words
from leadline.rendering.outline import Noted, Outline, judged_split, outline


class Sentence(NamedTuple):
    """A sentence and the findings its numbers are from; `aside` stands in brackets after `text`, `end` after both."""

    text: str
    sources: tuple[Noted, ...] = ()
    aside: str = ""
    end: str = "."

    def __str__(self) -> str:
        return self.text + (f" ({self.aside})" if self.aside else "") + self.end


def answer(report: Report) -> tuple[Sentence, ...]:
    """Say in a few sentences what was found; the first is the answer, the others put it in proportion."""
    parts = outline(report)
    split = judged_split(report)
    main = _main(parts, split)
    if main is None:
        why = f": {parts.absent[0].finding.why}" if parts.absent else ""
        return (Sentence(f"How good the network is was not measured{why}"),)
    told = [_lead(main, report)]
    told += _against_baseline(main.finding, parts, report)
    if main.finding.name == "mae":
        told += _variance(parts, split)
    told += _weakest(parts, split, things(report))
    told += _gap(parts)
    return tuple(told)


def things(report: Report) -> str:
    """Return what one example is called: ``image`` where that is all there is to it, else ``row``."""
    if len(_mapping(_mapping(report.experiment.get("network")).get("bodies"))) > 1:
        return "row"
    inputs = _mapping(_mapping(report.experiment.get("data")).get("inputs"))
    kinds = {_mapping(spec).get("kind") for spec in inputs.values()}
    pictured = any(e.name == "examples" and e.kind == "pictures" for e in report.exhibits)
    return "image" if pictured or kinds == {"image"} else "row"


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


def looks(report: Report) -> str:
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


def _main(parts: Outline, split: str | None) -> Noted | None:
    """The measure the report opens with."""
    here = {
        n: one
        for n, found in parts.measures.items()
        for one in found
        if one.finding.split == split and one.finding.value is not None
    }
    return next((here[n] for n in ("accuracy", "mae", *here) if n in here), None)


def _lead(main: Noted, report: Report) -> Sentence:
    finding = main.finding
    held_out = {"test": "held-out ", "validation": "validation ", "train": "training "}.get(finding.split or "", "")
    rows = words.count(finding.n, held_out + things(report)) if finding.n is not None else f"{held_out}{things(report)}s"
    target = _mapping(report.experiment.get("data")).get("target")
    of_target = f" of {target}" if target else ""
    first = ""
    if finding.name == "accuracy":
        text = f"Of {rows} the network names {words.amount(finding)} right"
    elif finding.name == "mae":
        text, first = f"On {rows} the prediction{of_target} is off by {words.amount(finding)} on average", "mean absolute error"
    else:
        text = f"On {rows} the {_lower(words.term(finding.name).title)} is {words.amount(finding)}"
    warning = {
        "validation": ". No rows were held out for a test, and training may have been stopped by these: the number flatters.",
        "train": ". No rows were held out, so this says nothing about new ones.",
    }
    return Sentence(text, (main,), _aside(finding, first), warning.get(finding.split or "", "."))


def _against_baseline(finding: Finding, parts: Outline, report: Report) -> Iterable[Sentence]:
    for one in parts.baselines.get(finding.name, ()):
        base = one.finding
        if base.group is None or base.value is None or base.split != finding.split:
            continue
        always = _constant(base)
        if finding.name == "accuracy":
            text = f"{always} would get {words.amount(base)} right{_compared(finding, base)}"
        elif finding.name == "mae":
            text = f"{always} would be off by {words.amount(base)}{_compared(finding, base)}"
        else:
            text = f"{always} would reach {words.amount(base)}{_compared(finding, base)}"
        yield Sentence(text, (one,))


def _constant(base: Finding) -> str:
    given = base.again.options.get("answer") if base.again else None
    if given is not None:
        return f"Always answering ‘{given}’"
    name = (base.group or "").partition("=")[2]
    known = {"majority": "Always giving the most common answer", "mean": "Always answering with the mean of the training rows"}
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
            text = f"R², which is 1 for perfect predictions and 0 for always giving the mean, is {words.amount(f)}"
            yield Sentence(text, (one,), _aside(f))


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
        of = f"of {words.count(f.n, thing)} it finds" if f.n is not None else "it finds"
        yield Sentence(f"It is weakest at ‘{label}’: {of} {words.amount(f)}", (one,), _aside(f))


def _gap(parts: Outline) -> Iterable[Sentence]:
    for one in parts.measures.get("generalisation_gap", ()):
        f = one.finding
        if f.value is None:
            continue
        if f.interval and f.interval[0] <= 0 <= f.interval[1]:
            text = f"Whether it does better on the rows it was trained on cannot be told: the gap is {words.amount(f)}"
        else:
            text = f"On the rows it was trained on it does {'better' if f.value > 0 else 'worse'}: the gap is {words.amount(f)}"
        yield Sentence(text, (one,), _aside(f))


def _aside(finding: Finding, first: str = "") -> str:
    method = (finding.method or "").rpartition("; ")[2] if finding.interval else ""
    inside = [
        first,
        f"{words.level(finding)} interval {words.span(finding)}" if finding.interval else "",
        method,
        finding.provenance if finding.provenance != "measured" else "",
    ]
    return ", ".join(part for part in inside if part)


def _lower(title: str) -> str:
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
