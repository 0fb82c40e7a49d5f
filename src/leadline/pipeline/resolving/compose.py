"""From what a user wrote (a source, an experiment file, options) to one experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from leadline.core import renamed, yaml_io
from leadline.core.catalogue import say
from leadline.core.experiment import Experiment, put, with_setting, with_settings
from leadline.errors import UsageError
from leadline.models.custom import name_of

# The entry of the experiment that each flag stands for.
PLACES: Mapping[str, str] = {
    "test": "data.test",
    "target": "data.target",
    "positive": "data.positive",
    "max_time": "training.max_time",
    "max_energy": "training.max_energy",
    "inputs": "data.columns",
    "ignore": "data.ignore",
    "split": "data.split",
    "lookback": "data.series.context_length",
    "horizon": "data.series.horizon",
    "item": "data.series.series_id",
    "strict": "data.strict",
    "objective": "objective",
    "epochs": "training.epochs",
    "batch": "training.batch",
    "deterministic": "training.deterministic",
    "init": "init",
    "freeze": "training.freeze",
    "seed": "seed",
    "repeats": "repeats",
    "name": "name",
}


def compose(
    source: object,
    *,
    network: object = None,
    require: Sequence[str] = (),
    settings: Mapping[str, Any] | Sequence[str] = (),
    **options: Any,
) -> tuple[Experiment, object | None, Mapping[str, nn.Module]]:
    """Return the experiment, the in-memory source (None where it is a path or a name), and a user's own modules by
    input name.

    `source` may be an `Experiment`, an experiment file, a path, a bundled name, or data in memory. `options` are
    entries of the experiment by their flag's name; None means not given.
    """
    _check_target(options.get("target"))
    values, memory = _base(source)
    modules: dict[str, Any] = {}
    if callable(network):  # a module, its class, or what else makes one
        modules = {"*": network}
        network = name_of(network)
    options["init"] = _run(options.get("init"))
    options["freeze"] = _patterns(options.get("freeze", ()))
    require = (require,) if isinstance(require, str) else require
    settings = (settings,) if isinstance(settings, str) else settings
    given = {
        PLACES[name]: value
        for name, value in options.items()
        if value is not None and not (isinstance(value, tuple) and not value)
    }
    if network is not None:
        given["network"] = network
    for path, value in given.items():
        values = put(values, path, value)
    if isinstance(settings, Mapping):
        for path, value in settings.items():
            values = with_setting(values, path, value)
    else:
        values = with_settings(values, tuple(settings))
    if require:
        values["require"] = [*values.get("require", ()), *require]
    return Experiment.parse(values), memory, modules


def _check_target(target: object) -> None:
    """Raise UsageError where the target is no name or names of columns, but the values, as other libraries take
    them.
    """
    names = target if isinstance(target, list | tuple) else (target,)
    if target is not None and not all(isinstance(name, str) for name in names):
        raise UsageError(say("pipeline.target-names-column-source", type=type(target).__name__))


def _run(init: object) -> str | None:
    """Return the folder of the run that weights are to come from: a path, or a `Run`."""
    init = getattr(init, "folder", init)
    if init is not None and not isinstance(init, str | Path):
        raise UsageError(say("pipeline.init-names-run-folder", type=type(init).__name__))
    return None if init is None else str(init)


def _patterns(freeze: str | Sequence[str]) -> tuple[str, ...]:
    """Return patterns of names of parameters; ``encoders``, ``head`` or ``encoders.image`` stand for all that is in
    them.
    """
    written = [one.strip() for one in freeze.split(",")] if isinstance(freeze, str) else freeze
    names = renamed.current({"training": {"freeze": written}})["training"]["freeze"]
    return tuple(f"{name}.*" if _is_part(name) else name for name in names if name)


def _is_part(name: str) -> bool:
    return not set(name) & set("*?[") and name.count(".") < (2 if name.startswith("encoders.") else 1)


def _base(source: object) -> tuple[dict[str, Any], object | None]:
    if isinstance(source, Experiment):
        return source.model_dump(mode="json", exclude_unset=True), None
    if isinstance(source, str | Path):
        if str(source).endswith((".yaml", ".yml")):
            file = Path(source)
            values = yaml_io.load_mapping(file)
            _check_source(values, file)
            return renamed.current(values), None
        return {"data": {"source": str(source)}}, None
    return {"data": {"source": ""}}, source


def _check_source(values: Mapping[str, Any], file: Path) -> None:
    data = values.get("data")
    if not isinstance(data, Mapping) or not data.get("source"):
        raise UsageError(say("pipeline.data-source-missing-where", file=file))
