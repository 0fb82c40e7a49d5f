"""In whose words an entry of the experiment is named: the command line's, Python's, or the file's that it stands in.

`leadline.cli.main` says that the command line speaks; a verb opens a `call`, in which it is noted where entries were
written. Whoever raises an error below asks `named` (what is wrong) and `written` (what to write instead).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from leadline.core.entries.train_options import AT, OPTIONS, VERBS, declared, flag, verbs_with

Language = Literal["python", "estimator", "command line", "file"]
# keywords of estimators that scikit-learn has names for
_SKLEARN = {
    "data.split.validation": "validation",
    "seed": "random_state",
    "data.missing_values": "missing_values",
    "data.nulls": "nulls",
}
PYTHON = ("python", "estimator")
_MENTION = re.compile(r"⟦(?P<entry>[^=⟧]+)(?:=(?P<value>[^⟧]*))?⟧")
_CONSTANTS = {"true": "True", "false": "False", "null": "None"}
_BARE = re.compile(r"[-+.\d][\d.e-]*|\[.*\]|\{.*\}|N|…")  # what Python writes as it is
_language: ContextVar[Language] = ContextVar("language", default="python")
# the verb whose options are asked for; None where any may be
_verb: ContextVar[str | None] = ContextVar("verb", default=None)
# where entries of the experiment in hand were written in a file, by dotted place
_marks: ContextVar[dict[str, str | None] | None] = ContextVar("marks", default=None)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak so until the end of the block."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


@contextmanager
def asking(verb: str | None) -> Iterator[None]:
    """Offer the options of this verb alone until the end of the block."""
    token = _verb.set(verb)
    try:
        yield
    finally:
        _verb.reset(token)


@contextmanager
def call() -> Iterator[None]:
    """Forget at the end of the block what was noted in it of where entries were written."""
    token = _marks.set({})
    try:
        yield
    finally:
        _marks.reset(token)


def language() -> Language:
    """Return whose words are spoken."""
    return _language.get()


def note_marks(marks: Mapping[str, str]) -> None:
    """Remember where entries stand in a file: ``experiment.yaml, line 7, column 3`` by dotted place."""
    known = _marks.get()
    if known is not None:
        known.update(marks)


def note_override(entry: str) -> None:
    """Remember that an entry, with what is below it, was given by an option or a setting, whatever a file says."""
    known = _marks.get()
    if known:
        for place in [one for one in known if one.startswith(f"{entry}.")]:
            del known[place]
        known[entry] = None


def verb_named(verb: str) -> str:
    """Return what a verb is called where is spoken now."""
    return f"leadline.{verb}" if _language.get() in PYTHON else f"'leadline {verb}'"


def elsewhere(entry: str) -> str | None:
    """Return the verb that has an option for an entry, where what is asked for has none; None where nothing is to be
    said of that.
    """
    option = _known(entry)
    if option is None or _option(entry) is not None or (_language.get() == "file" and OPTIONS[option].entry):
        return None
    verbs = verbs_with(option)
    one_verb = _verb.get() is not None and _verb.get() not in verbs
    return verbs[0] if one_verb or OPTIONS[option].entry is None else None


def mark(entry: str) -> str | None:
    """Return where an entry, or what holds it, stands in a file; None where it was not read from one."""
    known = _marks.get() or {}
    while entry and entry not in known:
        entry = entry.rpartition(".")[0]
    return known.get(entry)


@contextmanager
def as_written(entry: str) -> Iterator[None]:
    """Speak as a file does until the end of the block, where an entry stands in one."""
    with speaking("file" if mark(entry) is not None else _language.get()):
        yield


def named(entry: str) -> str:
    """Return what an entry is called where it was written, to say what is wrong with it."""
    at = mark(entry)
    if at is not None:
        return f"{at}: {entry}"
    option = _option(entry)
    if _language.get() == "command line":
        return flag(option) if option else f"--set {entry}"
    return option or entry


def mentioned(entry: str) -> str:
    """Return what an entry is called where is spoken now, to point to it within a sentence."""
    option = _option(entry)
    if _language.get() in PYTHON:
        return entry if option is None else f"{option}={'True' if _is_switch(option) else ''}"
    return named(entry) if mark(entry) is None else entry


def assigned(entry: str, text: str) -> str:
    """Return what to write for an entry to have a value, whose text is that of the language that is spoken."""
    option, spoken = _option(entry), _language.get()
    if spoken in PYTHON:
        return f"{option}={text}" if option else f"settings={{{entry!r}: {text}}}"
    if spoken == "file":
        return f"{entry}: {text}"
    if option and _is_switch(option):
        return flag(option)
    if option:
        return f'{flag(option)} "{text}"' if " " in text else f"{flag(option)} {text}"
    return f'--set "{entry}={text}"' if " " in f"{entry}{text}" else f"--set {entry}={text}"


def rendered(text: str) -> str:
    """Return a text in which entries are written as they are where is spoken now.

    ``⟦data.target⟧`` is an entry, ``⟦data.split=time:day⟧`` one with a value, which is a word, a number, a list, true,
    false or null.
    """
    return _MENTION.sub(_replaced, text)


def _replaced(found: re.Match[str]) -> str:
    entry, value = found["entry"], found["value"]
    if value is None:
        return mentioned(entry) if found.start() else named(entry)
    if mark(entry) is not None:
        return f"{entry}: {value}"
    if _language.get() in PYTHON:
        value = _CONSTANTS.get(value, value if _BARE.fullmatch(value) else repr(value))
    return assigned(entry, value)


def _option(entry: str) -> str | None:
    """Return the option that stands for an entry where is spoken now; None where there is none."""
    spoken = _language.get()
    if spoken == "file":
        return None
    option = _known(entry)
    if spoken == "estimator":
        return option if option and OPTIONS[option].estimators else _SKLEARN.get(entry)
    if option and _verb.get() in VERBS and option not in declared(VERBS[str(_verb.get())]):
        return None
    return None if option and spoken == "command line" and OPTIONS[option].only == "python" else option


def _is_switch(option: str) -> bool:
    """Say whether an option is on or off; keywords that estimators alone have are not."""
    return option in OPTIONS and OPTIONS[option].form == "switch"


def _known(entry: str) -> str | None:
    """Return the option that stands for an entry, or is called so and stands for none."""
    return AT.get(entry) or (entry if entry in OPTIONS and OPTIONS[entry].entry is None else None)
