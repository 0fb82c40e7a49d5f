"""From what a user wrote (a source, an experiment file, options) to one experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from leadline.core import own_code, yaml_io
from leadline.core.catalogue import say
from leadline.core.entries import renamed
from leadline.core.entries.shapes import items
from leadline.core.entries.surface import named, note_marks, note_override
from leadline.core.entries.train_options import OPTIONS, PLACES
from leadline.core.entries.writing import shown
from leadline.core.entries.wrong_values import check_number, check_place, together
from leadline.core.experiment import Experiment
from leadline.core.settings import parsed_setting, with_setting
from leadline.data.sources.standard_input import standing_for
from leadline.errors import UsageError
from leadline.models.custom import name_of
from leadline.objectives.own_loss import component_of as loss_component
from leadline.training.optim.own import component_of as optimizer_component


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

    `source` may be an `Experiment`, an experiment file, a path, a bundled name, or data in memory. `options` are those
    of `core/entries/train_options.py` that stand for an entry; None means not given. Raises UsageError naming what is
    wrong as it was written.
    """
    _check_target(options.get("target"))
    values, memory = _base(source)
    modules: dict[str, Any] = {}
    if callable(network):  # a module, its class, or what else makes one
        modules = {"*": network}
        own_code.note_given(network.func if isinstance(network, partial) else network)
        network = name_of(network)
    for name, component_of in (("loss", loss_component), ("optimizer", optimizer_component)):
        if options.get(name) is not None and not isinstance(options[name], str | Mapping):
            options[name] = component_of(options[name]).model_dump(mode="json")
    options["init"] = _run(options.get("init"))
    options["freeze"] = _patterns(options.get("freeze") or ())
    options["inputs"], options["ignore"] = _names(options.get("inputs")), _names(options.get("ignore"))
    _check_numbers(options)
    given = {PLACES[name]: value for name, value in {"network": network, **options}.items() if _is_given(value)}
    for path in sorted(given, key=lambda entry: entry.count(".")):  # an optimizer before its learning rate
        values = with_setting(values, path, given[path])
        note_override(path)
    mistakes = list[str]()
    for path, value in _settings(settings):
        place = renamed.current_setting(values, path, value, renamed.quietly)[0]
        try:
            check_place(place, value, Experiment)
        except UsageError as error:
            mistakes.append(str(error))
            continue
        if place in given and given[place] != value:
            both = {"first": shown(given[place]), "second": shown(value)}
            raise UsageError(say("options.two-values", option=named(place), entry=place, **both))
        values = with_setting(values, path, value)
        note_override(path)
    bounds = (require,) if isinstance(require, str) else require
    if bounds:
        values["require"] = [*items(values.get("require")), *bounds]
    try:
        experiment = Experiment.parse(values)
    except UsageError as error:
        mistakes += str(error).splitlines()
    if mistakes:
        raise UsageError(together(mistakes))
    return experiment, memory, modules


def _is_given(value: object) -> bool:
    return value is not None and not (isinstance(value, tuple) and not value)


def _names(names: object) -> object:
    """Return names of columns as a tuple, where they are names."""
    if isinstance(names, str):
        return (names,)
    return tuple(names) if isinstance(names, Sequence) else names


def _settings(settings: str | Mapping[str, Any] | Sequence[str]) -> list[tuple[str, Any]]:
    """Return further entries with their values, whose text is read as YAML; raises UsageError where one has none."""
    if isinstance(settings, Mapping):
        return list(settings.items())
    return [parsed_setting(one) for one in ((settings,) if isinstance(settings, str) else settings)]


def _check_target(target: object) -> None:
    """Raise UsageError where the target is no name or names of columns, but the values, as other libraries take
    them.
    """
    names = target if isinstance(target, list | tuple) else (target,)
    if target is not None and not all(isinstance(name, str) for name in names):
        raise UsageError(say("pipeline.target-type", type=type(target).__name__))


def _check_numbers(options: Mapping[str, object]) -> None:
    """Raise UsageError where text stands in the place of a number; on the command line it is read before."""
    for name, value in options.items():
        if OPTIONS[name].form == "number":
            check_number(PLACES[name], value)


def _run(init: object) -> str | None:
    """Return the folder of the run that weights are to come from: a path, or a `Run`."""
    init = getattr(init, "folder", init)
    if init is not None and not isinstance(init, str | Path):
        raise UsageError(say("pipeline.init-type", type=type(init).__name__))
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
    source = standing_for(source)
    if isinstance(source, Experiment):
        return source.model_dump(mode="json", exclude_unset=True), None
    if isinstance(source, str | Path):
        if str(source).endswith((".yaml", ".yml")):
            file = Path(source)
            values, marks = yaml_io.load_marked(file)
            # marks are kept by the names that entries have now
            note_marks(
                {renamed.current_setting(values, old, None, renamed.quietly)[0]: at for old, at in marks.items()}
            )
            _check_source(values, file)
            return renamed.current(values), None
        return {"data": {"source": str(source)}}, None
    return {"data": {"source": ""}}, source


def _check_source(values: Mapping[str, Any], file: Path) -> None:
    data = values.get("data")
    if not isinstance(data, Mapping) or not data.get("source"):
        raise UsageError(say("pipeline.source-missing", file=file))
