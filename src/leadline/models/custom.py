"""Networks a user brings: a module, a class, or a Python file, each as good as a family of Leadline's own."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, Literal, TypeGuard

from pydantic import BaseModel, create_model
from torch import Tensor, nn

from leadline.core import own_code
from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.entries.foreign_items import item_meant
from leadline.core.registry import listing, lookup, registered
from leadline.errors import UsageError, did_you_mean, first_line
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.network import out_width

_KINDS = ("table", "image", "sequence")


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


def resolve(network: str | Family | Callable[..., nn.Module]) -> Family:
    """Return the family that a name or an object stands for.

    A name is one of the registry's, ``path/to/net.py`` (a file that declares ``FAMILY``), ``path/to/net.py:Net`` or
    ``package.module:Net`` (a class of modules, a function that returns one, or a `Family`). A class or function is
    called with the input's `SignalSpec` if its first parameter has no default or is called ``spec``, and its parameters
    with a plain default become options; a `partial` of one will do too. A module object is used as it is, in a copy, so
    that every run starts from the same weights. A file is executed only because it was named.

    Raises UsageError where there is nothing of that name or where it is something else.
    """
    if isinstance(network, Family):
        return network
    if isinstance(network, nn.Module):
        return _of_object(network)
    if _makes_modules(network):
        return _of_maker(network)
    if not isinstance(network, str):
        raise UsageError(say("models.network-type", type=type(network).__name__))
    if own_code.is_own(network):
        source = own_code.module_of(network, "network")
        return _declared(source, own_code.name_in(network), network)
    if network not in registered("models"):
        meant = item_meant("models", network)
        near = meant or did_you_mean(network, registered("models"), listing("models"))
        own = "" if meant else say("models.own-network-how")
        raise UsageError(say("models.unknown-network", network=network, suggestion=near, own=own).rstrip())
    family: Family = lookup("models", network)
    return family


def _of_object(module: nn.Module) -> Family:
    name = type(module).__name__

    def build(spec: SignalSpec, options: Any) -> nn.Module:
        return _adapt(copy.deepcopy(module), spec, name)

    return Family(name=name, accepts=_KINDS, options=Options, gives=build, reference="your own")


def _makes_modules(network: object) -> TypeGuard[Callable[..., nn.Module]]:
    """Say whether something is a class of modules, or a function or `partial` that may return one."""
    if isinstance(network, partial):
        return _makes_modules(network.func)
    return issubclass(network, nn.Module) if isinstance(network, type) else inspect.isroutine(network)


def name_of(maker: Callable[..., nn.Module]) -> str:
    """Return by what name a class, function, `partial` or module object is known: ``package.module:Net``."""
    while isinstance(maker, partial):
        maker = maker.func
    return own_code.qualified(maker)


def _of_maker(maker: Callable[..., nn.Module]) -> Family:
    called = name_of(maker).rpartition(":")[2]
    parameters = [
        p for p in inspect.signature(maker).parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    required = [p for p in parameters if p.default is p.empty]
    wants_spec = bool(parameters) and (required[:1] == parameters[:1] or parameters[0].name == "spec")
    if len(required) > wants_spec:
        names = ", ".join(repr(p.name) for p in required[wants_spec:])
        raise UsageError(say("models.parameters-without-default", type=called, names=names))
    plain = {p.name: p.default for p in parameters[wants_spec:] if own_code.is_plain(p.default)}
    # Checking a value is left to the class: a default of 0 does not say that 0.5 would be wrong.
    fields: dict[str, Any] = {name: (Any, default) for name, default in plain.items()}
    options = create_model(f"{called.replace('.', '')}Options", __base__=Options, **fields)

    def build(spec: SignalSpec, options: BaseModel) -> nn.Module:
        values = {name: getattr(options, name) for name in plain}
        try:
            module = maker(spec, **values) if wants_spec else maker(**values)
        except own_code.FAILURES as error:
            said = {"type": called, "described": _described(spec), "error": first_line(error)}
            if wants_spec and _takes_number(parameters[0], error):
                shape = tuple(spec.shape)
                raise UsageError(
                    say("models.is-given-a-spec", **said, parameter=parameters[0].name, shape=shape)
                ) from error
            raise UsageError(say("models.cannot-be-built", **said)) from error
        if not isinstance(module, nn.Module):
            raise UsageError(say("models.maker-returns-no-module", name=called, type=type(module).__name__))
        return _adapt(module, spec, called)

    return Family(name=called, accepts=_KINDS, options=options, gives=build, reference="your own")


def _takes_number(parameter: inspect.Parameter, error: Exception) -> bool:
    """Say whether a maker that failed takes the spec, a tuple, for a number of features."""
    return parameter.annotation in (int, "int") or any(
        words in str(error) for words in (SignalSpec.__name__, "got tuple", "concatenate tuple")
    )


def _adapt(module: nn.Module, spec: SignalSpec, name: str) -> nn.Module:
    own = CustomModule(module, takes_signal=_takes_signal(module))
    try:
        out_width(own, spec, name)
    except own_code.FAILURES as error:
        raise UsageError(say("models.forward-fails", name=name, described=_described(spec), error=error)) from error
    return own


def _described(spec: SignalSpec) -> str:
    return say("models.input-of-shape", kind=spec.kind, shape=", ".join(map(str, spec.shape)))


def _takes_signal(module: nn.Module) -> bool:
    parameters = list(inspect.signature(module.forward).parameters.values())
    return bool(parameters) and parameters[0].annotation in (Signal, "Signal")


def _declared(source: ModuleType, name: str | None, asked: str) -> Family:
    found = own_code.walked(source, name or "FAMILY")
    if isinstance(found, Family):
        return found
    if _makes_modules(found):
        return _of_maker(found)
    classes = [
        k
        for k, v in vars(source).items()
        if isinstance(v, type) and issubclass(v, nn.Module) and v.__module__ == source.__name__
    ]
    if name is None:
        own = classes and say("models.name-a-class", name=f"{asked}:{classes[0]}")
        hint = own or say("models.no-module-class")
        raise UsageError(say("models.declares-no-family", file=asked, hint=hint))
    if found is None and (source.__name__ == "__main__" or "<" in (name or "")):
        raise UsageError(say("models.own-network-again", asked=asked))
    if found is None:
        raise UsageError(
            say("models.file-has-no-such-name", file=asked, name=name, suggestion=did_you_mean(name, classes))
        )
    raise UsageError(say("models.not-a-network", name=asked, type=type(found).__name__))
