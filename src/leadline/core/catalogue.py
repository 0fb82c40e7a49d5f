"""Every sentence that a user reads, by its name: the text lies in `core/sentences/<language>/`, so another language is
a folder of files.

A sentence is called by its file and its name in that, ``say("data.no-such-column", column="age")``. Braces hold values,
as in `str.format`; ``{rows:row|rows}`` is the first form where the value is 1, and the second otherwise. Entries of the
experiment stand in ``⟦data.target⟧``, and are written as flags, keywords or entries of a file, as the user wrote them.
"""

from __future__ import annotations

import os
import string
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from leadline.core.entries.surface import rendered
from leadline.core.safe_text import printable

FOLDER = Path(__file__).parent / "sentences"
ENGLISH = "en"
LANGUAGE = "LEADLINE_LANGUAGE"  # the environment variable that names another folder of sentences


class _Format(string.Formatter):
    """`str.format`, with a form of a word for one and for many, and a blank before ``%``."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" in format_spec:
            one, _, many = format_spec.partition("|")
            return one if value == 1 else many
        text = str(super().format_field(value, format_spec))
        return f"{text[:-1]} %" if format_spec.endswith("%") else text  # as everywhere else: 83.3 %

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if key not in kwargs:
            raise KeyError(f"the sentence wants a value for {key!r}, and there are {sorted(kwargs)}")
        return kwargs[str(key)]


_FORMAT = _Format()


def filled(text: str, values: Mapping[str, object]) -> str:
    """Return a text with values in the places of its braces; raises KeyError where one is missing."""
    return _FORMAT.vformat(text, (), values)


def say(name: str, /, **values: object) -> str:
    """Return the sentence of a name with values in it, in the language of ``LEADLINE_LANGUAGE``, else in English.

    What values bring along in control characters is written out. A sentence that a language lacks is said in English.
    Raises KeyError for a name that there is not, or where a value is missing: both are faults of the caller, and a test
    looks through all of them.
    """
    return printable(rendered(filled(template(name), values)))


def template(name: str) -> str:
    """Return the text of a sentence as it lies in its file, with braces for values; raises KeyError for an unknown
    name.
    """
    area, _, key = name.partition(".")
    language = os.environ.get(LANGUAGE) or ENGLISH
    own = sentences(language, area) if language != ENGLISH else {}
    return own[key] if key in own else sentences(ENGLISH, area)[key]


@cache
def sentences(language: str, area: str) -> Mapping[str, str]:
    """Return the sentences of one file; none where a language has no such file."""
    file = FOLDER / language / f"{area}.toml"
    if not file.is_file():
        return {}
    with file.open("rb") as stream:
        return tomllib.load(stream)


def translated(name: str, otherwise: str) -> str:
    """Return a sentence of the language in use, or what is declared in the code where the catalogue has none.

    Names of metrics, options and items of registries are declared beside what they name, so that a package of its own
    brings them along.
    """
    area, _, key = name.partition(".")
    language = os.environ.get(LANGUAGE) or ENGLISH
    return sentences(language, area).get(key, otherwise)
