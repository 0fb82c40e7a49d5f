"""What version 0.1 called entries of an experiment, in one literal table: old names are read, and a line says the new.

`Experiment.parse` and the settings of the command line pass through here before anything is checked, so nothing else
knows an old name. Files that a run wrote itself are read without a word.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from leadline.core.catalogue import say
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
    "data.series.repair": "irregular_times",
    "training.players": "optimizers",
    "training.rates": "lr_multipliers",
    "training.early_stopping.on": "monitor",
    "training.early_stopping.tolerance": "min_delta",
    "training.early_stopping.target": "stopping_threshold",
}
# What findings are called, in reports and requirements.
FINDINGS: Mapping[str, str] = {
    "rows_set_aside": "rows_dropped",
    "rows_without": "rows_missing_input",
    "row_accuracy": "sequence_accuracy",
    "within_one": "accuracy_within_one",
    "false_alarms": "false_positive_rate",
    "asked_class": "conditional_accuracy",
    "judge_accuracy": "reference_classifier_accuracy",
    "sample_told_apart": "discriminator_accuracy",
    "told_apart": "discriminator_roc_auc",
    "collapse": "mode_collapse",
    "one_sided": "discriminator_dominance",
    "imputation_error_saved": "imputation_error_reduction",
    "imputation_accuracy_gained": "imputation_accuracy_gain",
    "cheapest_not_worse": "smallest_not_worse",
}
# Values of entries, by the path that these have now.
VALUES: Mapping[str, Mapping[str, str]] = {
    "data.inputs.*.missing": {"aside": "drop"},
    "data.series.irregular_times": {"refuse": "error"},
    "data.series.gaps": {"skip": "ignore"},
    "training.early_stopping.monitor": FINDINGS,
}
# Names of registry items.
ITEMS: Mapping[Group, Mapping[str, str]] = {
    "augmentations": {"part": "resized_crop", "grey": "grayscale", "colour": "color_jitter"},
}
_SCHEDULE = {"warm_up": "warmup", "final": "end_factor"}
_FUSION = {"dropout": "modality_dropout", "features": "feature_dropout"}
_CLASSES = {"focal": "focal_gamma"}
# Options of items, by their name.
OPTIONS: Mapping[Group, Mapping[str, Mapping[str, str]]] = {
    "models": {
        "textcnn": {"widths": "kernel_sizes"},
        "audiocnn": {"widths": "channels"},
        "densenet": {"growth": "growth_rate"},
        "seasonal-naive": {"season": "season_length"},
        "linear": {"iterations": "max_iter"},
        "svm": {"landmarks": "n_components", "rows": "max_samples"},
        "gradient-boosting": {
            "iterations": "max_iter",
            "rate": "learning_rate",
            "leaves": "max_leaf_nodes",
            "depth": "max_depth",
            "least_rows": "min_samples_leaf",
            "l2": "l2_regularization",
        },
    },
    "fusions": {"concat": _FUSION, "gated": _FUSION, "attention": _FUSION},
    "objectives": {
        "classification": _CLASSES,
        "fixmatch": {**_CLASSES, "ratio": "unlabeled_ratio", "weight": "unlabeled_weight", "ramp": "ramp_up"},
        "adaptation": {**_CLASSES, "ratio": "unlabeled_ratio", "weight": "domain_weight"},
        "clustering": {
            "clusters": "n_clusters",
            "warm_up": "warmup",
            "weight": "clustering_weight",
            "latent": "latent_dim",
            "pixels": "pixel_likelihood",
        },
        "multilabel": {"positive_weight": "pos_weight"},
        "multitask": {"weights": "loss_weights"},
        "autoencoder": {
            "latent": "latent_dim",
            "pixels": "pixel_likelihood",
            "amount": "noise_level",
            "score": "anomaly_score",
            "false_alarm_rate": "false_positive_rate",
        },
        "vae": {"latent": "latent_dim", "pixels": "pixel_likelihood", "importance": "importance_samples"},
        "masked": {"rate": "mask_ratio", "patch": "patch_size"},
        "contrastive": {"projection": "projection_dim"},
        "gan": {"latent": "latent_dim", "growing": "upsampling", "penalty": "gradient_penalty"},
        "image-to-image": {
            "blocks": "residual_blocks",
            "alike": "l1_weight",
            "cycle": "cycle_weight",
            "same": "identity_weight",
        },
    },
    "optimizers": {
        "adagrad": {"initial": "initial_accumulator"},
        "rmsprop": {"centred": "centered"},
        "muon": {"rounds": "ns_steps"},
    },
    "schedules": {
        "constant": {"warm_up": "warmup"},
        "linear": _SCHEDULE,
        "exponential": _SCHEDULE,
        "cosine": _SCHEDULE,
        "one_cycle": {**_SCHEDULE, "start": "start_factor"},
        "step": {**_SCHEDULE, "drop": "gamma", "at": "milestones", "every": "step_size"},
        "plateau": {**_SCHEDULE, "on": "monitor", "drop": "factor", "tolerance": "min_delta"},
    },
    "trackers": {"mlflow": {"uri": "tracking_uri", "experiment": "experiment_name"}},
    "columns": {
        "image": {"depth": "bit_depth"},
        "text": {
            "tokens": "tokenizer",
            "vocabulary": "vocabulary_size",
            "least": "min_count",
            "length": "max_length",
            "lower": "lowercase",
            "width": "embedding_dim",
        },
        "audio": {"rate": "sample_rate", "seconds": "duration", "mels": "n_mels", "low": "f_min", "high": "f_max"},
    },
}
# Values of options, by the item and the name that the option has now.
OPTION_VALUES: Mapping[Group, Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "objectives": {
        "regression": {"loss": {"squared": "mse", "absolute": "mae"}},
        "forecasting": {"loss": {"squared": "mse", "absolute": "mae"}},
        "autoencoder": {"anomaly_score": {"surprise": "nll"}},
    },
    "schedules": {"plateau": {"monitor": FINDINGS}},
}
# Where items of which registry are named; an input's is its type.
SLOTS: Mapping[str, Group] = {
    "data.inputs.*": "columns",
    "network": "models",
    "network.over": "models",
    "network.encoders.*": "models",
    "network.encoders.*.over": "models",
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
_FINDING = re.compile(r"^(\s*)(\w+)")
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


def current(values: Mapping[str, Any], tell: Say = warn) -> dict[str, Any]:
    """Return the plain values of an experiment under today's names; each old one is said once.

    Raises UsageError where an entry is there under both its names.
    """
    said: dict[str, None] = {}
    result: dict[str, Any] = _walk(dict(values), (), None, said)
    for line in said:
        tell(line)
    return result


def is_old(values: Mapping[str, Any]) -> bool:
    """Say whether the plain values of an experiment have names of version 0.1."""
    said: dict[str, None] = {}
    _walk(dict(values), (), None, said)
    return bool(said)


def current_setting(values: Mapping[str, Any], path: str, value: Any, tell: Say = warn) -> tuple[str, Any]:
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
        tell(line)
    return ".".join(now), result


def current_schema(values: Any) -> Any:
    """Return the plain values of a fitted schema under today's names: its series are as experiments write them."""
    for one in values.get("inputs", ()) if isinstance(values, dict) else ():
        if not isinstance(one, dict):
            continue
        changes = {entry: one[entry] for entry in ("augment", "strong") if one.get(entry)}
        one.update(current({"data": {"inputs": {"one": changes}}}, quietly)["data"]["inputs"]["one"])
        window = one.get("window")
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
    for one in values.get("findings") or ():
        if isinstance(one, dict) and one.get("name") in FINDINGS:
            one["name"] = FINDINGS[one["name"]]
    metrics, run = values.get("metrics"), values.get("run")
    if isinstance(metrics, dict):
        values["metrics"] = {FINDINGS.get(name, name): _metric(one) for name, one in metrics.items()}
    if isinstance(run, dict) and "test_looks" in run:
        run["test_accesses"] = run.pop("test_looks")
    if values.get("schema") == 1:
        values["schema"] = 2
    return values


def _metric(value: Any) -> Any:
    known = isinstance(value, dict) and value.get("id") in FINDINGS
    return {**value, "id": FINDINGS[value["id"]]} if known else value


def finding(name: str, tell: Say = warn) -> str:
    """Return what a finding is called now; its name may have a group behind it, ``recall(cat)``."""
    base, bracket, group = name.partition("(")
    now = FINDINGS.get(base.strip())
    if now is None:
        return name
    tell(say("core.entry-renamed", old=base.strip(), new=now))
    return f"{now}{bracket}{group}"


def requirement(text: str, tell: Say = warn) -> str:
    """Return a requirement with the name that its finding has now."""
    found = _FINDING.match(text)
    return text if found is None else f"{found[1]}{finding(found[2], tell)}{text[found.end() :]}"


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
        name = value.get("type" if group == "columns" else "name") if isinstance(value, Mapping) else value
        return cls(group, name if isinstance(name, str) and name != "auto" else None)

    def inside(self, option: str) -> _Scope:
        """Return the scope inside an option."""
        return self._replace(option=(*self.option, option))

    def renamed(self, option: str) -> str:
        """Return what an option is called now; where no item is said, what it is called of any."""
        known = OPTIONS.get(self.group, {}) if not self.option else {}
        items = known if self.item is None else (self.item,)
        return next((known[item][option] for item in items if option in known.get(item, {})), option)

    def value(self, value: str) -> str:
        """Return what the value of an option is called now."""
        known = OPTION_VALUES.get(self.group, {})
        option = ".".join(self.option)
        items = known if self.item is None else (self.item,)
        return next((new for i in items if (new := known.get(i, {}).get(option, {}).get(value)) is not None), value)


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
    now = ITEMS.get(group.group, {}).get(value, value) if group else scope.value(value) if scope else value
    for place, names in VALUES.items():
        now = names.get(now, now) if _matches(path, place) else now
    if any(_matches(path, place) for place in _PATTERNS):
        now = tensor_name(value)
    if path in (("require",), ("require", "*")):
        return requirement(value, lambda line: said.update({line: None}))
    if now != value:
        said[_value_line(path, value, now)] = None
    return now


def _mapping(value: Mapping[Any, Any], path: Path, scope: _Scope | None, said: dict[str, None]) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for word, inner in value.items():
        new = _renamed_key(path, word, scope) if isinstance(word, str) else word
        if new != word:
            if new in value:
                raise UsageError(say("core.entry-twice", renamed=_line((*path, word), (*path, new))))
            said[_line((*path, word), (*path, new))] = None
        result[new] = _walk(inner, (*path, str(new)), scope and scope.inside(str(new)), said)
    return result


def _component(value: Mapping[Any, Any], group: Group, path: Path, said: dict[str, None]) -> Mapping[Any, Any]:
    """Return an item with its options in the one form whose names can be looked up, where any of them is an old one."""
    names = ITEMS.get(group, {})
    if group == "columns":
        return value
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
    return say("core.entry-renamed", old=".".join(old), new=".".join(new))


def _value_line(path: Path, old: str, new: str) -> str:
    place = ".".join(word for word in path if word != "*")
    return say("core.value-renamed", place=place, old=old, new=new)
