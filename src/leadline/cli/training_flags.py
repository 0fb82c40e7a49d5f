"""The flags of ``leadline train`` and ``leadline crossval``, made of the options in `core/entries/train_options.py`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer

from leadline.cli import options
from leadline.cli.completion import of_option
from leadline.cli.foreign_flags import given_with
from leadline.core import yaml_io
from leadline.core.catalogue import say, translated
from leadline.core.entries.did_you_mean import answer
from leadline.core.entries.renamed import warn
from leadline.core.entries.surface import asking
from leadline.core.entries.train_options import OLD, Option, declared, flag, verbs_with

Command = Callable[[str, dict[str, Any], bool], int]
_OLD = "old_"  # what stands before the parameters of flags of version 0.1


def training(declaration: type) -> Callable[[Command], Callable[..., int]]:
    """Return what makes a command that takes a source, options by name, and whether JSON is wanted, into one with a
    flag for each option of a declaration.
    """
    known = {name: option for name, option in declared(declaration).items() if option.only != "python"}
    parameters = [
        inspect.Parameter("source", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=options.Source),
        *(_parameter(name, name, option) for name, option in known.items()),
        *(_parameter(_OLD + old, name, known[name]) for old, name in OLD.items() if name in known),
        inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=options.Json),
    ]

    def decorate(command: Command) -> Callable[..., int]:
        def flags(source: str, json: bool, **given: Any) -> int:
            return command(source, _read(given, known), json)

        flags.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        flags.__annotations__ = {one.name: one.annotation for one in parameters}
        flags.__name__, flags.__doc__ = command.__name__, command.__doc__
        return flags

    return decorate


def _parameter(called: str, name: str, option: Option) -> inspect.Parameter:
    """Return the flag of an option, or the hidden one that version 0.1 had."""
    old = called.removeprefix(_OLD) if called != name else None
    names = (f"--{old}",) if old else (flag(name), *([f"-{option.short}"] if option.short else []))
    told = typer.Option(
        *names,
        metavar=option.metavar,
        help=translated(f"train_options.{name}", option.help),
        hidden=old is not None,
        autocompletion=of_option(name, option.entry),
    )
    kind: Any = {"switch": bool, "repeated": list[str] | None}.get(option.form, str | None)
    empty = False if option.form == "switch" else None
    return inspect.Parameter(called, inspect.Parameter.KEYWORD_ONLY, default=empty, annotation=Annotated[kind, told])


def _read(given: Mapping[str, Any], known: Mapping[str, Option]) -> dict[str, Any]:
    """Return options as verbs take them; an old flag is read as today's, and a line says so."""
    found = {}
    for called, value in given.items():
        if value is None or value is False or value == []:
            continue
        old = called.removeprefix(_OLD) if called.startswith(_OLD) else None
        name = OLD[old] if old else called
        if old:
            warn(say("options.renamed", old=f"--{old}", new=flag(name)))
        found[name] = _value(value, known[name])
    return found


def _value(text: Any, option: Option) -> Any:
    """Return what the text of a flag stands for; text that is no number stays text, which is then refused as such."""
    match option.form:
        case "repeated":
            return tuple(text)
        case "names":
            return tuple(one.strip() for one in text.split(",") if one.strip())
        case "number":
            for kind in (int, float):
                try:
                    return kind(text)
                except ValueError:
                    continue
        case "spec" if text.startswith("{"):
            return yaml_io.load(text, option.metavar or "")
    return text


def wrong_flag(flag: str, arguments: Sequence[str], verb: str) -> str:
    """Return a sentence that says which option is meant by a flag that a verb does not have; empty where none is like
    it.
    """
    others = [f"'leadline {verb}'" for verb in verbs_with(flag.strip("-").replace("-", "_"))]
    if others:
        return say("options.of-others", others=" and ".join(others))
    import leadline.core.experiment  # noqa: F401  whose entries are looked through

    text = given_with(flag, arguments, "--")
    with asking(verb):
        return answer(flag, ... if text is None else yaml_io.load(text, flag), items=False)
