"""Code of a user's own that an experiment names: a network, a loss or an optimizer.

It is found by file (``own.py:focal``), by module (``package.module:Focal``) or, where it was given in Python and no
name leads to it, among the objects of this process by what they are made of. It is run only because it was named, and
never because a run folder is opened.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import re
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.errors import RunError, UsageError, did_you_mean

FILE = re.compile(r"(?P<file>.+\.py)(?::(?P<name>[\w.]+))?")
IMPORT = re.compile(r"(?P<module>[\w.]+):(?P<name>[\w.<>]+)")
SHA256, OBJECT = ("sha256", "object")  # what an experiment says beside the options: of the file, of the object
# What code that is not ours may raise.
FAILURES = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, OSError)

_ran: set[str] = set()  # names of code that this process has run because the user named or trusted it
_given: dict[str, Any] = {}  # objects of this process, by what they are made of


def is_own(name: str) -> bool:
    """Say whether a name is that of a user's own code: ``own.py:focal``, ``package.module:Focal``."""
    return bool(FILE.fullmatch(name) or IMPORT.fullmatch(name))


def code_of(thing: Any) -> Any:
    """Return the class or function that an object is, or else the class that it is of."""
    return thing if hasattr(thing, "__qualname__") else type(thing)


def qualified(thing: Any) -> str:
    """Return the name of an object's code: ``package.module:Focal``."""
    code = code_of(thing)
    return f"{code.__module__}:{code.__qualname__}"


def name_in(name: str) -> str | None:
    """Return what stands behind the colon of a name of own code; None where there is nothing."""
    match = FILE.fullmatch(name) or IMPORT.fullmatch(name)
    assert match is not None, "`is_own` was asked first"
    return match["name"]


def walked(start: Any, dotted: str) -> Any:
    """Return what a dotted name leads to from an object on; None where it leads nowhere."""
    for part in dotted.split("."):
        start = getattr(start, part, None)
    return start


def options_of(component: Component) -> dict[str, Any]:
    """Return the options that are for the code itself, without what says which code it is."""
    return {name: value for name, value in component.options.items() if name not in (SHA256, OBJECT)}


def component_of(thing: Any) -> Component:
    """Return how an experiment names an object: by the name that it is imported by, else by a digest of what it is made
    of, by which `found` knows it in this process. The options of a `partial` are options.
    """
    if isinstance(thing, partial) and not thing.args and all(map(is_plain, thing.keywords.values())):
        inner = component_of(thing.func)
        return inner.model_copy(update={"options": {**thing.keywords, **inner.options}})
    named, name = code_of(thing), qualified(thing)
    if named is thing and named.__module__ != "__main__" and _importable(thing):
        return Component(name=name)
    digest = _digest(thing)
    options = None if named is thing or named.__module__ == "__main__" else _options_again(thing, digest)
    if options is not None:
        return Component(name=name, options=options)
    _given[digest] = thing
    return Component(name=name, options={OBJECT: digest})


def _options_again(thing: Any, digest: str) -> dict[str, Any] | None:
    """Return the options of which its class makes the same object again; None where it does not."""
    try:
        named = inspect.signature(type(thing)).parameters
        held = {name: value for name, value in vars(thing).items() if name in named and is_plain(value)}
        options = {name: value for name, value in held.items() if value != named[name].default}
        return options if _importable(type(thing)) and _digest(type(thing)(**options)) == digest else None
    except FAILURES:
        return None


def holds_object(options: Mapping[str, Any]) -> bool:
    """Say whether options name an object of this process, which no other can find."""
    return any(
        name == OBJECT or (isinstance(value, Mapping) and holds_object(value)) for name, value in options.items()
    )


def found(component: Component, noun: str) -> Any:
    """Return what a component names; `noun` says what it is for (``loss``).

    Raises UsageError where there is no such code, RunError where it is not what the experiment was written with.
    """
    if OBJECT in component.options:
        if component.options[OBJECT] not in _given:
            raise UsageError(say("core.own-object-again", noun=noun, name=component.name))
        return _given[component.options[OBJECT]]
    source = module_of(component.name, noun)
    recorded = component.options.get(SHA256)
    if recorded is not None and recorded != _sha256(source):
        raise RunError(say("core.own-file-changed", noun=noun, name=component.name, file=source.__file__))
    return attribute_of(source, component.name, noun)


def recorded(component: Component, noun: str) -> Component:
    """Return a component with the sha256 of the file that it names, where that is no installed package's."""
    if OBJECT in component.options:
        return component
    digest = _sha256(module_of(component.name, noun))
    return component.model_copy(update={"options": {**component.options, **({SHA256: digest} if digest else {})}})


def has_run(name: str) -> bool:
    """Say whether the code of a name has been run in this process, as it is now: the user has named it before, or it
    is the program that runs.
    """
    return _place(name) in (*_ran, "__main__")


def note_given(thing: Any) -> None:
    """Keep in mind that the user has given an object in this process: the code that makes it may be run again."""
    _ran.add(_place(qualified(thing)))


def sha256_of_file(name: str) -> str | None:
    """Return the sha256 of the file that a name leads to, without running it; None where it names no file that is
    there.
    """
    match = FILE.fullmatch(name)
    path = None if match is None else Path(match["file"]).expanduser()
    return hashlib.sha256(path.read_bytes()).hexdigest() if path is not None and path.is_file() else None


def _place(name: str) -> str:
    """Return what is run for a name: a file as it is now, or a module."""
    if file := FILE.fullmatch(name):
        return f"{Path(file['file']).expanduser().resolve()} {sha256_of_file(name)}"
    return name.partition(":")[0]


def module_of(name: str, noun: str) -> ModuleType:
    """Return the module of a name, run for the first time if need be; raises UsageError where there is none."""
    if file := FILE.fullmatch(name):
        path = Path(file["file"]).expanduser().resolve()
        if not path.is_file():
            raise UsageError(say("core.no-own-file", path=path, noun=noun))
        module = _execute(path, path.stat().st_mtime_ns)
    else:
        place = IMPORT.fullmatch(name)
        assert place is not None, "`is_own` was asked first"
        module = _import(place["module"], name)
    _ran.add(_place(name))
    return module


def attribute_of(source: ModuleType, name: str, noun: str) -> Any:
    """Return what a name names in its module; raises UsageError where there is nothing of that name."""
    asked = name_in(name)
    own = [k for k, v in vars(source).items() if callable(v) and getattr(v, "__module__", None) == source.__name__]
    if asked is None:
        raise UsageError(say("core.own-name-missing", name=name, noun=noun, suggestion=did_you_mean("", own)))
    item = walked(source, asked)
    if item is None:
        raise UsageError(say("core.own-lacks-name", name=name, asked=asked, suggestion=did_you_mean(asked, own)))
    return item


def is_plain(value: Any) -> bool:
    """Say whether a value can stand in an experiment: a number, text, truth value or nothing, or several of these."""
    if isinstance(value, tuple | list):
        return all(map(is_plain, value))
    return isinstance(value, bool | int | float | str | None)


def plain_defaults(parameters: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    """Return the defaults of parameters, as far as an experiment can say them."""
    return {name: p.default for name, p in parameters.items() if p.default is not p.empty and is_plain(p.default)}


def parameters_of(thing: Any, beside: int) -> dict[str, inspect.Parameter]:
    """Return by name the parameters that are options of a callable: all but the first, `beside` in number."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    every = [p for p in inspect.signature(thing).parameters.values() if p.kind in kinds]
    return {p.name: p for p in every[beside:]}


def checked_options(
    component: Component, parameters: Mapping[str, inspect.Parameter], noun: str, *, anything: bool = False
) -> dict[str, Any]:
    """Return the options of a component over the defaults of its parameters; lists are tuples where the default is one.

    Raises UsageError for an option that there is not (but where it takes `anything`), or that is needed and missing.
    """
    given = options_of(component)
    for name in given:
        if name not in parameters and not anything:
            raise UsageError(
                say(
                    "core.own-no-option",
                    noun=noun,
                    name=component.name,
                    option=name,
                    suggestion=did_you_mean(name, parameters),
                )
            )
    for name, p in parameters.items():
        if p.default is p.empty and name not in given:
            raise UsageError(say("core.own-needs-option", noun=noun, name=component.name, option=name))
    defaults = plain_defaults(parameters)
    tuples = {
        name: tuple(v) for name, v in given.items() if isinstance(v, list) and isinstance(defaults.get(name), tuple)
    }
    return {**defaults, **given, **tuples}


@cache
def _execute(file: Path, modified: int) -> ModuleType:  # an edited file is another entry of the cache
    # Two files may have one name; and dataclasses and type hints look their module up by its name.
    name = f"leadline_own_{hashlib.blake2b(str(file).encode(), digest_size=6).hexdigest()}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None, "a .py file has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UsageError(say("core.own-file-cannot-run", file=file, type=type(error).__name__, error=error)) from error
    return module


def _import(name: str, asked: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise UsageError(
            say("core.own-module-not-imported", asked=asked, name=name, type=type(error).__name__, error=error)
        ) from error


def _importable(thing: Any) -> bool:
    return walked(sys.modules.get(thing.__module__), thing.__qualname__) is thing


def _sha256(module: ModuleType) -> str | None:
    """Return the sha256 of a module's file; None for installed packages, whose versions the environment holds."""
    file = getattr(module, "__file__", None)
    installed = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    if file is None or any(Path(file).is_relative_to(folder) for folder in installed):
        return None
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def _digest(thing: Any) -> str:
    """Return a sha256 of what an object is made of: its source, plain attributes, tensors, what a function holds."""
    seen = hashlib.sha256()
    for part in _made_of(thing):
        seen.update(part if isinstance(part, bytes) else part.encode())
        seen.update(b"\0")
    return seen.hexdigest()


def _made_of(thing: Any) -> list[str | bytes]:
    if isinstance(thing, partial):
        values = [*thing.args, *(value for _, value in sorted(thing.keywords.items()))]
        return ["partial", *sorted(thing.keywords), *_made_of(thing.func), *(x for v in values for x in _made_of(v))]
    if is_plain(thing):
        return [repr(thing)]
    if hasattr(thing, "detach"):  # a tensor, without torch
        return [str(tuple(thing.shape)), bytes(thing.detach().cpu().contiguous().numpy().tobytes())]
    code = code_of(thing)
    parts: list[str | bytes] = [qualified(thing)]
    try:
        parts.append(inspect.getsource(code))
    except (OSError, TypeError):  # typed into an interpreter, or built in
        parts.append(getattr(getattr(code, "__code__", None), "co_code", b""))
    held = dict(vars(thing)) if code is not thing else {}
    if closure := getattr(thing, "__closure__", None):
        held |= {name: cell.cell_contents for name, cell in zip(thing.__code__.co_freevars, closure, strict=True)}
    tensors = thing.state_dict() if code is not thing and hasattr(thing, "state_dict") else {}
    for name, value in sorted({**held, **tensors}.items()):
        if is_plain(value) or hasattr(value, "detach"):
            parts += [name, *_made_of(value)]
    return parts
