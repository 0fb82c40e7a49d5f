"""What the answer says of rows that the network makes: how near they are to real ones, and what a judge finds among
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leadline.core.wording import Wording
from leadline.rendering.outline import Noted, Outline
from leadline.rendering.sentence import Sentence, aside


def sample_quality_text(parts: Outline, thing: str) -> tuple[Sentence, ...]:
    """Return sentences about new rows, the first on how far they are from real ones; none where the network makes no
    rows.
    """
    own, floor = _own(parts.made), _floor(parts.made)
    return (
        *_distance(own, floor, thing, parts.words),
        *_told_apart(own, parts.words),
        *_classes(own, parts, thing),
        *_copies(own, thing, parts.words),
    )


def conversion_text(parts: Outline) -> tuple[Sentence, ...]:
    """Return a sentence about pictures made of others without pairs: how often a judge takes them for what they were to
    become.
    """
    for one in parts.measures.get("asked_class", ()):
        if one.finding.value is not None:
            text = (
                "Of pictures that were to become ones of another class a judge takes"
                f" {parts.words.amount(one.finding)} for that class"
            )
            return (Sentence(text, (one,), aside(parts.words, one.finding)),)
    return ()


def _own(found: Mapping[str, tuple[Noted, ...]]) -> Mapping[str, Noted]:
    known = {
        name: [one for one in ones if one.finding.group is None and one.finding.value is not None]
        for name, ones in found.items()
    }
    return {name: ones[0] for name, ones in known.items() if ones}


def _floor(found: Mapping[str, tuple[Noted, ...]]) -> Mapping[str, Noted]:
    known = {
        name: [one for one in ones if (one.finding.group or "").startswith("floor=")] for name, ones in found.items()
    }
    return {name: ones[0] for name, ones in known.items() if ones and ones[0].finding.value is not None}


def _distance(own: Mapping[str, Noted], floor: Mapping[str, Noted], thing: str, words: Wording) -> Iterable[Sentence]:
    one, real = own.get("frechet_distance"), floor.get("frechet_distance")
    if one is None:
        return
    held = f"{one.finding.n:,} held-out {thing}s" if one.finding.n else f"held-out {thing}s"
    text = f"By the Fréchet distance new {thing}s are {words.amount(one.finding)} from {held}"
    yield Sentence(text, (one,), aside(words, one.finding))
    if real is not None:
        yield Sentence(
            f"Two halves of these are {words.amount(real.finding)} from each other", (real,), aside(words, real.finding)
        )


def _told_apart(own: Mapping[str, Noted], words: Wording) -> Iterable[Sentence]:
    one = own.get("sample_told_apart")
    if one is not None:
        text = (
            f"Trees tell new rows from real ones in {words.amount(one.finding)} of cases, where guessing is right in"
            " half of them"
        )
        yield Sentence(text, (one,), aside(words, one.finding))


def _classes(own: Mapping[str, Noted], parts: Outline, thing: str) -> Iterable[Sentence]:
    words = parts.words
    covered, judge, asked = (own.get(name) for name in ("classes_covered", "judge_accuracy", "asked_class"))
    if covered is None:
        return
    who = "A judge" if judge is None else f"A judge that names {words.amount(judge.finding)} of real {thing}s right"
    total = sum("class_share" in row for group in parts.groups if group.key == "class" for row in group.rows.values())
    found = int(covered.finding.value or 0)
    what = f"all {total} classes" if found == total else f"{found} of {total} classes"
    text = f"{who} finds {what} among new ones, each at least half as often as if all were equally frequent"
    yield Sentence(text, (covered,) if judge is None else (covered, judge))
    if asked is not None:
        yield Sentence(
            f"Of {thing}s asked for by class it takes {words.amount(asked.finding)} for that class",
            (asked,),
            aside(words, asked.finding),
        )


def _copies(own: Mapping[str, Noted], thing: str, words: Wording) -> Iterable[Sentence]:
    one = own.get("memorisation")
    if one is None or one.finding.interval is None or one.finding.interval[0] <= 0.5:
        return
    text = (
        f"New {thing}s lie closer to train {thing}s than test {thing}s do, in {100 * (one.finding.value or 0):.0f} of"
        " 100 pairs: that is so of copies, and of what is smoother than real ones; the nearest are shown"
    )
    yield Sentence(text, (one,), aside(words, one.finding))
