"""The commands that write embeddings and generated samples."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from leadline.cli import options
from leadline.cli.completion import sources


def embed(
    run: options.RunFolder,
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="Rows to embed; the target is not needed.", autocompletion=sources),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="A .parquet, .csv or .npy file; CSV to stdout if not given."),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Write the embeddings of rows."""
    from leadline.pipeline.output_files import check_name
    from leadline.verbs.embed import SUFFIXES, write
    from leadline.verbs.embed import embed as verb

    check_name(out, SUFFIXES)
    table = verb(run, source, quiet=quiet)
    write(table, out, sys.stdout)
    if out is not None and not quiet:
        typer.echo(f"{table.height:,} rows written to {out}.", err=True)


def sample(
    run: options.RunFolder,
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="How many.")] = 8,
    label: Annotated[
        str | None, typer.Option(metavar="LABEL", help="The class of rows, where a network can be told one.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help="Pictures that a network makes others of: its first rows.",
            autocompletion=sources,
        ),
    ] = None,
    prompt: Annotated[str | None, typer.Option(metavar="TEXT", help="What texts begin with.")] = None,
    temperature: Annotated[
        float | None,
        typer.Option(help="Below 1 what is likely becomes likelier; 0 always takes the likeliest; 1 if not given."),
    ] = None,
    length: Annotated[
        int | None, typer.Option(help="The most tokens of a text; of the longest trained on if not given.")
    ] = None,
    more: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any other way of drawing that the objective has."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides what is drawn.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Pictures: .png (a grid) or .npz; tables and texts: .csv, .parquet, .txt or stdout.",
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Generate samples: images, table rows or text; or translate images."""
    from leadline.core.experiment import with_settings
    from leadline.pipeline.output_files import check_name
    from leadline.verbs.sample import SUFFIXES, write
    from leadline.verbs.sample import sample as verb

    check_name(out, SUFFIXES)
    named = {"label": label, "prompt": prompt, "temperature": temperature, "length": length}
    given = with_settings({name: value for name, value in named.items() if value is not None}, tuple(more or ()))
    table = verb(run, n, source=source, seed=seed, quiet=quiet, options=given)
    write(table, out, sys.stdout)
