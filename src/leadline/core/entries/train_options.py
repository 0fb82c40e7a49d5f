"""The options of a training, declared once: what each is called and takes, and which entry of the experiment it is.

The flags of ``leadline train`` and ``leadline crossval``, the keywords of `leadline.train` and `leadline.crossval` with
their help, and where each goes in an experiment are made of this; estimators are held to it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypedDict, get_type_hints

Form = Literal["text", "number", "names", "repeated", "switch", "spec"]


class Option(NamedTuple):
    """One option: its help, the dotted `entry` of the experiment that it stands for (None where it stands for none),
    and how the command line takes it.

    `form` says how a flag's text is read: as it is, as a number, as names with commas between, once or several times,
    as true where it is there, or as a name or a mapping in YAML. `flag` and `short` are what the flag is called, None
    the option's own name; `only` says where alone it is offered, and `estimators` whether those of scikit-learn's form
    have it too; `old` is what version 0.1 called it.
    """

    help: str
    entry: str | None = None
    metavar: str | None = None
    form: Form = "text"
    flag: str | None = None
    short: str | None = None
    only: Literal["command line", "python"] | None = None
    old: str | None = None
    estimators: bool = False


Part = str | Mapping[str, Any] | Callable[..., Any]  # by name, by name with options, or an object of one's own


class SharedOptions(TypedDict, total=False):
    """Options of every training; None and what is left out mean: chosen from the data."""

    target: Annotated[
        str | Sequence[str] | None,
        Option("The column to predict; or several, separated by commas: one per task or class.", "data.target", "COL"),
    ]
    validation: Annotated[
        str | None, Option("A separate source with the validation rows.", "data.validation", "SOURCE")
    ]
    test: Annotated[str | None, Option("A separate source with the test rows.", "data.test", "SOURCE")]
    split: Annotated[
        str | None,
        Option(
            "random, group:COL (rows of a group stay together), time:COL (the latest rows are the test set;"
            " time:COL:360d/120d/120d sets the length of each subset), or a column with each row's subset.",
            "data.split",
            "HOW",
        ),
    ]
    inputs: Annotated[str | Sequence[str] | None, Option("Use only these columns.", "data.columns", "COL,COL", "names")]
    ignore: Annotated[str | Sequence[str] | None, Option("Leave these columns out.", "data.ignore", "COL,COL", "names")]
    positive: Annotated[
        str | None,
        Option("Which of two classes is the positive one, as for sensitivity and precision.", "data.positive", "LABEL"),
    ]
    strict: Annotated[
        bool | None,
        Option("Stop if the data has invalid rows, instead of dropping them.", "data.strict", form="switch"),
    ]
    horizon: Annotated[
        int | None,
        Option(
            "Forecast horizon: the number of steps to forecast, of the target or of all numeric columns; for"
            " tables in time order.",
            "data.series.horizon",
            "N",
            "number",
        ),
    ]
    context_length: Annotated[
        int | None,
        Option(
            "Number of past steps that a forecast uses; chosen if not given.",
            "data.series.context_length",
            "N",
            "number",
            old="lookback",
        ),
    ]
    series_id: Annotated[
        str | None,
        Option(
            "The column that identifies each row's series, if there are several.",
            "data.series.series_id",
            "COL",
            old="item",
        ),
    ]
    network: Annotated[
        Part | None,
        Option(
            "One of 'leadline models', file.py or file.py:Class; chosen from the data if not given.",
            "network",
            "NAME",
            "spec",
            estimators=True,
        ),
    ]
    objective: Annotated[
        Part | None,
        Option("One of 'leadline objectives'; chosen from the target if not given.", "objective", "NAME", "spec"),
    ]
    loss: Annotated[
        Part | None,
        Option(
            "A loss of your own, file.py:NAME or module:NAME: a function of scores and targets, or an nn.Module, that"
            " returns one value per example.",
            "objective.loss",
            "FILE:NAME",
            "spec",
            estimators=True,
        ),
    ]
    init: Annotated[
        Any, Option("Initialise from this run: its encoders, with its weights where they fit.", "init", "RUN")
    ]
    freeze: Annotated[
        str | Sequence[str] | None,
        Option(
            "Do not train these parameters: encoders, head, encoders.image.preprocessor …",
            "training.freeze",
            "PATTERN,…",
            "names",
        ),
    ]
    epochs: Annotated[
        int | None,
        Option(
            "Number of epochs; chosen from the number of training rows if not given.",
            "training.epochs",
            "N",
            "number",
            estimators=True,
        ),
    ]
    batch: Annotated[
        int | None,
        Option(
            "Batch size; chosen from the number of training rows if not given.",
            "training.batch",
            "N",
            "number",
            estimators=True,
        ),
    ]
    members: Annotated[
        int | None,
        Option(
            "Train an ensemble of so many networks side by side, and average what they predict.",
            "training.members",
            "N",
            "number",
            estimators=True,
        ),
    ]
    lr: Annotated[
        float | Literal["auto"] | None,
        Option(
            "The learning rate; auto for a range test; the optimizer's default if not given.",
            "training.optimizer.lr",
            "RATE",
            "number",
            estimators=True,
        ),
    ]
    optimizer: Annotated[
        Part | None,
        Option(
            "One of 'leadline optimizers', or a class of torch.optim.Optimizer, file.py:Class; adamw if not given.",
            "training.optimizer",
            "NAME",
            "spec",
            estimators=True,
        ),
    ]
    schedule: Annotated[
        Part | None,
        Option(
            "How the learning rate changes, one of 'leadline schedules'; one_cycle if not given.",
            "training.schedule",
            "NAME",
            "spec",
            estimators=True,
        ),
    ]
    max_time: Annotated[
        str | float | None,
        Option(
            "Maximum training time (90s, 10m, 1h30m; a plain number is in seconds), validation included; the"
            " schedule adapts to it.",
            "training.max_time",
            "10m",
        ),
    ]
    max_energy: Annotated[
        str | float | None,
        Option(
            "Maximum training energy (5Wh, 20kJ; a plain number is in watt-hours), measured by energy counters"
            " if available, otherwise estimated.",
            "training.max_energy",
            "5Wh",
        ),
    ]
    seed: Annotated[
        int | None,
        Option(
            "Random seed of everything except the split, which has data.split.seed; 0 if not given.",
            "seed",
            "N",
            "number",
        ),
    ]
    device: Annotated[
        str | None,
        Option(
            "cpu, cuda or mps; the fastest available if not given.", "training.plan.device", "NAME", estimators=True
        ),
    ]
    threads: Annotated[
        int | None,
        Option(
            "Number of CPU threads; the fastest in a timing test if not given.",
            "training.plan.threads",
            "N",
            "number",
            estimators=True,
        ),
    ]
    deterministic: Annotated[
        bool | None,
        Option("Fix the execution plan and use deterministic kernels.", "training.deterministic", form="switch"),
    ]
    require: Annotated[
        str | Sequence[str], Option("A requirement to check; repeatable.", "require", '"accuracy >= 0.95"', "repeated")
    ]
    out: Annotated[str | Path | None, Option("The run folder; runs/<name>-<n> if not given.", None, "DIR")]
    name: Annotated[
        str | None, Option("Name of the run folder; the source's name if not given.", "name", only="python")
    ]
    settings: Annotated[
        Mapping[str, Any] | Sequence[str],
        Option(
            "Any entry of the experiment by its dotted path, such as training.clip=1; repeatable.",
            None,
            "KEY=VALUE",
            "repeated",
            flag="set",
            estimators=True,
        ),
    ]
    quiet: Annotated[bool, Option("Show no progress and no notes.", form="switch", short="q")]


class TrainOptions(SharedOptions, total=False):
    """Options of `leadline.train`."""

    repeats: Annotated[
        int | None,
        Option("Train this many times with different seeds; report the spread.", "repeats", "N", "number"),
    ]


class CrossvalOptions(SharedOptions, total=False):
    """Options of `leadline.crossval`."""

    folds: Annotated[int | None, Option("Number of folds; 5 if not given.", "data.split.folds", "N", "number")]


@cache
def declared(options: type) -> Mapping[str, Option]:
    """Return the options that a class declares, by name in its order."""
    hints = get_type_hints(options, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items()}


OPTIONS: Mapping[str, Option] = {**declared(TrainOptions), **declared(CrossvalOptions)}
# The entry of the experiment that an option stands for, and the option that stands for an entry.
PLACES: Mapping[str, str] = {name: one.entry for name, one in OPTIONS.items() if one.entry}
AT: Mapping[str, str] = {entry: name for name, entry in PLACES.items()}
OLD: Mapping[str, str] = {one.old: name for name, one in OPTIONS.items() if one.old}
VERBS: Mapping[str, type] = {"train": TrainOptions, "crossval": CrossvalOptions}


def verbs_with(name: str) -> list[str]:
    """Return the verbs that have an option of a name."""
    return [verb for verb, options in VERBS.items() if name in declared(options)]


def flag(name: str) -> str:
    """Return the flag of an option."""
    return f"--{(OPTIONS[name].flag or name).replace('_', '-')}"
