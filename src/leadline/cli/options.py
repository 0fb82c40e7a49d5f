"""The options of commands: what each is called, takes and means, said once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

SPLIT = (
    "random, group:COL (rows of a group stay together), time:COL (the latest rows are for testing;"
    " time:COL:360d/120d/120d says how long each part is), or a column that names parts."
)
Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE", help="Folder, CSV, Parquet, Arrow or NPZ file, bundled set by name, or experiment.yaml."
    ),
]
Test = Annotated[str | None, typer.Option(metavar="SOURCE", help="A second source that holds the test rows.")]
Target = Annotated[
    str | None,
    typer.Option(metavar="COL", help="The column to predict; several with commas: tasks, or class probabilities."),
]
Positive = Annotated[str | None, typer.Option(metavar="LABEL", help="The class that sensitivity speaks of.")]
Network = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="One of 'leadline models', file.py or file.py:Class; chosen from the data if not given."
    ),
]
Objective = Annotated[
    str | None, typer.Option(metavar="NAME", help="One of 'leadline objectives'; chosen from the target if not given.")
]
Epochs = Annotated[int | None, typer.Option(help="Passes over the train rows; chosen from their number if not given.")]
Seed = Annotated[int | None, typer.Option(help="Decides every random draw, random splits too; 0 if not given.")]
Repeats = Annotated[
    int | None, typer.Option(min=1, help="Train this many times with different seeds; report the spread.")
]
Inputs = Annotated[str | None, typer.Option(metavar="COL,COL", help="Use only these columns.")]
Ignore = Annotated[str | None, typer.Option(metavar="COL,COL", help="Leave these columns out.")]
Split = Annotated[str | None, typer.Option(metavar="HOW", help=SPLIT)]
Lookback = Annotated[
    int | None, typer.Option(min=1, help="Steps of a series that are looked back on; chosen if not given.")
]
Horizon = Annotated[
    int | None,
    typer.Option(min=1, help="Forecast so many next steps of a table in time order: of the target, or of all numbers."),
]
Item = Annotated[
    str | None, typer.Option(metavar="COL", help="The column that says whose rows they are, of several series.")
]
Require = Annotated[list[str] | None, typer.Option(metavar='"accuracy >= 0.95"', help="A bound to judge; repeatable.")]
MaxTime = Annotated[
    str | None,
    typer.Option(metavar="10m", help="Train no longer than this, validation included; the schedule fits itself to it."),
]
MaxEnergy = Annotated[
    str | None,
    typer.Option(
        metavar="5Wh", help="Train with no more energy than this: from counters where there are any, else estimated."
    ),
]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="The run folder; runs/<name>-<n> if not given.")]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse data with unusable rows instead of setting them aside.")]
Deterministic = Annotated[bool, typer.Option("--deterministic", help="Fix the execution plan; use repeatable kernels.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Any entry of the experiment, such as training.batch=64; repeatable."
    ),
]
Init = Annotated[
    Path | None,
    typer.Option(metavar="RUN", help="Begin with the weights of this run where they fit, and take its networks."),
]
Freeze = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN,…", help="Keep these parameters as they begin: encoders, head, encoders.image.preprocessor …"
    ),
]
Folds = Annotated[int | None, typer.Option(min=2, help="How many folds; 5 if not given.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no notes.")]
Json = Annotated[bool, typer.Option("--json", help="Print the machine-readable form.")]


def entries(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a training command's arguments as its verb takes them: names split at commas, flags that were not given
    left open.
    """
    plain = {name: value for name, value in given.items() if name != "json"}
    for name in ("inputs", "ignore", "freeze"):
        plain[name] = tuple(one.strip() for one in (plain[name] or "").split(",") if one.strip())
    for name in ("require", "settings"):
        plain[name] = tuple(plain[name] or ())
    for name in ("strict", "deterministic"):
        plain[name] = plain[name] or None
    return plain
