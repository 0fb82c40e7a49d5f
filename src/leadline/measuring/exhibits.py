"""Tables, curves and pictures that the report shows beside the findings."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import torch

from leadline.data.augment import Augmenter
from leadline.data.dataset import Dataset
from leadline.data.part import Part
from leadline.facts.exhibit import Draft
from leadline.facts.registry import lookup
from leadline.facts.schema import InputSchema
from leadline.layers.draws import Draws

EXAMPLES = 24
VERSIONS = 6  # augmented versions of each of the first few examples
MISTAKES = 24
LISTED = 200  # rows of the set-aside table that the page shows; the file of the run holds all


def picture(data: bytes) -> str:
    """Return PNG bytes as the text that exhibits hold."""
    return base64.b64encode(data).decode()


def about_data(dataset: Dataset) -> Iterator[Draft]:
    """Yield the columns, what was set aside, and duplicates across splits."""
    yield Draft("columns", "table", "Columns", dataset.summary())
    if dataset.set_aside.height:
        yield Draft(
            "set_aside",
            "table",
            "Set aside",
            table(dataset.set_aside.head(LISTED)),
            caption=f"Rows that could not be used: {dataset.set_aside.height}. All are in set_aside.parquet.",
        )
    if dataset.duplicates.examples:
        pairs = [(dataset.parts[p.first], p.first_row, dataset.parts[p.second], p.second_row) for p in dataset.duplicates.examples]
        rows = [[a.name, _place(a, i), b.name, _place(b, j)] for a, i, b, j in pairs]
        content = {"columns": ["split", "row", "other split", "row with equal inputs"], "rows": rows}
        yield Draft("duplicates", "table", "Duplicates across splits", content, caption="Some of them; the counts stand above.")


def _place(part: Part, row: int) -> str:
    return part.place(int(np.searchsorted(part.rows, row)))


def examples(dataset: Dataset, seed: int) -> Iterator[Draft]:
    """Yield some train rows, and what augmentation makes of a few of them."""
    part = dataset.parts["train"]
    at = np.unique(np.linspace(0, len(part) - 1, EXAMPLES).astype(int))
    image = _first_image(dataset.schema.inputs)
    if image is None:
        rows = [part.shown(int(i)) for i in at[:8]]
        columns = list(rows[0])
        plain = {"columns": columns, "rows": [[_cell(row[c]) for c in columns] for row in rows]}
        yield Draft("examples", "table", "Example rows", plain, split="train")
        return
    shown = [part.shown(int(i)) for i in at]
    captions = [_caption(dataset, part, int(i)) for i in at]
    pictures = [picture(row[image.name]) for row in shown]
    yield Draft("examples", "pictures", "Examples", {"pictures": pictures, "captions": captions, "columns": 8}, split="train")
    if image.augment:
        content = _augmented(dataset, part, image, at[::VERSIONS], seed)
        yield Draft("augmented", "pictures", "As the network sees them", content, split="train",
                    caption="Each row: one example, then versions of it that augmentation made.")  # fmt: skip


def _augmented(dataset: Dataset, part: Part, image: InputSchema, at: np.ndarray, seed: int) -> Mapping[str, Any]:
    field = lookup("fields", image.kind)
    batch = part.batch(torch.as_tensor(at))
    augment = Augmenter(dataset.schema.inputs)
    versions = [
        batch.inputs[image.name],
        *(augment(batch, Draws(seed, step, batch.row_B)).inputs[image.name] for step in range(VERSIONS)),
    ]
    pictures = []
    for row in range(len(at)):
        stack = torch.stack([v[row].float() for v in versions]).clamp(0, 255).round().to(torch.uint8)
        raw = stack.permute(0, 2, 3, 1).contiguous().numpy()  # fields decode what they stored: (N,H,W,C)
        pictures += [picture(png) for png in field.decode(raw, image.fields[0].state)]
    return {"pictures": pictures, "captions": [""] * len(pictures), "columns": VERSIONS + 1}


def learning_curves(history: pl.DataFrame, mark: float | None) -> Draft:
    """Return the losses, validation measures and learning rate over epochs; `mark` is the epoch whose weights were shipped."""
    within = history.group_by(pl.col("epoch").ceil(), maintain_order=True).agg(pl.col("loss").mean())
    ends = history.filter(pl.col("epoch_end")).with_columns(pl.col("epoch").round()).drop("loss").join(within, on="epoch")
    panels = [{"label": "loss", "log": True, "series": _series(ends, {"train": "loss", "validation": "val_loss"})}]
    watched = [name for name in ends.columns if name.startswith("val_") and name != "val_loss"]
    panels += [{"label": name[4:], "log": False, "series": _series(ends, {"validation": name})} for name in watched]
    panels.append({"label": "learning rate", "log": False, "series": _series(ends, {"learning rate": "lr"})})
    content: dict[str, Any] = {"x": {"label": "epoch", "values": ends["epoch"].cast(pl.Float64).to_list()}, "panels": panels}
    if mark is not None:
        content["mark"] = {"x": mark, "label": "shipped"}
    return Draft("learning_curves", "curves", "Learning curves", content)


def _series(ends: pl.DataFrame, names: Mapping[str, str]) -> list[dict[str, Any]]:
    known = {label: name for label, name in names.items() if name in ends.columns}
    return [{"name": label, "values": _finite(ends[name].to_list())} for label, name in known.items()]


def _finite(values: Sequence[float | None]) -> list[float | None]:
    return [v if v is not None and np.isfinite(v) else None for v in values]


def mistakes(dataset: Dataset, part: Part, predictions: Mapping[str, np.ndarray]) -> Draft | None:
    """Return the surest mistakes of a classifier, or the largest errors of a regressor; None where there is none."""
    target: Any = part.target
    predicted = predictions["prediction"]
    if dataset.schema.classes:
        wrong = np.flatnonzero(predicted != target)
        sure = predictions["probability"][wrong, predicted[wrong]]
        at = wrong[np.argsort(-sure, kind="stable")][:MISTAKES]
        title, names = "The surest mistakes", dataset.schema.classes
        words = [
            f"{names[target[i]]} taken for {names[predicted[i]]}, {predictions['probability'][i, predicted[i]]:.1%} sure"
            for i in at
        ]
    else:
        error = np.abs(predicted - target)
        at = np.argsort(-error, kind="stable")[:MISTAKES]
        title = "The largest errors"
        words = [f"{target[i]:.5g}, predicted {predicted[i]:.5g}" for i in at]
    if not len(at):
        return None
    where = [part.place(int(i)) for i in at]
    image = _first_image(dataset.schema.inputs)
    shown = [part.shown(int(i)) for i in at]
    if image is not None:
        pictures = [picture(row[image.name]) for row in shown]
        captions = [f"{w} ({p})" for w, p in zip(words, where, strict=True)]
        return Draft("mistakes", "pictures", title, {"pictures": pictures, "captions": captions, "columns": 6}, split=part.name)
    columns = list(shown[0])
    rows = [[w, p, *(_cell(row[c]) for c in columns)] for w, p, row in zip(words, where, shown, strict=True)]
    return Draft("mistakes", "table", title, {"columns": ["what happened", "where", *columns], "rows": rows}, split=part.name)


def table(frame: pl.DataFrame) -> Mapping[str, Any]:
    """Return a frame as the content of a table exhibit."""
    return {"columns": frame.columns, "rows": [[_cell(v) for v in row] for row in frame.iter_rows()]}


def _cell(value: Any) -> Any:
    if isinstance(value, bytes):
        return "(picture)"
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value if isinstance(value, str | int | None) else str(value)


def _first_image(inputs: Sequence[InputSchema]) -> InputSchema | None:
    return next((one for one in inputs if one.kind == "image"), None)


def _caption(dataset: Dataset, part: Part, at: int) -> str:
    target = part.target
    if target is None:
        return ""
    return dataset.schema.classes[target[at]] if dataset.schema.classes else f"{target[at]:.5g}"
