"""The JSON Schema of experiments as people write them: short forms, options of named items, and the names there are.

Editors read it by the first line of a file; a run's folder has it beside its ``experiment.yaml``, so that it is found
without a network, wherever the folder is moved, and is that of the version that wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from leadline.core.entries.places import GROUPS
from leadline.core.entries.shapes import CHOSEN, COLUMNS
from leadline.core.experiment import Experiment
from leadline.core.registry_tables import TABLES

FILE = "experiment.schema.json"
LINE = "# yaml-language-server: $schema={file}\n"  # by which editors find the schema of a file

_TEXT, _NUMBER, _TRUTH = {"type": "string"}, {"type": "number"}, {"type": "boolean"}
# What an entry may be written as beside what it becomes, by the part of the experiment that it stands in.
_SHORT: Mapping[str, Mapping[str, list[dict[str, str]]]] = {
    "DataSpec": {"positive": [{"type": "integer"}, _TRUTH]},
    "SplitSpec": {"spans": [_TEXT]},
    "TrainingSpec": {"max_time": [_TEXT], "max_energy": [_TEXT]},
}
_WHOLE: Mapping[str, list[dict[str, str]]] = {"label_efficiency": [_NUMBER, _TRUTH]}


def experiment_schema() -> dict[str, Any]:
    """Return the JSON Schema of an experiment in YAML, whether a person or a run has written it."""
    schema = Experiment.model_json_schema(by_alias=True)
    parts: dict[str, Any] = schema["$defs"]
    for name, entries in _SHORT.items():
        _allow(parts[name]["properties"], entries)
    _allow(schema["properties"], _WHOLE)
    for part in (schema, *parts.values()):
        _allow(part.get("properties", {}), _shapes(part.get("properties", {})))
    for part in (schema, *parts.values()):
        _name(part.get("properties", {}))
    parts["Component"] = _also_text({**parts["Component"], "properties": {"name": _TEXT}, "minProperties": 1})
    del parts["Component"]["anyOf"][1]["required"]  # {shift: 0.1} is the item `shift`
    for name in ("InputSpec", "NetworkSpec"):  # an input's type, and the one network of all inputs, bring options along
        own = {entry: one for entry, one in parts[name]["properties"].items() if entry != "options"}
        parts[name] = _also_text({**parts[name], "properties": own})
    parts["NetworkSpec"]["anyOf"][0] = {"anyOf": [{"enum": _names("network")}, _TEXT]}
    parts["SplitSpec"]["properties"]["name"] = _TEXT
    parts["SplitSpec"] = _also_text(parts["SplitSpec"], options=False)
    parts["WarmStart"] = _also_text(parts["WarmStart"], options=False)
    return schema


def text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(experiment_schema(), indent=1, sort_keys=True) + "\n"


def _allow(properties: dict[str, Any], entries: Mapping[str, list[dict[str, Any]]]) -> None:
    """Let entries be written as something else too."""
    for name, others in entries.items():
        kept = properties[name]
        beside = {key: kept.pop(key) for key in ("default", "title", "description", "examples") if key in kept}
        properties[name] = {**beside, "anyOf": [*kept.pop("anyOf", [kept] if kept else []), *others]}


def _shapes(properties: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return what entries may be written as by their form: a list as one item or text, what can be off as false."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, said in properties.items():
        forms = said.get("anyOf", [said])
        items = [one["items"] for one in forms if one.get("type") == "array" and "items" in one]
        others = [one for item in items for one in (item, _TEXT) if one.get("type") != "array" and one not in forms]
        part = {"type": "null"} in forms and any("$ref" in one for one in forms) and name not in CHOSEN
        off = [{"const": False}] if (items and name not in COLUMNS) or part else []
        others = [one for k, one in enumerate(others) if one not in others[:k]]
        if others or off:
            found[name] = [*others, *off]
    return found


def _also_text(part: Mapping[str, Any], *, options: bool = True) -> dict[str, Any]:
    """Return what describes a part that may be a name alone, and else an object, with `options` of any name."""
    said = {key: part[key] for key in ("title", "description") if key in part}
    entries = {key: value for key, value in part.items() if key not in said}
    return {**said, "anyOf": [_TEXT, {**entries, **({"additionalProperties": True} if options else {})}]}


def _name(properties: dict[str, Any]) -> None:
    """Say which names there are where an entry, or each of several, names an item of the registry."""
    for entry, said in properties.items():
        if entry in GROUPS:
            properties[entry] = _named(said, {"anyOf": [{"enum": _names(entry)}, {"$ref": "#/$defs/Component"}]})


def _named(entry: Any, item: Mapping[str, Any]) -> Any:
    """Return a schema with a description in the place of every reference to an item."""
    if isinstance(entry, list):
        return [_named(one, item) for one in entry]
    if not isinstance(entry, dict):
        return entry
    rest = {key: _named(value, item) for key, value in entry.items() if key not in ("$ref", "default")}
    kept = {"default": entry["default"]} if "default" in entry else {}
    reference = entry.get("$ref")
    if reference is None:
        return {**rest, **kept}
    return {**rest, **kept, **(item if reference == "#/$defs/Component" else {"$ref": reference})}


def _names(entry: str) -> list[str]:
    return sorted({name.rpartition("/")[2] for name in TABLES[GROUPS[entry]]})
