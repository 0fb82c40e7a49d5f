"""What the summary says of generated samples: how far they are from real data, and what a classifier finds in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leadline.core.catalogue import say
from leadline.core.wording import Wording
from leadline.rendering.outline import Noted, Outline
from leadline.rendering.sentence import Sentence, details


def sample_quality_text(parts: Outline) -> tuple[Sentence, ...]:
    """Return sentences about generated samples, the first on their distance to real data; none where the network
    generates none.
    """
    own, floor = _own(parts.made), _floor(parts.made)
    return (
        *_distance(own, floor, parts.words),
        *_told_apart(own, parts.words),
        *_classes(own, parts),
        *_copies(own, parts.words),
    )


def conversion_text(parts: Outline) -> tuple[Sentence, ...]:
    """Return a sentence about translated images: how often a classifier takes them for what they were to become."""
    for one in parts.measures.get("conditional_accuracy", ()):
        if one.finding.value is not None:
            text = say("summary.translated", value=parts.words.amount(one.finding))
            return (Sentence(text, (one,), details(parts.words, one.finding)),)
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


def _distance(own: Mapping[str, Noted], floor: Mapping[str, Noted], words: Wording) -> Iterable[Sentence]:
    one, real = own.get("frechet_distance"), floor.get("frechet_distance")
    if one is None:
        return
    split = one.finding.split or "test"
    text = say("summary.frechet", split=split, value=words.amount(one.finding))
    yield Sentence(text, (one,), details(words, one.finding))
    if real is not None:
        text = say("summary.frechet-reference", split=split, value=words.amount(real.finding))
        yield Sentence(text, (real,), details(words, real.finding, with_n=False))


def _told_apart(own: Mapping[str, Noted], words: Wording) -> Iterable[Sentence]:
    one = own.get("discriminator_accuracy")
    if one is not None:
        text = say("summary.discriminator", value=words.amount(one.finding))
        yield Sentence(text, (one,), details(words, one.finding), say("summary.discriminator-chance"))


def _classes(own: Mapping[str, Noted], parts: Outline) -> Iterable[Sentence]:
    words = parts.words
    covered, reference, asked = (
        own.get(name) for name in ("classes_covered", "reference_classifier_accuracy", "conditional_accuracy")
    )
    if covered is None:
        return
    total = sum("class_share" in row for group in parts.groups if group.key == "class" for row in group.rows.values())
    text = say("summary.class-coverage", found=int(covered.finding.value or 0), total=total)
    how = (
        say("summary.class-coverage-how")
        if reference is None
        else say("summary.class-coverage-classifier", accuracy=words.amount(reference.finding))
    )
    yield Sentence(text, (covered,) if reference is None else (covered, reference), how)
    if asked is not None:
        text = say("summary.requested-class", value=words.amount(asked.finding))
        yield Sentence(text, (asked,), details(words, asked.finding))


def _copies(own: Mapping[str, Noted], words: Wording) -> Iterable[Sentence]:
    one = own.get("memorisation")
    if one is None or one.finding.interval is None or one.finding.interval[0] <= 0.5:
        return
    value = f"{100 * (one.finding.value or 0):.0f}"
    yield Sentence(
        say("summary.memorisation", value=value), (one,), details(words, one.finding), say("summary.memorisation-why")
    )
