"""All commands. What they do is in `leadline.verbs`; torch is loaded only by a command that needs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from leadline.cli import lists, shown

app = typer.Typer(
    name="leadline",
    help="From a dataset to a trained deep network and a measured report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

Json = Annotated[bool, typer.Option("--json", help="Print the machine-readable form.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no notes.")]
SPLIT = (
    "random, group:COL (rows of a group stay together), time:COL (the latest rows are for testing), or a column that names parts."
)
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]


def _version(wanted: bool) -> None:
    if wanted:
        from leadline import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


@app.command()
def train(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="Folder, CSV, Parquet, Arrow or NPZ file, bundled set by name, or experiment.yaml."),
    ],
    test: Annotated[str | None, typer.Option(metavar="SOURCE", help="A second source that holds the test rows.")] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COL", help="The column to predict; several with commas: tasks, or class probabilities.")
    ] = None,
    positive: Annotated[str | None, typer.Option(metavar="LABEL", help="The class that sensitivity speaks of.")] = None,
    network: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="One of 'leadline models', file.py or file.py:Class; chosen from the data if not given."),
    ] = None,
    objective: Annotated[
        str | None, typer.Option(metavar="NAME", help="One of 'leadline objectives'; chosen from the target if not given.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the train rows; chosen from their number if not given.")] = None,
    seed: Annotated[int | None, typer.Option(help="Decides every random draw, random splits too; 0 if not given.")] = None,
    repeats: Annotated[
        int | None, typer.Option(min=1, help="Train this many times with different seeds; report the spread.")
    ] = None,
    inputs: Annotated[str | None, typer.Option(metavar="COL,COL", help="Use only these columns.")] = None,
    ignore: Annotated[str | None, typer.Option(metavar="COL,COL", help="Leave these columns out.")] = None,
    split: Annotated[str | None, typer.Option(metavar="HOW", help=SPLIT)] = None,
    require: Annotated[list[str] | None, typer.Option(metavar='"accuracy >= 0.95"', help="A bound to judge; repeatable.")] = None,
    max_time: Annotated[str | None, typer.Option(metavar="10m", help="Train no longer than this; the best so far ships.")] = None,
    max_energy: Annotated[str | None, typer.Option(metavar="5Wh", help="Train with no more energy than this.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="The run folder; runs/<name>-<n> if not given.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse data with unusable rows instead of setting them aside.")] = False,
    deterministic: Annotated[bool, typer.Option("--deterministic", help="Fix the execution plan; use repeatable kernels.")] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any entry of the experiment, such as training.batch=64; repeatable."),
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Train a network on a dataset, measure it, and write a run folder with its report."""
    from leadline.facts.requirement import exit_code
    from leadline.verbs.train import train as verb

    run = verb(
        source,
        test=test,
        target=target,
        network=network,
        objective=objective,
        epochs=epochs,
        seed=seed,
        repeats=repeats,
        inputs=_names(inputs),
        ignore=_names(ignore),
        split=split,
        positive=positive,
        max_time=max_time,
        max_energy=max_energy,
        require=tuple(require or ()),
        out=out,
        strict=strict or None,
        deterministic=deterministic or None,
        settings=tuple(settings or ()),
        quiet=quiet,
    )
    if run is None:  # one of several processes, and not the one that reports
        return 0
    shown.finished(run, as_json=json)
    return exit_code(run.report.requirements)


@app.command()
def resume(run: RunFolder, quiet: Quiet = False, json: Json = False) -> int:
    """Go on with a run that was interrupted, from its last checkpoint, to the same end."""
    from leadline.facts.requirement import exit_code
    from leadline.verbs.resume import resume as verb

    finished = verb(run, quiet=quiet)
    if finished is None:
        return 0
    shown.finished(finished, as_json=json)
    return exit_code(finished.report.requirements)


@app.command()
def evaluate(
    run: RunFolder,
    source: Annotated[
        str | None, typer.Argument(metavar="SOURCE", help="Rows to measure on; the run's own test rows if not given.")
    ] = None,
    require: Annotated[list[str] | None, typer.Option(metavar='"accuracy >= 0.95"', help="A bound to judge; repeatable.")] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Measure a run's network again, on its own test rows or on others."""
    from leadline.facts.requirement import exit_code
    from leadline.verbs.evaluate import evaluate as verb

    evaluation = verb(run, source, require=tuple(require or ()), quiet=quiet)
    shown.evaluated(evaluation, as_json=json)
    return exit_code(evaluation.verdicts)


@app.command()
def predict(
    run: RunFolder,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Rows to predict; the target is not needed.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="A .csv or .parquet file; stdout if not given.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Predict rows with a run's network."""
    from leadline.verbs.predict import check_name, write
    from leadline.verbs.predict import predict as verb

    check_name(out)
    table = verb(run, source, quiet=quiet)
    write(table, out, sys.stdout)
    if out is not None and not quiet:
        typer.echo(f"{table.height:,} rows written to {out}.", err=True)


@app.command()
def report(
    run: RunFolder,
    open_it: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    json: Json = False,
) -> None:
    """Print a run's report, or open its page."""
    from leadline.verbs.report import report as verb

    shown.reported(run, verb(run), as_json=json)
    if open_it:
        typer.launch(str((run / "report.html").resolve()))


@app.command()
def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN", help="Two run folders or more; the first is what the others are compared with.")
    ],
    json: Json = False,
) -> None:
    """Compare runs on the same test rows, with intervals on the differences."""
    from leadline.verbs.compare import compare as verb

    shown.compared(verb(*runs), as_json=json)


@app.command()
def runs(
    folder: Annotated[Path, typer.Argument(help="Where runs lie.")] = Path("runs"),
    json: Json = False,
) -> None:
    """List runs, finished and not."""
    from leadline.verbs.runs import runs as verb

    shown.listed(verb(folder), as_json=json)


@app.command()
def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove everything that is cached; it is made again when needed.")] = False,
) -> None:
    """Show where encoded data is kept and how much there is."""
    from leadline.verbs.cache import cache as verb

    typer.echo(verb(clear=clear))


@app.command()
def models(json: Json = False) -> None:
    """List the networks that can be trained."""
    lists.show("models", as_json=json)


@app.command()
def objectives(json: Json = False) -> None:
    """List what a network can be trained for."""
    lists.show("objectives", as_json=json)


@app.command()
def datasets(json: Json = False) -> None:
    """List the bundled datasets."""
    lists.show("datasets", as_json=json)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else ()
