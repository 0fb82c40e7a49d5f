"""Entries set one by one: ``--set training.epochs=3``, keywords of Python, flags, put into the values of an experiment.

They are put in before the values are checked: an option of what is chosen by default needs no name beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadline.core import yaml_io
from leadline.core.catalogue import say
from leadline.core.component import AUTO
from leadline.core.entries import renamed
from leadline.core.experiment import NetworkSpec
from leadline.errors import UsageError


def put(values: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return nested values with the entry at a dotted path replaced; a name on the way becomes a mapping with that
    name.
    """
    first, dot, rest = path.partition(".")
    below = values.get(first)
    if not dot:
        if first == "network" and isinstance(value, str) and isinstance(below, Mapping):
            value = {**{k: v for k, v in below.items() if k in ("size", "fusion", "share")}, "name": value}
        return {**values, first: value}
    inner = {"name": below} if isinstance(below, str) else below if isinstance(below, Mapping) else {}
    return {**values, first: put(inner, rest, value)}


def with_setting(values: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return nested values with one entry replaced; an option of what is chosen by default needs no name beside it.

    A name of version 0.1 is taken for today's, and that is said.
    """
    path, value = renamed.current_setting(values, path, value)
    if path.startswith("objective.") and values.get("objective") is None:
        values = put(values, "objective", AUTO)
    for part in ("step", "optimizer", "schedule"):
        training = values.get("training") or {}
        if path.startswith(f"training.{part}.") and isinstance(training, Mapping) and part not in training:
            values = put(values, f"training.{part}", AUTO)
    if path.startswith("training.optimizers.") and path.count(".") == 3:
        network = path.split(".")[2]
        training = values.get("training")
        told = (training.get("optimizers") if isinstance(training, Mapping) else None) or {}
        if isinstance(told, Mapping) and network not in told and not path.endswith(".name"):
            values = put(values, f"training.optimizers.{network}", AUTO)
    below = values.get("network")
    if path.startswith("network.") and path.split(".")[1] not in NetworkSpec.model_fields and not _has_name(below):
        values = put(values, "network.name", AUTO)
    if path.startswith("network.fusion.") and not (isinstance(below, Mapping) and below.get("fusion")):
        values = put(values, "network.fusion", NetworkSpec.model_fields["fusion"].default.name)
    return put(values, path, value)


def _has_name(network: Any) -> bool:
    """Return whether a network is named for all inputs, so that options alone are its own."""
    return isinstance(network, str) or (isinstance(network, Mapping) and ("name" in network or "encoders" in network))


def with_settings(values: Mapping[str, Any], settings: tuple[str, ...]) -> dict[str, Any]:
    """Return plain values with ``--set a.b.c=value`` entries put in; values are read as YAML."""
    result = dict(values)
    for setting in settings:
        result = with_setting(result, *parsed_setting(setting))
    return result


def parsed_setting(setting: str) -> tuple[str, Any]:
    """Return the dotted place of a ``--set`` entry and its value, read as YAML; raises UsageError where it has none."""
    path, equals, text = setting.partition("=")
    if not equals or not path:
        raise UsageError(say("core.set-unreadable", setting=setting))
    return path, yaml_io.load(text, say("options.value-of-set", setting=setting))
