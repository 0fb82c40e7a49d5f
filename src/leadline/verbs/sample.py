"""Draw new rows with a run's network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import polars as pl
import torch
from PIL import Image

from leadline.core.catalogue import say
from leadline.data.dataset import prepare
from leadline.data.subset import Subset
from leadline.errors import DataError, UsageError
from leadline.evaluation.analyses.generative.image_translation import translated
from leadline.evaluation.samples import checked, frame, generate
from leadline.nn.rng import Rng
from leadline.objectives.capabilities import Sampler
from leadline.pipeline.output_files import check_name, writing
from leadline.pipeline.progress import Progress, progress
from leadline.run.run import Run
from leadline.verbs.predict import other_rows

TOGETHER = 64  # texts that are drawn at a time
SUFFIXES = (".png", ".npz", ".txt", ".csv", ".parquet")
GAP = 2  # pixels between the pictures of a grid
GREY = 128


def sample(
    run: Run | str | Path,
    n: int = 8,
    *,
    source: object = None,
    seed: int = 0,
    trust_code: bool = False,
    quiet: bool = False,
    options: Mapping[str, Any] | None = None,
    **more: Any,
) -> pl.DataFrame:
    """Return `n` new rows that a run's network draws; the seed decides them, and each is the same however many there
    are.

    A network that makes pictures of others makes them of the first `n` rows of `source`, in its order.

    They are as people read them: texts, the columns of a table, pictures as arrays of pixels (H,W,C) uint8, a line for
    each step of a series. What may be said of how they are drawn depends on the objective: ``prompt``, ``temperature``
    and ``length`` of texts, the ``label`` of what is drawn by class, which then is a column too. It can be given as
    `options` or by name. `trust_code` lets code that a run by its folder names be run. Raises RunError for a folder
    that is no intact run, UsageError where the network draws nothing or an option is unknown or wrong, DataError for a
    source without its columns.
    """
    run = run if isinstance(run, Run) else Run(run, trust_code=trust_code)
    run.check_code()
    objective = run.objective
    sampler, generator, converter = (
        objective.capability("sampler"),
        objective.capability("generator"),
        objective.capability("converter"),
    )
    drawing = sampler or generator or converter
    if drawing is None:
        raise UsageError(say("verbs.cannot-sample", folder=run.folder, objective=objective.name))
    if n < 1:
        raise UsageError(say("verbs.sample-count", n=n))
    if converter is not None and source is None:
        raise UsageError(say("verbs.sample-needs-source", folder=run.folder))
    if converter is None and source is not None:
        raise UsageError(say("verbs.sample-takes-no-source", folder=run.folder, objective=objective.name))
    chosen = checked(drawing, {**(options or {}), **more}, run.schema)
    with progress(quiet) as shown:
        if sampler is not None:
            return _texts(run, sampler, n, seed, chosen, shown)
        report = partial(shown.stage, say("pipeline.stage-sampling"))
        if converter is not None:
            given = _given(run, converter.into, source, n, shown)
            rows = translated(run.network, converter, run.schema, given, chosen, report)
        else:
            assert generator is not None
            rows = generate(run.network, generator, run.schema, n, seed, chosen, report)
        table = frame(run.schema, rows)
    label, goal = getattr(chosen, "label", None), run.schema.target
    return table if label is None or goal is None else table.with_columns(pl.lit(str(label)).alias(goal.name))


def _given(run: Run, into: str | None, source: object, n: int, shown: Progress) -> Subset:
    """Return the first rows of a source."""
    data, memory = other_rows(run.experiment.data, source)
    schema = run.schema.model_copy(update={"inputs": tuple(one for one in run.schema.inputs if one.name != into)})
    dataset = prepare(data, memory, seed=run.experiment.seed, schema=schema, labelled=False, progress=shown.stage)
    if dataset.invalid_rows.height:
        place, reason = dataset.invalid_rows.select("row", "reason").row(0)
        shown.note(say("verbs.rows-left-out", rows=dataset.invalid_rows.height, first=place, reason=reason))
    (subset,) = dataset.splits.values()
    if not len(subset):
        raise DataError(say("verbs.sample-no-rows"))
    return subset.subset(np.arange(min(n, len(subset))))


def _texts(run: Run, sampler: Sampler, n: int, seed: int, chosen: Any, shown: Progress) -> pl.DataFrame:
    found: dict[str, list[Any]] = {}
    for start in range(0, n, TOGETHER):
        rows = torch.arange(start, min(start + TOGETHER, n))
        for name, values in sampler.sample(run.network, run.schema, Rng(seed, 0, rows), chosen).items():
            found.setdefault(name, []).extend(values)
        shown.stage(say("pipeline.stage-sampling"), min(start + TOGETHER, n), n)
    return pl.DataFrame(found)


def write(table: pl.DataFrame, out: Path | None, stream: TextIO) -> None:
    """Write rows to a file by its ending, or as plain text to a stream: texts a row a line, a table as CSV.

    Pictures are written as a grid (``.png``), or as arrays (``.npz``, ``.parquet``). Raises UsageError where that
    cannot be.
    """
    check_name(out, SUFFIXES)
    pictures = [name for name, kind in table.schema.items() if isinstance(kind, pl.Array)]
    ending = "" if out is None else out.suffix
    plain = [name for name in table.columns if name not in pictures]
    if pictures and ending not in (".png", ".npz", ".parquet"):
        raise UsageError(say("verbs.images-need-file"))
    if ending == ".png" and not pictures:
        raise UsageError(say("verbs.no-images-to-write", out=out, columns=", ".join(table.columns)))
    texts = len(plain) == 1 and table.schema[plain[0]] == pl.String
    if out is None:
        stream.write(_lines(table) if texts else table.write_csv())
        return
    with writing(out) as file:
        if ending == ".png":
            Image.fromarray(grid(table[pictures[0]].to_numpy())).save(file)
        elif ending == ".npz":
            np.savez_compressed(file, **{name: table[name].to_numpy() for name in table.columns})  # type: ignore[arg-type]
        elif ending == ".txt":
            file.write_text(_lines(table), encoding="utf-8")
        else:
            table.write_csv(file) if ending == ".csv" else table.write_parquet(file)


def grid(x_NHWC: np.ndarray) -> np.ndarray:
    """Return pictures (N,H,W,C) uint8 side by side, in about as many rows as columns, as one (H,W) or (H,W,3)."""
    count, height, width, channels = x_NHWC.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    canvas = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, channels), GREY, dtype=np.uint8)
    for at, x_HWC in enumerate(x_NHWC):
        top, left = at // columns * (height + GAP), at % columns * (width + GAP)
        canvas[top : top + height, left : left + width] = x_HWC
    return canvas[..., 0] if channels == 1 else canvas


def _lines(table: pl.DataFrame) -> str:
    return "".join("\t".join(str(value).replace("\n", " ") for value in row) + "\n" for row in table.iter_rows())
