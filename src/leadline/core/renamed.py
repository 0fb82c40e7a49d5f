"""What version 0.1 called entries of an experiment, in one literal table: old names are read, and a line says the new.

`Experiment.parse` and the settings of the command line pass through here before anything is checked, so nothing else
knows an old name. Files that a run wrote itself are read without a word.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from leadline.core.registry_tables import Group
from leadline.errors import UsageError

Say = Callable[[str], None]

# Entries by their path, where ``*`` stands for any name, and what the last word of it is now.
ENTRIES: Mapping[str, str] = {
    "alone": "single_input_ablation",
    "judge": "reference_classifier",
    "data.kinds": "types",
    "data.inputs.*.kind": "type",
    "data.split.similar": "near_duplicates",
    "data.series.lookback": "context_length",
    "data.series.item": "series_id",
    "data.series.known": "known_covariates",
    "data.series.every": "frequency",
    "data.series.zone": "time_zone",
    "network.bodies": "encoders",
    "training.players": "optimizers",
    "training.rates": "lr_multipliers",
}
# Values of entries, by the path that these have now.
VALUES: Mapping[str, Mapping[str, str]] = {"data.inputs.*.missing": {"aside": "drop"}}
# Names of registry items, and options of items by their name; a dotted option lies inside another.
ITEMS: Mapping[Group, Mapping[str, str]] = {}
OPTIONS: Mapping[Group, Mapping[str, Mapping[str, str]]] = {
    "models": {
        "gradient-boosting": {"rate": "learning_rate", "leaves": "max_leaf_nodes", "least_rows": "min_samples_leaf"},
    },
}
# What findings are called, in reports and requirements.
FINDINGS: Mapping[str, str] = {"rows_set_aside": "rows_dropped"}
# Where items of which registry are named.
SLOTS: Mapping[str, Group] = {
    "network": "models",
    "network.encoders.*": "models",
    "network.fusion": "fusions",
    "objective": "objectives",
    "objective.tasks.*": "objectives",
    "training.step": "steps",
    "training.optimizer": "optimizers",
    "training.optimizers.*": "optimizers",
    "training.schedule": "schedules",
    "training.mix": "mixtures",
    "training.average": "averages",
    "training.log.*": "trackers",
    "data.inputs.*.augment.*": "augmentations",
    "data.inputs.*.strong.*": "augmentations",
}
_PATTERNS = (
    "training.freeze",
    "training.freeze.*",
    "training.lr_multipliers.*",
)  # where names of parameters are matched
_BODIES = re.compile(r"(^|[.*])bodies(?=[.*]|$)")
_FRONT = re.compile(r"(\bencoders\..+?)\.front(\.|$)")

Path = tuple[str, ...]


class Renamed(FutureWarning):
    """Something is written as version 0.1 had it; the message says what it is called now."""


def warn(line: str) -> None:
    """Say a line as a warning, which the command line prints as a note."""
    warnings.warn(line, Renamed, stacklevel=4)


def quietly(line: str) -> None:
    """Say nothing."""


def tensor_name(name: str) -> str:
    """Return the name of a tensor, or a pattern of names, as it is now: ``bodies`` became ``encoders``, and the
    ``front`` of one its ``preprocessor``.
    """
    return _FRONT.sub(r"\1.preprocessor\2", _BODIES.sub(r"\1encoders", name, count=1))


def current(values: Mapping[str, Any], say: Say = warn) -> dict[str, Any]:
    """Return the plain values of an experiment under today's names; each old one is said once.

    Raises UsageError where an entry is there under both its names.
    """
    said: dict[str, None] = {}
    result: dict[str, Any] = _walk(dict(values), (), None, said)
    for line in said:
        say(line)
    return result


def current_setting(values: Mapping[str, Any], path: str, value: Any, say: Say = warn) -> tuple[str, Any]:
    """Return the dotted path of an entry and its new value under today's names; `values` say which items are chosen."""
    said: dict[str, None] = {}
    now: Path = ()
    at: Any = values
    scope: _Scope | None = None
    for word in path.split("."):
        scope = _Scope.of(now, at) or scope
        new = _renamed_key(now, word, scope)
        if new != word:
            said[_line((*now, word), (*now, new))] = None
        now, scope = (*now, new), scope and scope.inside(new)
        at = at.get(new) if isinstance(at, Mapping) else None
    result = _walk(value, now, scope, said)
    for line in said:
        say(line)
    return ".".join(now), result


def current_schema(values: Any) -> Any:
    """Return the plain values of a fitted schema under today's names: its series are as experiments write them."""
    for one in values.get("inputs", ()) if isinstance(values, dict) else ():
        window = one.get("window") if isinstance(one, dict) else None
        if isinstance(window, dict) and isinstance(window.get("spec"), dict):
            window["spec"] = current({"data": {"series": window["spec"]}}, quietly)["data"]["series"]
    return values


def current_report(values: Any) -> Any:
    """Return the plain values of a report under today's names of entries and findings."""
    if not isinstance(values, dict):
        return values
    experiment = values.get("experiment")
    if isinstance(experiment, dict):
        values["experiment"] = current(experiment, quietly)
    for finding in values.get("findings") or ():
        if isinstance(finding, dict) and finding.get("name") in FINDINGS:
            finding["name"] = FINDINGS[finding["name"]]
    return values


class _Scope(NamedTuple):
    """The item of a registry whose options are looked at: its group, its name (None where it is not said), and the
    option inside which they lie.
    """

    group: Group
    item: str | None
    option: Path = ()

    @classmethod
    def of(cls, path: Path, value: Any) -> _Scope | None:
        """Return the scope that begins at a path; None where no item is named there."""
        group = next((group for place, group in SLOTS.items() if _matches(path, place)), None)
        if group is None:
            return None
        name = value.get("name") if isinstance(value, Mapping) else value
        return cls(group, name if isinstance(name, str) and name != "auto" else None)

    def inside(self, option: str) -> _Scope:
        """Return the scope inside an option."""
        return self._replace(option=(*self.option, option))

    def renamed(self, option: str) -> str:
        """Return what an option is called now; where no item is said, what it is called of any."""
        known = OPTIONS.get(self.group, {})
        for item in known if self.item is None else (self.item,):
            for old, new in known.get(item, {}).items():
                if _matches((*self.option, option), old):
                    return new
        return option


def _walk(value: Any, path: Path, scope: _Scope | None, said: dict[str, None]) -> Any:
    if isinstance(value, Mapping):
        begun = _Scope.of(path, value)
        if begun is not None:
            value = _component(value, begun.group, path, said)
            begun = _Scope.of(path, value)
        return _mapping(value, path, begun or scope, said)
    if isinstance(value, list | tuple):
        inside = scope and scope.inside("*")
        return [_walk(one, (*path, "*"), inside, said) for one in value]
    if not isinstance(value, str):
        return value
    group = _Scope.of(path, value)
    now = ITEMS.get(group.group, {}).get(value, value) if group else value
    for place, names in VALUES.items():
        now = names.get(now, now) if _matches(path, place) else now
    if any(_matches(path, place) for place in _PATTERNS):
        now = tensor_name(value)
    if now != value:
        said[_value_line(path, value, now)] = None
    return now


def _mapping(value: Mapping[Any, Any], path: Path, scope: _Scope | None, said: dict[str, None]) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for word, inner in value.items():
        new = _renamed_key(path, word, scope) if isinstance(word, str) else word
        if new != word:
            if new in value:
                raise UsageError(f"{_line((*path, word), (*path, new))} Both are there: leave out the old one.")
            said[_line((*path, word), (*path, new))] = None
        result[new] = _walk(inner, (*path, str(new)), scope and scope.inside(str(new)), said)
    return result


def _component(value: Mapping[Any, Any], group: Group, path: Path, said: dict[str, None]) -> Mapping[Any, Any]:
    """Return an item with its options in the one form whose names can be looked up, where any of them is an old one."""
    names = ITEMS.get(group, {})
    if "name" not in value and len(value) == 1:  # {shift: 0.1}
        ((name, only),) = value.items()
        if name not in names and name not in OPTIONS.get(group, {}):
            return value
        value = {"name": name, **(only if isinstance(only, Mapping) else {"amount": only})}
    name = value.get("name")
    if isinstance(name, str) and name in names:
        said[_value_line(path, name, names[name])] = None
        value = {**value, "name": names[name]}
    options = value.get("options")
    if isinstance(options, Mapping) and "name" in value:
        value = {**{k: v for k, v in value.items() if k != "options"}, **options}
    return value


def _renamed_key(path: Path, word: str, scope: _Scope | None) -> str:
    """Return what a key at a path is called now."""
    for old, new in ENTRIES.items():
        if _matches((*path, word), old):
            return new
    if any(_matches((*path, word), place) for place in _PATTERNS):
        return tensor_name(word)
    return word if scope is None or word == "name" else scope.renamed(word)


def _matches(path: Path, pattern: str) -> bool:
    words = pattern.split(".")
    return len(words) == len(path) and all(w in ("*", p) for w, p in zip(words, path, strict=True))


def _line(old: Path, new: Path) -> str:
    return f"{'.'.join(old)} is called {'.'.join(new)} now."


def _value_line(path: Path, old: str, new: str) -> str:
    return f"{'.'.join(word for word in path if word != '*')}: {old} is called {new} now."
