"""In whose words an entry of the experiment is named: the command line's, Python's, or the file's that it stands in.

`leadline.cli.main` says that the command line speaks; a verb opens a `call`, in which it is noted where entries were
written. Whoever raises an error below asks `named` (what is wrong) and `written` (what to write instead).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

from yaml import YAMLError

from leadline.core import yaml_io
from leadline.core.entries.train_options import AT, OPTIONS, flag

Language = Literal["python", "estimator", "command line", "file"]
# keywords of estimators that scikit-learn has names for
_SKLEARN = {"data.split.validation": "validation", "seed": "random_state"}
_language: ContextVar[Language] = ContextVar("language", default="python")
# where entries of the experiment in hand were written in a file, by dotted place
_marks: ContextVar[dict[str, str | None] | None] = ContextVar("marks", default=None)
LONG = 50  # letters of a value beyond which it is not repeated


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak so until the end of the block."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


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
    option, spoken = _option(entry), _language.get()
    if spoken == "command line":
        return flag(option) if option else f"--set {entry}"
    return option or entry


def shown(value: Any) -> str:
    """Return a value as it is written: in Python's way, or in YAML's."""
    if _language.get() in ("python", "estimator") or isinstance(value, str):
        return repr(value)
    try:
        return yaml_io.inline(value).removesuffix("...").strip()
    except YAMLError:  # an object that no text stands for
        return repr(value)


def written(entry: str, value: Any = ...) -> str:
    """Return what to write for an entry to have a value, ``…`` where it is left open."""
    option, spoken = _option(entry), _language.get()
    python = spoken in ("python", "estimator")
    text = "…" if value is ... else shown(value) if python or not isinstance(value, str) else value
    text = "…" if len(text) > LONG else text
    if python:
        return f"{option}={text}" if option else f"settings={{{entry!r}: {text}}}"
    if spoken == "file":
        return f"{entry}: {text}"
    if option and OPTIONS[option].form == "switch":
        return flag(option)
    given = f"{flag(option)} {text}" if option else f"--set {entry}={text}"
    if " " not in text:
        return given
    return f'{flag(option)} "{text}"' if option else f'--set "{entry}={text}"'


def _option(entry: str) -> str | None:
    """Return the option that stands for an entry where is spoken now; None where there is none."""
    spoken = _language.get()
    if spoken == "file":
        return None
    option = AT.get(entry) or (entry if entry in OPTIONS and OPTIONS[entry].entry is None else None)
    if spoken == "estimator":
        return option if option and OPTIONS[option].estimators else _SKLEARN.get(entry)
    return None if option and spoken == "command line" and OPTIONS[option].only == "python" else option
