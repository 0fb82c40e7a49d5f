"""All commands. What they do is in `leadline.verbs`; torch is loaded only by a command that needs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from leadline.cli import completion, options, output, registry_lists, rows
from leadline.cli.command import App
from leadline.cli.training_flags import training
from leadline.core.catalogue import say
from leadline.core.entries.train_options import CrossvalOptions, TrainOptions
from leadline.errors import UsageError

app = App(
    name="leadline",
    help="Train a deep network on a dataset and measure it in a report.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _version(show: bool) -> None:
    if show:
        from leadline import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
@training(TrainOptions)
def train(source: str, given: dict[str, Any], json: bool) -> int:
    """Train a network on a dataset, evaluate it and write a report."""
    from leadline.core.requirement import exit_code
    from leadline.verbs.train import train as verb

    run = verb(source, **given)
    if run is None:  # one of several processes, and not the one that reports
        return 0
    output.finished(run, as_json=json)
    return exit_code(run.report.requirements)


@app.command()
@training(CrossvalOptions)
def crossval(source: str, given: dict[str, Any], json: bool) -> int:
    """Cross-validate: train one network per fold; splits random, group:COL or time:COL."""
    from leadline.core.requirement import exit_code
    from leadline.verbs.crossval import crossval as verb

    result = verb(source, **given)
    if result is None:
        return 0
    output.finished(result, as_json=json)
    return exit_code(result.report.requirements)


@app.command()
def resume(
    run: options.RunFolder,
    source: options.OwnData = None,
    trust_code: options.TrustCode = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> int:
    """Resume an interrupted run."""
    from leadline.core.requirement import exit_code
    from leadline.verbs.resume import resume as verb

    finished = verb(run, source=source, trust_code=trust_code, quiet=quiet)
    if finished is None:
        return 0
    output.finished(finished, as_json=json)
    return exit_code(finished.report.requirements)


@app.command()
def evaluate(
    run: options.RunFolder,
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="SOURCE",
            help="Data to evaluate on; the run's own test set if not given.",
            autocompletion=completion.sources,
        ),
    ] = None,
    require: options.Require = None,
    trust_code: options.TrustCode = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> int:
    """Evaluate a run on its test set or on other data."""
    from leadline.core.requirement import exit_code
    from leadline.verbs.evaluate import evaluate as verb

    evaluation = verb(run, source, require=tuple(require or ()), trust_code=trust_code, quiet=quiet)
    output.evaluated(evaluation, as_json=json)
    return exit_code(evaluation.verdicts)


@app.command()
def predict(
    run: options.RunFolder,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="Data to predict; the target is not needed.", autocompletion=completion.sources
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Output file, .csv or .parquet; CSV to stdout if not given."),
    ] = None,
    trust_code: options.TrustCode = False,
    quiet: options.Quiet = False,
) -> None:
    """Predict with a trained run."""
    from leadline.pipeline.output_files import check_name
    from leadline.verbs.predict import SUFFIXES, write
    from leadline.verbs.predict import predict as verb

    check_name(out, SUFFIXES)
    table = verb(run, source, trust_code=trust_code, quiet=quiet)
    write(table, out, sys.stdout)
    if out is not None and not quiet:
        typer.echo(say("cli.rows-written", rows=table.height, out=out), err=True)


app.command()(rows.embed)
app.command()(rows.sample)


@app.command(
    hidden=True, context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
)
def style() -> None:
    """Show where style transfer has moved."""
    raise UsageError(say("verbs.style-moved"))


@app.command()
def report(
    run: options.RunFolder,
    open_it: Annotated[bool, typer.Option("--open", help="Open the HTML report in a browser.")] = False,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Also write the page to a file, with the last verification of the run."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Print the report of a run, or open it in a browser."""
    from leadline.verbs.report import report as verb

    output.reported(run, verb(run, html=html), as_json=json)
    if open_it:
        typer.launch(str((run / "report.html").resolve()))


@app.command()
def verify(
    run: options.RunFolder,
    source: options.OwnData = None,
    full: Annotated[
        bool, typer.Option("--full", help="Also fit the baselines again, and train again what was trained beside.")
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(metavar="PUBLIC.pem", help="Also check that the run was signed with this key (leadline sign)."),
    ] = None,
    trust_code: options.TrustCode = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> int:
    """Check a run: measure its numbers again and compare them with the report."""
    from leadline.verbs.verify import verify as verb

    found = verb(run, source, full=full, key=key, trust_code=trust_code, quiet=quiet)
    output.verified(found, as_json=json)
    return found.exit_code


@app.command()
def sign(
    run: options.RunFolder,
    key: Annotated[Path, typer.Option(metavar="PRIVATE.pem", help="Your private key: Ed25519, ECDSA or RSA, in PEM.")],
) -> None:
    """Sign the numbers and files of a run with a private key."""
    from leadline.run.claims import key_is_encrypted
    from leadline.verbs.sign import PASSWORD
    from leadline.verbs.sign import sign as verb

    password = None
    if PASSWORD not in os.environ and sys.stdin.isatty() and key_is_encrypted(key):
        password = typer.prompt(say("cli.key-password"), hide_input=True)
    typer.echo(say("cli.signed", file=verb(run, key, password=password)))
    typer.echo(say("cli.signed-check", run=run))


@app.command()
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN",
            help="Two or more run folders; the first is the reference.",
            autocompletion=completion.run_folders,
        ),
    ],
    json: options.Json = False,
) -> None:
    """Compare runs on the same test set, with confidence intervals of the differences."""
    from leadline.verbs.compare import compare as verb

    output.compared(verb(*runs), as_json=json)


@app.command()
def runs(
    folder: Annotated[Path, typer.Argument(help="The folder that contains the runs.")] = Path("runs"),
    json: options.Json = False,
) -> None:
    """List runs, finished and unfinished."""
    from leadline.verbs.runs import runs as verb

    output.listed(verb(folder), as_json=json)


@app.command()
def cache(
    clear: Annotated[
        bool, typer.Option("--clear", help="Delete the cached data; it is encoded again when needed.")
    ] = False,
) -> None:
    """Show the location and size of the data cache."""
    from leadline.verbs.cache import cache as verb

    typer.echo(verb(clear=clear))


Item = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="The one whose options to show, with an example.",
        show_default=False,
        autocompletion=completion.items_of_command,
    ),
]


@app.command()
def models(name: Item = None, json: options.Json = False) -> None:
    """List the networks, or show the options of one."""
    registry_lists.show("models", name, as_json=json)


@app.command()
def objectives(name: Item = None, json: options.Json = False) -> None:
    """List the training objectives, or show the options of one."""
    registry_lists.show("objectives", name, as_json=json)


@app.command()
def optimizers(name: Item = None, json: options.Json = False) -> None:
    """List the optimizers, or show the options of one."""
    registry_lists.show("optimizers", name, as_json=json)


@app.command()
def schedules(name: Item = None, json: options.Json = False) -> None:
    """List the learning-rate schedules, or show the options of one."""
    registry_lists.show("schedules", name, as_json=json)


@app.command()
def augmentations(name: Item = None, json: options.Json = False) -> None:
    """List the data augmentations, or show the options of one."""
    registry_lists.show("augmentations", name, as_json=json)


@app.command()
def analyses(name: Item = None, json: options.Json = False) -> None:
    """List the analyses of a report, or show what one measures."""
    registry_lists.show("analyses", name, as_json=json)


@app.command()
def datasets(json: options.Json = False) -> None:
    """List the bundled datasets."""
    registry_lists.show("datasets", as_json=json)


@app.command(name="completion")
def completion_script(
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", autocompletion=completion.shells)],
) -> None:
    """Print a shell completion script for commands, names, runs and entries; its first line says where to save it."""
    typer.echo(completion.script(shell), nl=False)
