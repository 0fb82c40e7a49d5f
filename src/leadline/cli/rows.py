"""The commands that write embeddings and generated samples."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from leadline.cli import options
from leadline.cli.completion import sources
from leadline.core.catalogue import say


def embed(
    run: options.RunFolder,
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="Data to embed; the target is not needed.", autocompletion=sources),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Output file, .parquet, .csv or .npy; CSV to stdout if not given."
        ),
    ] = None,
    trust_code: options.TrustCode = False,
    quiet: options.Quiet = False,
) -> None:
    """Write the embeddings of examples."""
    from leadline.pipeline.output_files import check_name
    from leadline.verbs.embed import SUFFIXES, write
    from leadline.verbs.embed import embed as verb

    check_name(out, SUFFIXES)
    table = verb(run, source, trust_code=trust_code, quiet=quiet)
    write(table, out, sys.stdout)
    if out is not None and not quiet:
        typer.echo(say("cli.rows-written", rows=table.height, out=out), err=True)


def sample(
    run: options.RunFolder,
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="Number of samples.")] = 8,
    label: Annotated[
        str | None, typer.Option(metavar="LABEL", help="The class to generate, for class-conditional networks.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help="Images to translate: the first N of this data.",
            autocompletion=sources,
        ),
    ] = None,
    prompt: Annotated[str | None, typer.Option(metavar="TEXT", help="Prompt for generated texts to continue.")] = None,
    temperature: Annotated[
        float | None,
        typer.Option(help="Sampling temperature; 0 is greedy; 1 if not given."),
    ] = None,
    length: Annotated[
        int | None, typer.Option(help="Maximum tokens of a text; those of the longest training text if not given.")
    ] = None,
    more: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Other sampling options of the objective; repeatable."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Output file: images .png (a grid) or .npz; tables and texts .csv, .parquet or .txt, else stdout.",
        ),
    ] = None,
    trust_code: options.TrustCode = False,
    quiet: options.Quiet = False,
) -> None:
    """Sample from a generative model: images, table rows or text; or translate images."""
    from leadline.core.settings import with_settings
    from leadline.pipeline.output_files import check_name
    from leadline.verbs.sample import SUFFIXES, write
    from leadline.verbs.sample import sample as verb

    check_name(out, SUFFIXES)
    named = {"label": label, "prompt": prompt, "temperature": temperature, "length": length}
    given = with_settings({name: value for name, value in named.items() if value is not None}, tuple(more or ()))
    table = verb(run, n, source=source, seed=seed, trust_code=trust_code, quiet=quiet, options=given)
    write(table, out, sys.stdout)
