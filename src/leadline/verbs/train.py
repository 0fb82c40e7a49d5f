"""Train a network on a dataset and measure it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from leadline.data.dataset import Dataset, prepare
from leadline.facts.experiment import Experiment
from leadline.facts.requirement import Requirement
from leadline.facts.schema import Schema
from leadline.measuring.evaluate import levels_for
from leadline.metrics.provable import needed
from leadline.run import folder as files
from leadline.run.run import Run
from leadline.training import distributed
from leadline.verbs.compose import compose
from leadline.verbs.environment import described, write_environment
from leadline.verbs.fitting import fit_run
from leadline.verbs.job import Job
from leadline.verbs.progress import Progress, Silent, progress
from leadline.verbs.repeating import repeat
from leadline.verbs.reporting import finish
from leadline.verbs.resolve import resolve

PROPORTIONS = ("accuracy",)  # requirements on these are judged on Wilson's interval, so what they need can be said beforehand


def train(
    source: object,
    *,
    test: str | None = None,
    target: str | None = None,
    network: str | nn.Module | None = None,
    objective: str | None = None,
    epochs: int | None = None,
    batch: int | None = None,
    seed: int | None = None,
    repeats: int = 1,
    inputs: Sequence[str] = (),
    ignore: Sequence[str] = (),
    split: str | None = None,
    require: Sequence[str] = (),
    out: str | Path | None = None,
    name: str | None = None,
    strict: bool | None = None,
    deterministic: bool | None = None,
    settings: Mapping[str, Any] | Sequence[str] = (),
    quiet: bool = False,
) -> Run | None:
    """Train a network on `source`, measure it, and return the run.

    `source` is a path, a bundled name, an experiment file, an `Experiment`, or data in memory: a polars or pandas frame, a mapping
    of arrays, or ``(X, y)``. `settings` are further entries of the experiment, by dotted path. `repeats` runs with different
    seeds go into ``<out>/repeats``. Under torchrun every process calls this; only the first returns the run, the others None.

    Raises UsageError and DataError before anything is written, TrainingFailed and Interrupted with what is left on disk.
    """
    experiment, memory, modules = compose(
        source,
        network=network,
        require=require,
        settings=settings,
        test=test,
        target=target,
        objective=objective,
        epochs=epochs,
        batch=batch,
        seed=seed,
        inputs=tuple(inputs),
        ignore=tuple(ignore),
        split=split,
        name=name,
        strict=strict,
        deterministic=deterministic,
    )
    where = Path(out) if out is not None else None
    with distributed.joined(experiment.training.plan.device) as world, progress(quiet or not world.is_main) as shown:
        if world.is_main:
            files.check_writable(where)
        job = Job(experiment, memory, modules, world, shown)
        run = train_one(job, where)
        return repeat(job, run, repeats) if repeats > 1 else run


def train_one(job: Job, out: Path | None) -> Run | None:
    """Prepare, resolve, train, measure and report one run; None in processes that are not the first."""
    if not job.world.is_main:
        job.world.barrier()  # the first process fills the cache; the others then find it filled
    dataset = prepare(job.experiment.data, job.memory, seed=job.experiment.seed, progress=job.shown.stage)
    if job.world.is_main:
        job.world.barrier()
    modules = _by_input(job.modules, dataset.schema)
    job = job.of(resolve(job.experiment, dataset.schema, len(dataset.parts["train"]), modules), modules)
    tell(dataset, job.experiment, job.shown)
    folder = Path(job.world.share(str(_create(job.experiment, dataset, out)) if job.world.is_main else None))
    trained = fit_run(folder, job, dataset)
    if not job.world.is_main:
        return None
    finish(folder, job, dataset, trained)
    return Run(folder, modules=modules or None)


def _create(experiment: Experiment, dataset: Dataset, out: Path | None) -> Path:
    """Make the run folder with everything that decides the run, before the first step."""
    folder = files.create(out, experiment.name or dataset.name)
    files.write(folder / files.EXPERIMENT, experiment.to_yaml())
    files.write(folder / files.SCHEMA, dataset.schema.model_dump_json(indent=1))
    write_environment(folder, described(dataset))
    if dataset.set_aside.height:
        dataset.set_aside.write_parquet(folder / "set_aside.parquet")
    return folder


def _by_input(modules: Mapping[str, nn.Module], schema: Schema) -> Mapping[str, nn.Module]:
    """Return a user's modules by input name, where ``"*"`` stands for the only input."""
    return {schema.inputs[0].name: modules["*"]} if "*" in modules else modules


def tell(dataset: Dataset, experiment: Experiment, shown: Progress) -> None:
    """Say what was understood: rows, columns and their kinds, what was set aside, what can be proven."""
    if isinstance(shown, Silent) and type(shown) is Silent:
        return
    counts = ", ".join(f"{len(part):,} {name}" for name, part in dataset.parts.items())
    shown.note(f"{dataset.name}: {counts} rows ({dataset.split_by})")
    for one in dataset.schema.inputs:
        shape = "×".join(map(str, one.shape))
        columns = ", ".join(f"{f.name} ({f.kind})" for f in one.fields[:12]) + (" …" if len(one.fields) > 12 else "")
        shown.note(f"input {one.name}, {shape}: {columns}")
    goal = dataset.schema.target
    if goal is not None:
        classes = dataset.schema.classes
        words = f"{len(classes)} classes: {', '.join(classes[:12])}{' …' if len(classes) > 12 else ''}" if classes else "a number"
        shown.note(f"target {goal.name}: {words}")
    for note in dataset.notes:
        shown.note(note)
    if dataset.set_aside.height:
        first = dataset.set_aside.row(0, named=True)
        shown.note(f"{dataset.set_aside.height} rows set aside, such as {first['file']}, row {first['row']}: {first['reason']}")
    for line in provable(experiment, len(dataset.parts.get("test", ()))):
        shown.note(line)


def provable(experiment: Experiment, rows: int) -> list[str]:
    """Return, for each requirement on a proportion, how many of `rows` test rows it takes to prove it."""
    lines = []
    requirements = [Requirement.parse(text) for text in experiment.require]
    level = levels_for(len(requirements))[-1]
    for requirement in requirements:
        if requirement.name not in PROPORTIONS or requirement.op not in (">=", ">"):
            continue
        right = needed(rows, requirement.bound, requirement.op, level)
        enough = f"needs {right:,} right" if right is not None else "cannot be proven, even with all right"
        lines.append(f"With {rows:,} test rows, {requirement.text} {enough}.")
    return lines
