"""Networks a user brings: a module, a class, or a Python file, each as good as a family of Leadline's own."""

from __future__ import annotations

import copy
import importlib
import importlib.util
import inspect
import re
import sys
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from pydantic import BaseModel, create_model
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.registry import lookup, registered
from leadline.errors import UsageError, did_you_mean
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.network import out_width

_KINDS = ("table", "image", "sequence")
_FILE = re.compile(r"(?P<file>.+\.py)(?::(?P<name>[\w.]+))?")
# What code that is not ours may raise.
_FAILURES = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, OSError)
_IMPORT = re.compile(r"(?P<module>[\w.]+):(?P<name>[\w.]+)")


class Options(Fact):
    """`head`: ``linear`` puts a dense layer after the module, ``none`` says that it gives the outputs itself."""

    head: Literal["linear", "none"] = "linear"


class CustomModule(nn.Module):
    """A module from Tensor to Tensor, or from Signal to Signal, as a backbone."""

    def __init__(self, module: nn.Module, *, takes_signal: bool) -> None:
        super().__init__()
        self.module = module
        self.takes_signal = takes_signal

    def forward(self, signal: Signal) -> Signal:
        out: Tensor | Signal = self.module(signal if self.takes_signal else signal.values)
        return out if isinstance(out, Signal) else Signal(out)


def resolve(network: str | Family | type[nn.Module] | nn.Module) -> Family:
    """Return the family that a name or an object stands for.

    A name is one of the registry's, ``path/to/net.py`` (a file that declares ``FAMILY``), ``path/to/net.py:Net`` or
    ``package.module:Net`` (a class of modules, or a `Family`). A class is built with the input's `SignalSpec` if its
    first parameter has no default or is called ``spec``, and its parameters with a plain default become options. A
    module object is used as it is, in a copy, so that every run starts from the same weights. A file is executed only
    because it was named.

    Raises UsageError where there is nothing of that name or where it is something else.
    """
    if isinstance(network, Family):
        return network
    if isinstance(network, nn.Module):
        return _of_object(network)
    if isinstance(network, type) and issubclass(network, nn.Module):
        return _of_class(network)
    if not isinstance(network, str):
        raise UsageError(say("models.network-name-nn-module", type=type(network).__name__))
    if file := _FILE.fullmatch(network):
        path = Path(file["file"]).resolve()
        if not path.is_file():
            raise UsageError(say("models.no-file-take-network", path=path))
        return _declared(_execute(path, path.stat().st_mtime_ns), file["name"], network)
    if place := _IMPORT.fullmatch(network):
        return _declared(_import(place["module"], network), place["name"], network)
    if network not in registered("models"):
        raise UsageError(
            say(
                "models.no-network-network-your",
                network=network,
                suggestion=did_you_mean(network, registered("models")),
            )
        )
    family: Family = lookup("models", network)
    return family


def _of_object(module: nn.Module) -> Family:
    name = type(module).__name__

    def build(spec: SignalSpec, options: Any) -> nn.Module:
        return _adapt(copy.deepcopy(module), spec, name)

    return Family(name=name, accepts=_KINDS, options=Options, gives=build, reference="your own")


def _of_class(cls: type[nn.Module]) -> Family:
    parameters = [
        p for p in inspect.signature(cls).parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    required = [p for p in parameters if p.default is p.empty]
    wants_spec = bool(parameters) and (required[:1] == parameters[:1] or parameters[0].name == "spec")
    if len(required) > wants_spec:
        names = ", ".join(repr(p.name) for p in required[wants_spec:])
        raise UsageError(say("models.cannot-built-parameters-no", type=cls.__name__, names=names))
    plain = {p.name: p.default for p in parameters[wants_spec:] if _is_plain(p.default)}
    # Checking a value is left to the class: a default of 0 does not say that 0.5 would be wrong.
    fields: dict[str, Any] = {name: (Any, default) for name, default in plain.items()}
    options = create_model(f"{cls.__name__}Options", __base__=Options, **fields)

    def build(spec: SignalSpec, options: BaseModel) -> nn.Module:
        values = {name: getattr(options, name) for name in plain}
        try:
            module = cls(spec, **values) if wants_spec else cls(**values)
        except _FAILURES as error:
            raise UsageError(
                say("models.cannot-built", type=cls.__name__, described=_described(spec), error=error)
            ) from error
        return _adapt(module, spec, cls.__name__)

    return Family(name=cls.__name__, accepts=_KINDS, options=options, gives=build, reference="your own")


def _adapt(module: nn.Module, spec: SignalSpec, name: str) -> nn.Module:
    own = CustomModule(module, takes_signal=_takes_signal(module))
    try:
        out_width(own, spec, name)
    except _FAILURES as error:
        raise UsageError(say("models.fails-on", name=name, described=_described(spec), error=error)) from error
    return own


def _described(spec: SignalSpec) -> str:
    return f"an input of kind {spec.kind} and shape (rows, {', '.join(map(str, spec.shape))})"


def _is_plain(value: Any) -> bool:
    return (
        all(map(_is_plain, value)) if isinstance(value, tuple) else isinstance(value, bool | int | float | str | None)
    )


def _takes_signal(module: nn.Module) -> bool:
    parameters = list(inspect.signature(module.forward).parameters.values())
    return bool(parameters) and parameters[0].annotation in (Signal, "Signal")


def _declared(source: ModuleType, name: str | None, asked: str) -> Family:
    found: Any = source
    for part in (name or "FAMILY").split("."):
        found = getattr(found, part, None)
    if isinstance(found, Family):
        return found
    if isinstance(found, type) and issubclass(found, nn.Module):
        return _of_class(found)
    classes = [
        k
        for k, v in vars(source).items()
        if isinstance(v, type) and issubclass(v, nn.Module) and v.__module__ == source.__name__
    ]
    if name is None:
        hint = f"Name one of its classes: {asked}:{classes[0]}." if classes else "It has no class of nn.Module either."
        raise UsageError(say("models.declares-no-family", asked=asked, hint=hint))
    if found is None:
        raise UsageError(say("models.no", asked=asked, name=name, suggestion=did_you_mean(name, classes)))
    raise UsageError(say("models.neither-class-nn-module", asked=asked, type=type(found).__name__))


@cache
def _execute(file: Path, modified: int) -> ModuleType:  # an edited file is another entry of the cache
    # Two files may have one name; and dataclasses and type hints look their module up by its name.
    name = f"leadline_own_{blake2b(str(file).encode(), digest_size=6).hexdigest()}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None, "a .py file has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UsageError(say("models.cannot-run", file=file, type=type(error).__name__, error=error)) from error
    return module


def _import(name: str, asked: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise UsageError(
            say("models.module-cannot-imported", asked=asked, name=name, type=type(error).__name__, error=error)
        ) from error
