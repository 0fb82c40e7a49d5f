"""New rows from an objective that makes rows of codes: drawn, as the inputs of a batch, and as people read them.

Shapes: n new rows, B rows made at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.schema import InputSchema, Schema
from leadline.data.columns.contract import input_type
from leadline.data.subset import decoded
from leadline.errors import UsageError, did_you_mean, plain
from leadline.nn.rng import Rng
from leadline.objectives.capabilities import Converter, Generator, Sampler

BLOCK = 64  # rows are always made so many at a time, so that one is the same to the last bit however many are wanted
Inputs = Mapping[str, Tensor]


def checked(drawing: Generator | Sampler | Converter, options: Mapping[str, Any], schema: Schema) -> Any:
    """Return how rows are to be drawn; raises UsageError where an option is unknown or wrong, or a label is no
    class.
    """
    fields = drawing.samples.model_fields
    label = options.get("label")
    if label is not None and "label" in fields and schema.classes and str(label) not in schema.classes:
        raise UsageError(
            say(
                "evaluation.sample-unknown-class", label=str(label), suggestion=did_you_mean(str(label), schema.classes)
            )
        )
    try:
        return drawing.samples.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][-1]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            raise UsageError(
                say("evaluation.sample-unknown-option", name=name, suggestion=did_you_mean(name, fields))
            ) from None
        raise UsageError(say("evaluation.sample-option", name=name, msg=plain(first["msg"]))) from None


def generate(
    network: Any,
    generator: Generator,
    schema: Schema,
    rows: int,
    seed: int,
    options: Any,
    progress: Callable[[int, int], None] | None = None,
) -> Inputs:
    """Return `rows` new rows by the name of their input, raw and encoded as those of a batch; the seed decides them.

    Each is the same however many there are.
    """
    blocks: list[Inputs] = []
    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            for start in range(0, rows, BLOCK):
                rng = Rng(seed, 0, torch.arange(start, start + BLOCK))
                latent_BL = generator.latent(network, rng, options)
                blocks.append(encoded(schema, generator.generate(network, latent_BL, rng, options)))
                if progress:
                    progress(min(start + BLOCK, rows), rows)
    finally:
        network.train(training)
    return {name: x[:rows] for name, x in joined(blocks).items()}


def encoded(schema: Schema, rows: Inputs) -> Inputs:
    """Return rows that a network has made as rows of a dataset are: pixels are whole numbers from 0 to 255."""
    return {one.name: input_type(one.kind).generated(rows[one.name].cpu()) for one in schema.inputs if one.name in rows}


def joined(blocks: Sequence[Inputs]) -> Inputs:
    """Return the rows of several blocks together; those of texts and clips, of which some are longer, padded."""
    return {name: torch.cat(_even([block[name] for block in blocks])) for name in blocks[0]}


def _even(parts: Sequence[Tensor]) -> list[Tensor]:
    longest = max(x.shape[1] for x in parts)
    nothing = torch.nan if parts[0].is_floating_point() else 0
    return [x if x.ndim != 2 else F.pad(x, (0, longest - x.shape[1]), value=nothing) for x in parts]


def stored(one: InputSchema, x: Tensor, row: int) -> np.ndarray:
    """Return one raw row (1, ...) of an input as its field stores it."""
    own = x[row : row + 1]
    return input_type(one.kind).stored(one, own)


def shown(one: InputSchema, x: Tensor, row: int) -> dict[str, Any]:
    """Return one raw row of an input as people read it: values by column, PNG bytes of a picture, WAV bytes of a clip,
    a text.
    """
    return decoded(one, stored(one, x, row))


def frame(schema: Schema, rows: Inputs) -> pl.DataFrame:
    """Return raw rows as a table: columns with their values as they are read, pictures as arrays of pixels (H,W,C).

    Of series it has a line for each step of each window.
    """
    columns: dict[str, pl.Series] = {}
    for one in (one for one in schema.inputs if one.name in rows):
        found = input_type(one.kind).frame(one, rows[one.name])
        columns |= {name if name not in columns else f"{one.name}.{name}": series for name, series in found.items()}
    return pl.DataFrame(columns)


def batches(inputs: Inputs, rows: int) -> Iterable[Inputs]:
    """Yield raw rows `rows` at a time."""
    count = len(next(iter(inputs.values())))
    for start in range(0, count, rows):
        yield {name: x[start : start + rows] for name, x in inputs.items()}


def by_class(
    network: Any, generator: Generator, schema: Schema, count_C: np.ndarray, seed: int
) -> tuple[Inputs, np.ndarray]:
    """Return so many new rows of each class, asked for by its name, and their classes."""
    blocks = [
        generate(network, generator, schema, int(count), seed, checked(generator, {"label": label}, schema))
        for label, count in zip(schema.classes, count_C, strict=True)
        if count
    ]
    return joined(blocks), np.repeat(np.arange(len(count_C)), count_C)
