"""Tables of a run folder: read in one place, where a damaged file is one sentence, panics of the parser included."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from leadline.core.catalogue import say
from leadline.data.sources.boundary import panics_unsaid, parsing
from leadline.errors import DataError, RunError, first_line


def read_parquet(file: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Return a table of a run, or some of its columns; raises RunError where it is missing or damaged."""
    try:
        with parsing(file), panics_unsaid():
            # brackets in a path are no pattern
            return pl.read_parquet(file, columns=None if columns is None else list(columns), glob=False)
    except OSError as error:
        raise RunError(say("run.file-unreadable", file=file, error=error.strerror or first_line(error))) from None
    except DataError as error:
        raise RunError(str(error)) from None
