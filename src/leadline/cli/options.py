"""The options that several commands share; those of a training are in `core/entries/train_options.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leadline.cli.completion import run_folders, sources

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="Folder of images, audio or texts; CSV, JSONL, Excel, Parquet, Arrow, NPZ or text file; name of a bundled"
        " dataset; experiment.yaml; or - for standard input.",
        autocompletion=sources,
    ),
]
Require = Annotated[
    list[str] | None, typer.Option(metavar='"accuracy >= 0.95"', help="A requirement to check; repeatable.")
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", autocompletion=run_folders)]
OwnData = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE", help="The run's data, where it is not in its place any more.", autocompletion=sources
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no notes.")]
TrustCode = Annotated[
    bool,
    typer.Option("--trust-code", help="Let the run execute the user code that it names (network, loss, optimizer)."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the machine-readable form.")]
