"""Tables, curves and pictures that the report shows beside the findings."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft, ExhibitKind
from leadline.core.schema import InputSchema, Schema
from leadline.core.wording import capitalised
from leadline.data.columns.contract import input_type
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.data.targets.words import targets_in_words

LISTED = 200  # rows of the set-aside table that the page shows; the file of the run holds all


def picture(data: bytes) -> str:
    """Return PNG bytes as the text that exhibits hold."""
    return base64.b64encode(data).decode()


def about_data(dataset: Dataset) -> Iterator[ExhibitDraft]:
    """Yield what was said before training, the columns, invalid rows, and duplicates across splits."""
    if dataset.notes:
        content: Mapping[str, Any] = {"columns": [say("exhibits.note")], "rows": [[note] for note in dataset.notes]}
        yield ExhibitDraft("notes", "table", say("exhibits.data-notes"), content, recorded=True)
    yield ExhibitDraft("columns", "table", say("exhibits.columns"), dataset.summary())
    if dataset.invalid_rows.height:
        yield ExhibitDraft(
            "invalid_rows",
            "table",
            say("exhibits.invalid-rows"),
            table(dataset.invalid_rows.head(LISTED)),
            caption=say("exhibits.invalid-rows-about", count=dataset.invalid_rows.height),
        )
    if dataset.duplicates.examples:
        pairs = [
            (dataset.splits[p.first], p.first_row, dataset.splits[p.second], p.second_row)
            for p in dataset.duplicates.examples
        ]
        rows = [[a.name, _place(a, i), b.name, _place(b, j)] for a, i, b, j in pairs]
        content = {
            "columns": ["split", "row", say("exhibits.other-split"), say("exhibits.identical-row")],
            "rows": rows,
        }
        yield ExhibitDraft(
            "duplicates", "table", say("exhibits.duplicates"), content, caption=say("exhibits.duplicates-about")
        )


def _place(subset: Subset, row: int) -> str:
    return subset.place(int(np.searchsorted(subset.rows, row)))


def learning_curves(
    history: pl.DataFrame, mark: float | None, title: Callable[[str], str] = capitalised
) -> ExhibitDraft:
    """Return the losses, validation measures and learning rate over epochs; `mark` is the epoch whose weights were
    shipped, `title` says what a measure is called, by its name.

    What is fitted in iterations has no learning rate to show, and those in the place of epochs. A training that ended
    within an epoch ends there. Of networks that are trained against each other each has a line, as their sum says
    nothing.
    """
    stepped = "lr" in history.columns
    of_networks = [
        name for name in history.columns if "." in name and not name.startswith("val_")
    ]  # <network>.loss, <network>.<term>
    meant = pl.col("loss", *of_networks).mean()
    within = history.group_by(pl.col("epoch").ceil().alias("within"), maintain_order=True).agg(meant)
    ends = history.filter(pl.col("epoch_end") | (pl.int_range(pl.len()) == pl.len() - 1)).drop("loss", *of_networks)
    ends = ends.with_columns(pl.when("epoch_end").then(pl.col("epoch").round()).otherwise("epoch"))
    ends = ends.with_columns(pl.col("epoch").ceil().alias("within")).join(within, on="within")
    losses = {name.removesuffix(".loss"): name for name in of_networks if name.endswith(".loss")}
    shown = _series(ends, losses or {"train": "loss", "validation": "val_loss"})
    panels = [{"label": "Loss", "log": all(v is None or v > 0 for s in shown for v in s["values"]), "series": shown}]
    for name in (name for name in of_networks if name not in losses.values()):
        subset = name.partition(".")[2]
        series = _series(ends, {"train": name, "validation": f"val_{subset}"})
        panels.append({"label": title(subset), "log": False, "series": series})
    there = {"loss", *(name.partition(".")[2] for name in of_networks)}
    watched = [name for name in ends.columns if name.startswith("val_") and name[4:] not in there]
    panels += [
        {"label": title(name[4:]), "log": False, "series": _series(ends, {"validation": name})} for name in watched
    ]
    if stepped:
        panels.append({"label": "Learning rate", "log": False, "series": _series(ends, {"learning rate": "lr"})})
    x_label = "epoch" if stepped else "iteration"
    content: dict[str, Any] = {
        "x": {"label": x_label, "values": ends["epoch"].cast(pl.Float64).to_list()},
        "panels": panels,
    }
    if mark is not None:
        content["mark"] = {"x": mark, "label": say("exhibits.best-weights")}
    return ExhibitDraft("learning_curves", "curves", say("exhibits.learning-curves"), content)


def _series(ends: pl.DataFrame, names: Mapping[str, str]) -> list[dict[str, Any]]:
    known = {label: name for label, name in names.items() if name in ends.columns}
    return [{"name": label, "values": _finite(ends[name].to_list())} for label, name in known.items()]


def _finite(values: Sequence[float | None]) -> list[float | None]:
    return [v if v is not None and np.isfinite(v) else None for v in values]


def table(frame: pl.DataFrame) -> Mapping[str, Any]:
    """Return a frame as the content of a table exhibit."""
    return {"columns": frame.columns, "rows": [[cell(v) for v in row] for row in frame.iter_rows()]}


def cell(value: Any) -> Any:
    """Return a value as the cell of a table exhibit."""
    if isinstance(value, bytes):
        return "(clip)" if value.startswith(b"RIFF") else "(picture)"
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value if isinstance(value, str | int | None) else str(value)


class ShownRows(NamedTuple):
    """Rows as the columns and cells of a table, and where in each cell unknown words begin and end, in characters."""

    columns: list[str]
    cells: list[list[Any]]
    marks: list[list[list[tuple[int, int]]]]

    def content(self, columns: Sequence[str] = (), values: Sequence[Sequence[Any]] = ()) -> Mapping[str, Any]:
        """Return the content of a table, with more `columns` before, of which each row has its `values`."""
        before = values or [()] * len(self.cells)
        found: dict[str, Any] = {
            "columns": [*columns, *self.columns],
            "rows": [[*own, *row] for own, row in zip(before, self.cells, strict=True)],
        }
        if any(marks for row in self.marks for marks in row):
            found["marks"] = [[*([] for _ in columns), *row] for row in self.marks]
        return found


def about_marks(content: Mapping[str, Any]) -> str:
    """Return what the caption of a table says where some of its words are marked."""
    return say("exhibits.unknown-underlined") if "marks" in content else ""


def rows_shown(schema: Schema, subset: Subset, at: Sequence[int]) -> ShownRows:
    """Return some rows by their positions, texts as they are written; a cell is None where the row lacks its input."""
    shown = [subset.shown(i) for i in at]
    texts = {one.name: one for one in schema.inputs if input_type(one.kind).tokens is not None}
    there = dict.fromkeys(name for row in shown for name in row)
    order = [field.name for one in schema.inputs for field in one.fields]
    columns = sorted(there, key=lambda name: order.index(name) if name in order else len(order))
    cells, marks = [], []
    for i, row in zip(at, shown, strict=True):
        own = [_as_written(texts[name], subset, i) if name in texts else None for name in columns]
        cells.append(
            [cell(row.get(name)) if text is None else text[0] for name, text in zip(columns, own, strict=True)]
        )
        marks.append([[] if text is None else text[1] for text in own])
    # Of windows these are the values of their last past step, after the series and the time of that step, where those
    # are not among the values already, as a calendar read from the time is.
    told = [] if subset.index is None else [name for name in subset.index.columns if name not in columns]
    if subset.index is None or not told:
        return ShownRows(columns, cells, marks)
    ends = subset.index.select(told)[(subset.rows[list(at)] - 1).tolist()].rows()
    cells = [[*map(cell, end), *row] for end, row in zip(ends, cells, strict=True)]
    return ShownRows([*told, *columns], cells, [[*([] for _ in told), *row] for row in marks])


def _as_written(one: InputSchema, subset: Subset, position: int) -> tuple[str, list[tuple[int, int]]] | None:
    """Return a text as it is written, up to the last token that is read, and where its unknown words are."""
    text, codes = subset.written(position, one.name), input_type(one.kind).tokens
    if text is None or codes is None:
        return None
    spans = codes.spans(one, text)
    end = spans[-1][1] if spans else 0
    return f"{text[:end]} …" if text[end:].strip() else text, [
        (begin, stop) for begin, stop, unknown in spans if unknown
    ]


def first_pictured(inputs: Sequence[InputSchema]) -> InputSchema | None:
    """Return the first input that can be looked at, which stands for the row where only one can."""
    return next((one for one in inputs if is_pictured(one)), None)


def is_pictured(one: InputSchema) -> bool:
    """Say whether rows of an input are looked at, rather than read."""
    return input_type(one.kind).display.picture is not None


def gallery_kind(one: InputSchema) -> ExhibitKind:
    """Return the kind of an exhibit of some rows of an input."""
    return input_type(one.kind).display.exhibit


def most_shown(one: InputSchema, usual: int) -> int:
    """Return how many rows of an input an exhibit shows, of which it usually shows so many."""
    most = input_type(one.kind).display.most
    return usual if most is None else most


def pictured(one: InputSchema, shown: bytes) -> str:
    """Return what people look at of an input as the text that exhibits hold: a picture itself, the spectrogram of a
    clip.
    """
    look = input_type(one.kind).display.picture
    return picture(shown if look is None else look(one, shown))


def gallery(
    one: InputSchema, shown: Sequence[bytes], captions: Sequence[str], columns: int
) -> tuple[Mapping[str, Any], str]:
    """Return the content of an exhibit of `gallery_kind`, clips with their sound, and what its caption should say."""
    display = input_type(one.kind).display
    content: dict[str, Any] = {
        "pictures": [pictured(one, data) for data in shown],
        "captions": list(captions),
        "columns": columns,
    }
    if display.sound is None:
        return content, display.legend
    heard = [display.sound(clip) for clip in shown]
    content["sounds"] = [base64.b64encode(clip).decode() for clip in heard]
    long = any(len(short) < len(clip) for short, clip in zip(heard, shown, strict=True))
    return content, f"{display.legend}{f' {display.cut}' if long else ''}"


def targets_of(schema: Schema, subset: Subset, at: Sequence[int]) -> list[str]:
    """Return the targets of some rows in words, each of several with its name."""
    if subset.target is None:
        return [""] * len(at)
    columns = targets_in_words(schema, subset.target[list(at)])
    named = {name.removeprefix("target_"): values for name, values in columns.items() if "(" not in name}

    def words(row: int) -> str:
        known = {name: values[row] for name, values in named.items() if values[row] is not None}
        text = {name: f"{value:.5g}" if isinstance(value, float) else str(value) for name, value in known.items()}
        return ", ".join(text.values() if len(named) == 1 else (f"{name}: {value}" for name, value in text.items()))

    return [words(row) for row in range(len(at))]
