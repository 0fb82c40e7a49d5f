"""Draw new rows with a run's network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import polars as pl
import torch
from pydantic import ValidationError

from leadline.errors import UsageError, did_you_mean, plain
from leadline.layers.contracts import Sampler
from leadline.layers.draws import Draws
from leadline.run.run import Run
from leadline.verbs.progress import progress

TOGETHER = 64  # rows that are drawn at a time
SUFFIXES = (".txt", ".csv", ".parquet")


def sample(
    run: Run | str | Path, n: int = 8, *, seed: int = 0, quiet: bool = False, options: Mapping[str, Any] | None = None, **more: Any
) -> pl.DataFrame:
    """Return `n` new rows that a run's network draws; the seed decides them, and each is the same however many there are.

    What may be said of how they are drawn depends on the objective: ``prompt``, ``temperature`` and ``length`` of texts. It can be
    given as `options` or by name. Raises RunError for a folder that is no intact run, UsageError where the network draws nothing or
    an option is unknown or wrong.
    """
    run = run if isinstance(run, Run) else Run(run)
    objective = run.objective
    if not isinstance(objective, Sampler):
        raise UsageError(f"{run.folder}: a network for {objective.name!r} draws no new rows.")
    if n < 1:
        raise UsageError(f"At least one row is drawn, not {n}.")
    chosen = _checked(objective, {**(options or {}), **more})
    found: dict[str, list[Any]] = {}
    with progress(quiet) as shown:
        for start in range(0, n, TOGETHER):
            rows = torch.arange(start, min(start + TOGETHER, n))
            for name, values in objective.sample(run.network, run.schema, Draws(seed, 0, rows), chosen).items():
                found.setdefault(name, []).extend(values)
            shown.stage("drawing", min(start + TOGETHER, n), n)
    return pl.DataFrame(found)


def _checked(objective: Sampler, options: Mapping[str, Any]) -> Any:
    try:
        return objective.samples.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][-1]) if first["loc"] else ""
        hint = did_you_mean(name, objective.samples.model_fields) if first["type"] == "extra_forbidden" else plain(first["msg"])
        raise UsageError(f"sample: option {name!r}: {hint}") from None


def check_name(out: Path | None) -> None:
    """Raise UsageError where rows cannot be written under such a name; best asked before the work begins."""
    if out is not None and out.suffix not in SUFFIXES:
        raise UsageError(f"Cannot write {out}: its name must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.")
    if out is not None and not out.parent.is_dir():
        raise UsageError(f"Cannot write {out}: there is no folder {out.parent}.")


def write(table: pl.DataFrame, out: Path | None, stream: TextIO) -> None:
    """Write rows to a file by its ending, or as plain text to a stream: a row a line; raises UsageError where that cannot be."""
    check_name(out)
    lines = "".join("\t".join(str(value).replace("\n", " ") for value in row) + "\n" for row in table.iter_rows())
    try:
        if out is None:
            stream.write(lines)
        elif out.suffix == ".txt":
            out.write_text(lines, encoding="utf-8")
        else:
            table.write_csv(out) if out.suffix == ".csv" else table.write_parquet(out)
    except OSError as error:
        raise UsageError(f"Cannot write {out}: {error.strerror or error}.") from None
