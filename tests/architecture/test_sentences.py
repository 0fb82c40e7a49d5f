"""The house of sentences: how the texts of the catalogue begin and end, how long they are, and how they are set."""

from __future__ import annotations

import re
import string

import pytest

from leadline.core import catalogue

MOST = 330  # characters of a text, its values left out
LONGEST = 45  # words of one sentence
# what stands for a word of the field in code too
SHORT = {"n", "id", "l2", "lr", "ms", "by", "no"}
NAMED = re.compile(r"[a-z_]+[.=]|[a-z_ ]+(\{[a-z_]+\})?:|t-SNE|layers |target ")  # a text that begins with a name


def said() -> dict[str, str]:
    """Return all English sentences by their full names."""
    return {
        f"{file.stem}.{key}": text
        for file in sorted((catalogue.FOLDER / catalogue.ENGLISH).glob("*.toml"))
        for key, text in catalogue.sentences(catalogue.ENGLISH, file.stem).items()
    }


def parts(text: str) -> tuple[str, list[str]]:
    """Return the words of a text without its values, and the names of these."""
    parsed = list(string.Formatter().parse(text))
    return "".join(literal for literal, *_ in parsed), [field for _, field, *_ in parsed if field]


def faults(text: str) -> list[str]:
    """Return what is wrong with a text."""
    words, values = parts(text)
    found = []
    if text[:1].islower() and text.endswith(".") and not NAMED.match(text):
        found.append("a fragment begins small and has no full stop; a sentence begins with a capital")
    if "  " in text or "\n" in text:
        found.append("a double blank")
    if re.search(r"\b(e\.g|i\.e|etc)\.", text):
        found.append("an abbreviation where words do")
    if re.search(r"!(?![a-z])", words):
        found.append("an exclamation mark")
    if re.search(r"\((e?s|ies)\)", text):
        found.append("a plural in brackets: {rows:row|rows}")
    if re.search(r"\} ?[-x] ?\{", text):
        found.append("– in ranges, × between sizes")
    if re.search(r"[\d}]%", words):
        found.append("a blank before %")
    if re.search(r"(?<!'table': )(?<!=)\.\.\.", text):
        found.append("… for what is left out")
    found += [f"{name} says nothing" for name in values if name not in SHORT and re.fullmatch(r".|.*_?\d", name)]
    if len(words) > MOST:
        found.append(f"{len(words)} characters")
    if any(len(one.split()) > LONGEST for one in re.split(r"(?<=[.:;?])\s", words)):
        found.append("a sentence of too many words")
    return found


def test_sentences_are_well_set() -> None:
    assert {name: found for name, text in said().items() if (found := faults(text))} == {}


@pytest.mark.parametrize(
    "text",
    [
        "there is no column.",
        "Two  blanks",
        "Write a number, e.g. 3.",
        "Done!",
        "{rows} row(s)",
        "{low}-{high}",
        "{height} x {width}",
        "Name a, b, ...",
        "{x} is no number",
        "{name_2} is no number",
        "word " * 50,
    ],
)
def test_what_is_wrong_is_seen(text: str) -> None:
    assert faults(text) != []
