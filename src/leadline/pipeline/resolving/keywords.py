"""The keywords of a training verb, made of the options that are declared in `core/entries/train_options.py`.

It gives `verbs/train.py` and `verbs/crossval.py` their signature and the lines of their help, reads names of version
0.1, and answers wrong names.
"""

from __future__ import annotations

import functools
import inspect
import textwrap
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from leadline.core.catalogue import say, translated
from leadline.core.entries import surface
from leadline.core.entries.did_you_mean import answer
from leadline.core.entries.foreign_attributes import positional
from leadline.core.entries.renamed import Renamed
from leadline.core.entries.train_options import OLD, Option, declared, verbs_with
from leadline.core.entries.wrong_values import together
from leadline.errors import UnknownKeyword, did_you_mean

Verb = TypeVar("Verb", bound=Callable[..., Any])
WIDTH = 96


def keywords(options: type) -> Callable[[Verb], Verb]:
    """Return what makes a function of a source and of `options` show each of these in its signature and its help."""

    def decorate(verb: Verb) -> Verb:
        known = declared(options)

        @functools.wraps(verb)
        def call(source: object, *others: Any, **given: Any) -> Any:
            if others:
                raise UnknownKeyword(positional(verb.__name__, others))
            with surface.call(), surface.asking(verb.__name__):
                return verb(source, **current(given, known, f"leadline.{verb.__name__}"))

        call.__signature__ = signature(options)  # type: ignore[attr-defined]
        call.__doc__ = f"{inspect.getdoc(verb)}\n\n{_lines(known)}\n"
        return cast(Verb, call)

    return decorate


def current(given: Mapping[str, Any], known: Collection[str], function: str) -> dict[str, Any]:
    """Return keywords by the names that they have now; raises UnknownKeyword for those that there are not."""
    found, mistakes = {}, []
    for name, value in given.items():
        now = OLD.get(name, name)
        if now not in known:
            others = [] if surface.language() == "estimator" else [f"leadline.{verb}" for verb in verbs_with(now)]
            hint = say("options.of-others", others=" and ".join(others)) if others else answer(name, value)
            hint = hint or did_you_mean(name, known)
            mistakes.append(say("options.unknown-keyword", function=function, name=name, hint=hint))
            continue
        if now != name:
            warnings.warn(say("options.renamed", old=f"{name}=", new=f"{now}="), Renamed, stacklevel=4)
        found[now] = value
    if mistakes:
        raise UnknownKeyword(together(mistakes))
    return found


def signature(options: type) -> inspect.Signature:
    """Return the signature of a verb: the source, then a keyword for each option, None where it is left open."""
    hints = get_type_hints(options, include_extras=True)
    source = inspect.Parameter("source", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=object)
    keywords = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default(hint), annotation=get_args(hint)[0])
        for name, hint in hints.items()
    ]
    return inspect.Signature([source, *keywords])


def default(hint: Any) -> Any:
    """Return what an option is where it is not given."""
    kind = get_args(hint)[0]
    if kind is bool:
        return False
    return None if type(None) in get_args(kind) or kind is Any or get_origin(kind) is None else ()


def _lines(known: Mapping[str, Option]) -> str:
    """Return a line of help for each keyword, with the entry of the experiment that it is."""
    lines = []
    for name, option in known.items():
        entry = f" [{option.entry}]" if option.entry not in (None, name) else ""
        text = translated(f"train_options.{name}", option.help)
        lines.append(textwrap.fill(f"{name}: {text}{entry}", WIDTH, subsequent_indent="    "))
    return "\n".join(lines)
