"""What a run's network makes of rows before it decides: their embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.data.dataset import prepare
from leadline.pipeline.output_files import check_name, writing
from leadline.pipeline.progress import progress
from leadline.run.inference import embed_subset
from leadline.run.run import Run
from leadline.verbs.predict import other_rows, with_invalid_rows
from leadline.verbs.predict import write as write_table

SUFFIXES = (".parquet", ".csv", ".npy")


def embed(run: Run | str | Path, source: object, *, trust_code: bool = False, quiet: bool = False) -> pl.DataFrame:
    """Return a row for each row of `source`, in its order: file (unless the data is in memory), row, and the numbers
    that a run's network makes of it, e0, e1 …

    Rows that cannot be read have nulls and the reason. Of a series it is a row for each window, called by the row of
    its first step ahead. `trust_code` lets code that a run by its folder names be run. Raises RunError for a folder
    that is no intact run, DataError where columns are missing.
    """
    run = run if isinstance(run, Run) else Run(run, trust_code=trust_code)
    run.check_code()
    with progress(quiet) as shown:
        data, memory = other_rows(run.experiment.data, source)
        series = run.schema.windowed
        dataset = prepare(
            data, memory, seed=run.experiment.seed, schema=run.schema, labelled=series, progress=shown.stage
        )
        for note in dataset.about_rows():
            shown.note(note)
        parts = [part for part in dataset.splits.values() if len(part)]
        found = [
            embed_subset(
                run.network,
                run.objective,
                part,
                progress=lambda done, total: shown.stage(say("pipeline.stage-embedding"), done, total),
            )
            for part in parts
        ]
    rows = np.concatenate([part.rows for part in parts]) if parts else np.zeros(0, dtype=np.int64)
    code_nE = np.concatenate(found) if found else np.zeros((0, 0), dtype=np.float32)
    where = [part.where(i) for part in parts for i in range(len(part))]
    columns = {
        "row_in_data": rows,
        "file": [file for file, _ in where],
        "row": np.asarray([number for _, number in where], dtype=np.int64),
    }
    table = pl.DataFrame({**columns, **{f"e{k}": code_nE[:, k] for k in range(code_nE.shape[1])}}).sort("row_in_data")
    table = table if series else with_invalid_rows(table, dataset)
    return table.drop("row_in_data", *(["file"] if memory is not None else []))


def write(table: pl.DataFrame, out: Path | None, stream: TextIO) -> None:
    """Write embeddings as CSV, Parquet or, the numbers alone, as a NumPy array (n,E) float32, NaN in rows that could
    not be read.

    Without a file it is CSV, to a stream. Raises UsageError where that cannot be.
    """
    check_name(out, SUFFIXES)
    if out is None or out.suffix != ".npy":
        write_table(table, out, stream)
        return
    numbers = table.select(pl.col("^e[0-9]+$").cast(pl.Float32).fill_null(np.nan))
    with writing(out) as file:
        np.save(file, numbers.to_numpy())
