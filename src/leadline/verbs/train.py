"""Train a network on a dataset and measure it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from leadline.core.catalogue import say
from leadline.errors import UsageError
from leadline.pipeline.context import RunContext
from leadline.pipeline.progress import progress
from leadline.pipeline.resolving.compose import compose
from leadline.pipeline.several.repeats import with_repeats
from leadline.pipeline.train import train_run
from leadline.run import folder as files
from leadline.training import distributed
from leadline.verbs.load import Run, opened


def train(
    source: object,
    *,
    test: str | None = None,
    target: str | Sequence[str] | None = None,
    positive: str | None = None,
    network: str | nn.Module | None = None,
    objective: str | None = None,
    epochs: int | None = None,
    batch: int | None = None,
    seed: int | None = None,
    repeats: int | None = None,
    inputs: Sequence[str] = (),
    ignore: Sequence[str] = (),
    split: str | None = None,
    lookback: int | None = None,
    horizon: int | None = None,
    item: str | None = None,
    init: str | Path | Run | None = None,
    freeze: str | Sequence[str] = (),
    require: Sequence[str] = (),
    max_time: str | float | None = None,
    max_energy: str | float | None = None,
    out: str | Path | None = None,
    name: str | None = None,
    strict: bool | None = None,
    deterministic: bool | None = None,
    settings: Mapping[str, Any] | Sequence[str] = (),
    quiet: bool = False,
) -> Run | None:
    """Train a network on `source`, measure it, and return the run.

    `source` is a path, a bundled name, an experiment file, an `Experiment`, or data in memory: a polars or pandas
    frame, a mapping of arrays, or ``(X, y)``. With a `horizon` a table is a series, whose next steps are forecast. With
    `init` the encoders begin with the weights of a finished run, where they fit; `freeze` names parameters that stay as
    they begin (``"encoders"``). `settings` are further entries of the experiment, by dotted path. `repeats` runs with
    different seeds go into ``<out>/repeats``. Under torchrun every process calls this; only the first returns the run,
    the others None.

    Raises UsageError and DataError before anything is written, TrainingFailed and Interrupted with what is left on
    disk.
    """
    experiment, memory, modules = compose(
        source,
        network=network,
        require=require,
        settings=settings,
        test=test,
        target=target,
        positive=positive,
        max_time=max_time,
        max_energy=max_energy,
        objective=objective,
        epochs=epochs,
        batch=batch,
        seed=seed,
        repeats=repeats,
        inputs=_names(inputs),
        ignore=_names(ignore),
        split=split,
        lookback=lookback,
        horizon=horizon,
        item=item,
        init=init,
        freeze=freeze,
        name=name,
        strict=strict,
        deterministic=deterministic,
    )
    if experiment.data.split.every_fold:
        raise UsageError(say("verbs.data-split-folds-names"))
    where = Path(out).expanduser() if out is not None else None
    with distributed.joined(experiment.training.plan.device) as world, progress(quiet or not world.is_main) as shown:
        if world.is_main:
            files.check_writable(where)
        run_context = RunContext(experiment, memory, modules, world, shown)
        return opened(with_repeats(run_context, train_run(run_context, where)))


def _names(names: Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
