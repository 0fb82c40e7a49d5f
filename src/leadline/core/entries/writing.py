"""How a value is written, for an entry to have it: in Python's way, in YAML's, or behind a flag."""

from __future__ import annotations

from typing import Any

from yaml import YAMLError

from leadline.core import yaml_io
from leadline.core.entries.surface import PYTHON, assigned, language
from leadline.core.entries.train_options import AT, OPTIONS

LONG = 50  # letters of a value beyond which it is not repeated


def shown(value: Any) -> str:
    """Return a value as it is written: in Python's way, or in YAML's."""
    if language() in PYTHON or isinstance(value, str):
        return repr(value)
    try:
        return yaml_io.inline(value).removesuffix("...").strip()
    except YAMLError:  # an object that no text stands for
        return repr(value)


def written(entry: str, value: Any = ...) -> str:
    """Return what to write for an entry to have a value, ``…`` where it is left open."""
    option = OPTIONS.get(AT.get(entry, ""))
    if (
        option is not None
        and option.form == "names"
        and isinstance(value, list | tuple)
        and language() == "command line"
    ):
        value = ",".join(map(str, value))
    plain = isinstance(value, str) and language() not in PYTHON
    text = "…" if value is ... else value if plain else shown(value)
    return assigned(entry, text if len(text) <= LONG else "…")
