"""From a named family and its options to an encoder: what fits an input, and what every option is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from pydantic import BaseModel, ValidationError
from torch import nn

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.entries.shapes import shaped
from leadline.core.entries.wrong_values import explained, unknown
from leadline.core.experiment import NetworkSpec, Size
from leadline.core.registry import lookup, registered
from leadline.errors import UsageError, first_line
from leadline.models.composed import OVER, composed
from leadline.models.contract import Family
from leadline.models.custom import resolve
from leadline.nn.batch import EncoderOutput, SignalSpec
from leadline.nn.generative.decoders import default_decoder
from leadline.nn.network import InputEncoder, out_width


def build_encoder(
    network: Component | nn.Module,
    spec: SignalSpec,
    preprocessor: nn.Module,
    size: Size,
    own: Callable[..., nn.Module] | None = None,
    encoder_output: EncoderOutput = "vector",
) -> InputEncoder:
    """Return the encoder for an input: its preprocessor, and a backbone with fresh weights (a module that is given
    keeps its own).

    `spec` is what the preprocessor gives; `own` is the module, its class or what else makes it, that a component only
    names; `encoder_output` says of what features are wanted. Raises UsageError where there is no such family, where it
    does not take such an input, or where an option is unknown or wrong.
    """
    component = network if isinstance(network, Component) else Component(name=type(network).__name__)
    named = own if own is not None else component.name if isinstance(network, Component) else network
    family, options = checked(component, spec, size, named)
    try:
        _check_output(family, spec, encoder_output)
        backbone = family.build(spec, options, encoder_output)
    except (RuntimeError, MemoryError) as error:
        if not isinstance(error, MemoryError) and "allocate" not in str(error) and "verflow" not in str(error):
            raise
        raise UsageError(say("models.does-not-fit-memory", network=component.name, error=first_line(error))) from None
    return InputEncoder(
        preprocessor,
        backbone,
        out_width(backbone, spec, component.name, encoder_output),
        gives_outputs=getattr(options, "head", "linear") == "none",
        head=partial(_headed, family, options) if family.head else None,
        classes=spec.classes,
        texts=getattr(backbone, "texts", ()),
        spec=spec,
        decoder=partial(_decoding, family, options),
    )


def _decoding(family: Family, options: BaseModel, spec: SignalSpec, latent: int) -> nn.Module:
    """Return what makes values of the spec's shape of codes: the family's own decoder, or the usual one for such
    values.
    """
    return family.decoder(spec, latent, options) if family.decoder is not None else default_decoder(spec, latent)


# What each output is called in messages, and the kind of input it is an output of; any kind gives a vector.
_FORMS: Mapping[EncoderOutput, tuple[str, str | None, str]] = {
    "vector": ("models.output-vector", None, "models.of-any-data"),
    "sequence": ("models.output-steps", "sequence", "models.of-sequences"),
    "causal": ("models.output-steps", "sequence", "models.of-sequences"),
    "maps": ("models.output-maps", "image", "models.of-images"),
}


def _check_output(family: Family, spec: SignalSpec, encoder_output: EncoderOutput) -> None:
    """Raise UsageError where a family does not give what an objective needs of such an input."""
    output, kind, data = _FORMS[encoder_output]
    if encoder_output in family.builders and kind in (None, spec.kind):
        return
    able = [name for name in sorted(registered("models")) if encoder_output in lookup("models", name).builders]
    raise UsageError(
        say(
            "models.cannot-encode",
            name=family.name,
            output=say(output),
            kind=spec.kind,
            data=say(data),
            able=", ".join(able) or say("models.none"),
        )
    )


def classical_family(network: NetworkSpec, modules: Collection[str] = ()) -> Family | None:
    """Return the family of a classical model; None for networks that gradients train. `modules` are inputs with one of
    their own.

    Raises UsageError where such a family is named for one input and something else for another: it is one model over
    all inputs.
    """
    named = {name: component for name, component in network.encoders.items() if name not in modules}
    fitted = [component for component in named.values() if resolve(component.name).fit is not None]
    if not fitted:
        return None
    others = [component for component in network.encoders.values() if component != fitted[0]]
    if others or len(named) < len(network.encoders):
        raise UsageError(
            say("models.classical-beside-itself", name=fitted[0].name)
            if others and others[0].name == fitted[0].name
            else say("models.classical-beside-other", name=fitted[0].name, other=others[0].name if others else "own")
        )
    return resolve(fitted[0].name)


def resolved_options(component: Component, spec: SignalSpec, size: Size) -> Mapping[str, Any]:
    """Return all options of a component as plain JSON values, every default written out; raises as `build_encoder`
    does.
    """
    options: Mapping[str, Any] = checked(component, spec, size)[1].model_dump(mode="json")
    return options


def checked(
    component: Component, spec: SignalSpec, size: Size, named: str | Callable[..., nn.Module] | None = None
) -> tuple[Family, BaseModel]:
    """Return the family of a component (`named`, where that says more than its name), or of two on each other, and its
    options.
    """
    family = resolve(component.name if named is None else named)
    if OVER in component.options and OVER not in family.options.model_fields:  # which may be an option of one's own
        family, component = composed(family, component, spec, size, checked)
    return family, checked_options(family, component, spec, size)


def checked_options(family: Family, component: Component, spec: SignalSpec, size: Size) -> BaseModel:
    """Return a family's options: its defaults, those of the size over them, the user's over these."""
    if spec.kind not in family.accepts:
        raise UsageError(
            say(
                "models.takes-other-input",
                name=component.name,
                accepts=" or ".join(family.accepts),
                kind=spec.kind,
                able=", ".join(_families_for(spec.kind)) or say("models.none"),
            )
        )
    if family.forecasts and not spec.ahead:
        raise UsageError(
            say(
                "models.only-forecasts",
                name=component.name,
                kind=spec.kind,
                able=", ".join(_families_for(spec.kind, forecasts=False)) or say("models.none"),
            )
        )
    known = (*family.options.model_fields, *((OVER,) if "sequence" in family.accepts else ()))
    for name, value in component.options.items():
        if name not in known:
            raise UsageError(unknown(f"network.{name}", known, value, component.name))
    values = {**family.sizes.get(size, {}), **component.options}
    try:
        return family.options.model_validate(shaped(values, family.options))
    except ValidationError as error:
        raise UsageError(explained(error, family.options, values, "network", component.name)) from None


def ignores_covariates(component: Component) -> bool:
    """Say whether a network forecasts each variable from its own past, whatever else is known of a step."""
    return component.name in registered("models") and bool(lookup("models", component.name).forecasts)


def _headed(family: Family, options: BaseModel, spec: SignalSpec, outputs: int) -> nn.Module:
    assert family.head is not None
    return family.head(spec, outputs, options)


def _families_for(kind: str, *, forecasts: bool = True) -> list[str]:
    families = {name: lookup("models", name) for name in sorted(registered("models"))}
    return [name for name, family in families.items() if kind in family.accepts and (forecasts or not family.forecasts)]
