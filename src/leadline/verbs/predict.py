"""Predict rows with a run's network."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.safe_text import printable
from leadline.data.dataset import Dataset, prepare
from leadline.data.sources.standard_input import standing_for
from leadline.data.targets import target_type
from leadline.evaluation.analyses.generative.imputation import impute
from leadline.evaluation.held_out import levels_of
from leadline.evaluation.predictions import predictions_table
from leadline.models.build import ignores_covariates
from leadline.pipeline.output_files import check_name, writing
from leadline.pipeline.progress import progress
from leadline.run.inference import not_finite, predict_subset
from leadline.run.run import Run

SUFFIXES = (".csv", ".parquet")
_TIMES = "%Y-%m-%d %H:%M:%S%.f"


def predict(run: Run | str | Path, source: object, *, trust_code: bool = False, quiet: bool = False) -> pl.DataFrame:
    """Return a row for each row of `source`, in its order: file (unless the data is in memory), row, the prediction,
    and for classes the probability of each.

    Rows that cannot be read have a null prediction and the reason. Of a series it is a row for each step after the last
    one, of each item: its time and the forecast of each variable; where nothing is forecast, one for each window,
    called by the row of its first step ahead. `trust_code` lets code that a run by its folder names be run. Raises
    RunError for a folder that is no intact run, DataError where columns are missing.
    """
    run = run if isinstance(run, Run) else Run(run, trust_code=trust_code)
    run.check_code()
    with progress(quiet) as shown:
        data, memory = other_rows(run.experiment.data, source)
        windows = run.schema.windowed and run.objective.supervision.labels == "none"
        dataset = prepare(
            data,
            memory,
            seed=run.experiment.seed,
            schema=run.schema,
            labelled=windows,
            covariates=not all(map(ignores_covariates, run.experiment.network.encoders.values())),
            progress=shown.stage,
        )
        parts = tuple(dataset.splits.values())  # one, but of windows that the source itself splits
        found = [
            predict_subset(
                run.network,
                run.objective,
                part,
                progress=lambda done, total: shown.stage(say("pipeline.stage-predicting"), done, total),
            )
            for part in parts
        ]
    for note in dataset.about_rows():
        shown.note(note)
    wrong = [not_finite(told, part) for part, told in zip(parts, found, strict=True)]
    if count := sum(int(wrong_n.sum()) for wrong_n in wrong):
        shown.note(say("evaluation.outputs-not-finite", count=count))
    beyond = None if run.schema.target is None else target_type(run.schema.target.kind).display.beyond
    if beyond is not None and not windows:
        return beyond(run.schema, parts[0], found[0], levels_of(run.experiment))
    table = pl.concat(
        [
            _only_finite(predictions_table(run.schema, part, told), wrong_n).with_columns(
                **impute(run.network, run.objective, run.schema, part)
            )
            for part, told, wrong_n in zip(parts, found, wrong, strict=True)
        ]
    )
    table = table.sort("row_in_data") if windows else with_invalid_rows(table, dataset)
    # rows of data in memory have a number, but no file
    table = table.drop("row_in_data", *(["file"] if memory is not None else []))
    columns = run.schema.target.columns if run.schema.target else ()
    return table.rename({"predicted": f"predicted_{columns[0]}"}, strict=False) if len(columns) == 1 else table


def _only_finite(table: pl.DataFrame, wrong_n: np.ndarray) -> pl.DataFrame:
    """Take the predictions from rows where they are no finite numbers, and say why."""
    if not wrong_n.any():
        return table
    kept = pl.Series(~wrong_n)
    decided = [name for name in table.columns if name not in ("row_in_data", "file", "row")]
    empty = [pl.when(kept).then(pl.col(name)).alias(name) for name in decided]
    return table.with_columns(*empty, reason=pl.when(~kept).then(pl.lit(say("evaluation.output-not-finite"))))


def with_invalid_rows(table: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """Put the invalid rows back into their places."""
    aside = dataset.invalid_rows
    if not aside.height:
        return table
    missing = np.setdiff1d(np.arange(table.height + aside.height), table["row_in_data"].to_numpy())
    aside = aside.select("file", "row", "reason", row_in_data=pl.Series(missing))  # both in the order of the data
    return pl.concat([table, aside], how="diagonal").sort("row_in_data")


def other_rows(data: DataSpec, source: object) -> tuple[DataSpec, object | None]:
    """Return how to read rows that a run was not trained on, and the source where it is data in memory."""
    source = standing_for(source)
    if isinstance(source, str | Path):
        return data.model_copy(update={"source": str(source), "validation": None, "test": None}), None
    if type(source).__module__.partition(".")[0] in ("numpy", "torch"):
        source = {"x": source}  # the X of the (X, y) that the run was trained on
    return data.model_copy(update={"source": "", "validation": None, "test": None}), source


def write(table: pl.DataFrame, out: Path | None, stream: TextIO) -> None:
    """Write a table as CSV or Parquet, by the file's ending, or as CSV to a stream; raises UsageError where that cannot
    be.
    """
    check_name(out, SUFFIXES)
    if out is None:
        text = table.write_csv(datetime_format=_TIMES)
        # a program reads what the table holds, a terminal would obey it
        stream.write(printable(text) if stream.isatty() else text)
        return
    with writing(out) as file:
        table.write_csv(file, datetime_format=_TIMES) if out.suffix == ".csv" else table.write_parquet(file)
