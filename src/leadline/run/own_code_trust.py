"""Whether the code that a run names may be run: a run folder is data, wherever it comes from.

A run that was trained with a network of the user's own names its file or module, and opening the network runs that.
Nothing in a folder does so by itself: the user says so (``--trust-code``, ``trust_code=True``), or gives the network
again (``modules=``), or has named the same code in this process before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from leadline.core import own_code
from leadline.core.catalogue import say
from leadline.core.experiment import Experiment
from leadline.errors import RunError, UsageError
from leadline.run.environment import environment_for

OWN_CODE = "own_code"  # in environment.json: the sha256 of each file of own code, by the name that leads to it


def own_code_of(experiment: Experiment) -> dict[str, str]:
    """Return the sha256 of each file of own code that an experiment names, by that name."""
    hashes = ((name, own_code.sha256_of_file(name)) for name in dict.fromkeys(_names(_parts(experiment))))
    return {name: digest for name, digest in hashes if digest is not None}


def check_code(
    folder: Path,
    experiment: Experiment,
    modules: Mapping[str, Callable[..., Any]] | None,
    *,
    trusted: bool,
    training: bool = False,
) -> None:
    """Raise RunError where a run names code that may not be run, or that is not what it was trained with.

    `modules` are networks that the user gave again, by input name. With `training` losses and optimizers count, too;
    a network alone needs none of them.
    """
    given = modules or {}
    own = {} if "*" in given else {key: one for key, one in experiment.network.encoders.items() if key not in given}
    named = _names([one.model_dump(mode="json") for one in own.values()])
    names = dict.fromkeys([*named, *(_names(_parts(experiment)[1:]) if training else ())])
    unknown = [name for name in names if not own_code.has_run(name)]
    recorded: Mapping[str, str] = environment_for(folder).get(OWN_CODE, {}) if unknown else {}
    for name in unknown:
        if "<" in name:  # of a class within a function, which no name leads to
            raise UsageError(say("models.own-network-again", asked=name))
        if name in recorded and own_code.sha256_of_file(name) not in (None, recorded[name]):
            raise RunError(say("run.code-changed", folder=folder, code=name, digest=recorded[name][:16]))
        if not trusted:
            raise RunError(say("run.code-not-trusted", folder=folder, code=name))


def _parts(experiment: Experiment) -> list[Any]:
    values = experiment.model_dump(mode="json")
    return [values["network"], values.get("objective"), values["training"]]


def _names(values: Any) -> Iterator[str]:
    """Yield the names of own code that stand anywhere in plain values; objects of this process are known otherwise."""
    if isinstance(values, Mapping):
        for value in () if own_code.OBJECT in values.get("options", values) else values.values():
            yield from _names(value)
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _names(value)
    elif isinstance(values, str) and own_code.is_own(values):
        yield values
