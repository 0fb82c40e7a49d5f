"""From a named family and its options to a body: what fits an input, and what every option is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from pydantic import BaseModel, ValidationError
from torch import nn

from leadline.errors import UsageError, did_you_mean, plain
from leadline.facts.component import Component
from leadline.facts.experiment import NetworkSpec, Size
from leadline.facts.registry import lookup, table
from leadline.layers.contracts import Family
from leadline.layers.network import Body, out_width
from leadline.layers.types import SignalSpec
from leadline.models.own import resolve


def build_body(
    network: Component | nn.Module, spec: SignalSpec, front: nn.Module, size: Size, own: nn.Module | type[nn.Module] | None = None
) -> Body:
    """Return the body for an input: its front, and a backbone with fresh weights (a module that is given keeps its own).

    `spec` is what the front gives; `own` is the module, or its class, that a component only names. Raises UsageError where there
    is no such family, where it does not take such an input, or where an option is unknown or wrong.
    """
    component = network if isinstance(network, Component) else Component(name=type(network).__name__)
    family = resolve(own if own is not None else component.name if isinstance(network, Component) else network)
    options = checked_options(family, component, spec, size)
    try:
        backbone = family.build(spec, options)
    except (RuntimeError, MemoryError) as error:
        if not isinstance(error, MemoryError) and "allocate" not in str(error) and "verflow" not in str(error):
            raise
        raise UsageError(f"The network {component.name!r} does not fit into memory: {str(error).splitlines()[0]}") from None
    return Body(
        front,
        backbone,
        out_width(backbone, spec, component.name),
        gives_outputs=getattr(options, "head", "linear") == "none",
        head=partial(_headed, family, options) if family.head else None,
        classes=spec.classes,
    )


def fitted_family(network: NetworkSpec, modules: Collection[str] = ()) -> Family | None:
    """Return the family of a network that is fitted, not stepped; None for the others. `modules` are inputs with one of their own.

    Raises UsageError where such a family is named for one input and something else for another: it is one model over all inputs.
    """
    named = {name: component for name, component in network.bodies.items() if name not in modules}
    fitted = [component for component in named.values() if resolve(component.name).fit is not None]
    if not fitted:
        return None
    others = [component for component in network.bodies.values() if component != fitted[0]]
    if others or len(named) < len(network.bodies):
        raise UsageError(
            f"The network {fitted[0].name!r} is one model over all inputs: it cannot stand beside "
            f"{others[0].name if others else 'another'!r}, or beside itself with other options."
        )
    return resolve(fitted[0].name)


def resolved_options(component: Component, spec: SignalSpec, size: Size) -> Mapping[str, Any]:
    """Return all options of a component as plain JSON values, every default written out; raises as `build_body` does."""
    options: Mapping[str, Any] = checked_options(resolve(component.name), component, spec, size).model_dump(mode="json")
    return options


def checked_options(family: Family, component: Component, spec: SignalSpec, size: Size) -> BaseModel:
    """Return a family's options: its defaults, those of the size over them, the user's over these."""
    if spec.kind not in family.accepts:
        raise UsageError(
            f"The network {component.name!r} takes {' or '.join(family.accepts)}, not {spec.kind}. "
            f"These take {spec.kind}: {', '.join(_families_for(spec.kind)) or 'none'}."
        )
    known = family.options.model_fields
    for name in component.options:
        if name not in known:
            raise UsageError(f"The network {component.name!r} has no option {name!r}. {did_you_mean(name, known)}")
    try:
        return family.options.model_validate({**family.sizes.get(size, {}), **component.options})
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"]) or "options"
        raise UsageError(f"The network {component.name!r}: {path}: {plain(first['msg'])} (got {first['input']!r}).") from None


def _headed(family: Family, options: BaseModel, spec: SignalSpec, outputs: int) -> nn.Module:
    assert family.head is not None
    return family.head(spec, outputs, options)


def _families_for(kind: str) -> list[str]:
    return [name for name in sorted(table("models")) if kind in lookup("models", name).accepts]
