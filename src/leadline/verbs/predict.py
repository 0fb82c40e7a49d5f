"""Predict rows with a run's network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import numpy as np
import polars as pl

from leadline.data.dataset import Dataset, prepare
from leadline.data.part import Part
from leadline.errors import UsageError
from leadline.facts.experiment import DataSpec
from leadline.facts.schema import Schema
from leadline.measuring.decisions import decide
from leadline.run.run import Run
from leadline.verbs.progress import progress


def predict(run: Run | str | Path, source: object, *, quiet: bool = False) -> pl.DataFrame:
    """Return a row for each row of `source`: file, row, the prediction, and for classes the probability of each.

    Rows that cannot be read have a null prediction and the reason. Raises RunError for a folder that is no intact run, DataError
    where columns are missing.
    """
    run = run if isinstance(run, Run) else Run(run)
    with progress(quiet) as shown:
        data, memory = other_rows(run.experiment.data, source)
        dataset = prepare(data, memory, seed=run.experiment.seed, schema=run.schema, labelled=False, progress=shown.stage)
        network = run.network
        frames = [
            decisions_table(
                run.schema,
                dataset,
                part,
                decide(network, run.objective, part, progress=lambda done, total: shown.stage("predicting", done, total)),
            )
            for part in dataset.parts.values()
            if len(part)
        ]
    table = pl.concat(frames).sort("row_in_data").drop("row_in_data")
    aside = dataset.set_aside.group_by("file", "row", maintain_order=True).agg(pl.col("reason").first())
    return pl.concat([table, aside.with_columns(pl.col("row").cast(pl.Int64))], how="diagonal") if aside.height else table


def other_rows(data: DataSpec, source: object) -> tuple[DataSpec, object | None]:
    """Return how to read rows that a run was not trained on, and the source where it is data in memory."""
    if isinstance(source, str | Path):
        return data.model_copy(update={"source": str(source), "test": None}), None
    return data.model_copy(update={"source": "", "test": None}), source


def decisions_table(schema: Schema, dataset: Dataset, part: Part, columns: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """Return decisions as a table: where each row is from, its prediction by name, and a column for each class's probability."""
    where = [part.where(i) for i in range(len(part))]
    frame = {
        "row_in_data": part.rows,
        "file": [file for file, _ in where],
        "row": np.asarray([number for _, number in where], dtype=np.int64),
    }
    classes = schema.classes
    predicted = columns["prediction"]
    name = schema.target.name if schema.target else "prediction"
    if classes:
        frame[f"predicted_{name}"] = np.asarray(classes, dtype=object)[predicted].tolist()
        frame |= {f"p({label})": columns["probability"][:, number] for number, label in enumerate(classes)}
    else:
        frame[f"predicted_{name}"] = predicted
    return pl.DataFrame(frame)


def write(table: pl.DataFrame, out: Path | None, stream: TextIO) -> None:
    """Write a table as CSV or Parquet, by the file's ending, or as CSV to a stream; raises UsageError for other endings."""
    if out is None:
        stream.write(table.write_csv())
    elif out.suffix == ".csv":
        table.write_csv(out)
    elif out.suffix == ".parquet":
        table.write_parquet(out)
    else:
        raise UsageError(f"Cannot write {out}: its name must end in .csv or .parquet.")
