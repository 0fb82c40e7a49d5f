"""What people see of rows that a network has made: pictures, tables, texts, windows; and the train rows nearest to
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.schema import InputSchema, Schema
from leadline.data.columns.contract import input_type
from leadline.data.subset import Subset
from leadline.evaluation.exhibits import cell, gallery_kind, most_shown, pictured
from leadline.evaluation.samples import Inputs
from leadline.evaluation.samples import shown as row_shown
from leadline.metrics.generative.neighbours import Nearest

PICTURES, COLUMNS = 64, 8
ROWS = 20  # of a table, and texts
WINDOWS, VARIABLES = 6, 4
PAIRS = 10  # new rows that are shown beside the nearest train row
WIDE = 12  # columns of a table that are shown


def shown(schema: Schema, new: Inputs) -> Iterator[ExhibitDraft]:
    """Yield the first new rows of each input, as they come."""
    for number, one in enumerate(schema.inputs, start=1):
        draft = gallery_of(one, new[one.name])
        title = say("exhibits.samples") if len(schema.inputs) == 1 else say("exhibits.samples-of", name=one.name)
        yield draft._replace(name="new_rows" if number == 1 else f"new_rows-{number}", title=title)


def gallery_of(one: InputSchema, x: Tensor) -> ExhibitDraft:
    """Return an exhibit of the first rows of an input that are given raw."""
    found = _below(one, [("", x)], min(ROWS, len(x)))
    if found is not None:
        return found
    count = min(most_shown(one, PICTURES), len(x))
    pictures = [picture(one, x, i) for i in range(count)]
    return ExhibitDraft("", gallery_kind(one), "", {"pictures": pictures, "captions": [""] * count, "columns": COLUMNS})


def picture(one: InputSchema, x: Tensor, row: int) -> str:
    """Return a raw row of an input that can be looked at as the text that exhibits hold."""
    return pictured(one, row_shown(one, x, row)[one.name])


def lines(one: InputSchema, columns: Sequence[tuple[str, Inputs]], rows: int) -> ExhibitDraft | None:
    """Return an exhibit in which a row of `columns`, by what each is, stands one below the other; None for windows and
    clips.
    """
    versions = [(words, inputs[one.name]) for words, inputs in columns]
    found = _below(one, versions, rows)
    if found is not None or input_type(one.kind).pixels is None:
        return found
    pictures = [picture(one, x, i) for _, x in versions for i in range(rows)]
    return ExhibitDraft("", "pictures", "", {"pictures": pictures, "captions": [""] * len(pictures), "columns": rows})


def _below(one: InputSchema, versions: Sequence[tuple[str, Tensor]], rows: int) -> ExhibitDraft | None:
    """Return an exhibit in which the versions of each row stand one below the other; None for what is looked at."""
    exhibit = input_type(one.kind).display.exhibit
    if exhibit == "table":
        shown = [(words, row_shown(one, x, i)) for i in range(rows) for words, x in versions]
        return ExhibitDraft("", "table", "", *_table(one, shown))
    if exhibit == "texts":
        texts = [_text(one, x, i, words) for i in range(rows) for words, x in versions]
        return ExhibitDraft("", "texts", "", {"texts": texts})
    if exhibit == "bands":
        panels = [_windows(one, versions, i) for i in range(min(rows, WINDOWS))]
        return ExhibitDraft("", "bands", "", {"x": {"label": "step"}, "panels": panels})
    return None


def side_by_side(
    schema: Schema, new: Inputs, train: Subset, found: Nearest, default_training: float, space: str
) -> Iterator[ExhibitDraft]:
    """Yield some new rows with the train row that is nearest to each: those that are shown first, and those that are
    nearest.
    """
    away = found.distance_qk[:, 0]
    groups = {
        say("exhibits.nearest"): np.arange(min(PAIRS, len(away))),
        say("exhibits.nearest-most-similar"): np.argsort(away, kind="stable")[:PAIRS],
    }
    one = next((one for one in schema.inputs if input_type(one.kind).pixels is not None), schema.inputs[0])
    for number, (title, at) in enumerate(groups.items(), start=1):
        rows = torch.as_tensor(at)
        near = train.batch(torch.as_tensor(found.at_qk[at, 0])).inputs
        own = {name: x[rows] for name, x in new.items()}
        draft = lines(
            one, [(say("exhibits.generated"), own), (say("exhibits.nearest-training-example"), near)], len(at)
        )
        if draft is None:
            return
        content: dict[str, Any] = dict(draft.content)
        about: dict[str, Any] = {"space": space, "rows": len(train), "median": default_training}
        if draft.kind == "pictures":
            content["headings"] = [f"{distance:.3g}" for distance in away[at]]
            caption = say("exhibits.nearest-images-about", **about)
        else:
            caption = say("exhibits.nearest-about", **about)
        yield draft._replace(
            name="nearest" if number == 1 else "nearest-2", title=title, content=content, caption=caption
        )


def _table(one: InputSchema, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[Mapping[str, Any], str]:
    """Return the content of a table and what its caption should say."""
    named = any(words for words, _ in rows)
    every = list(rows[0][1]) if rows else [field.name for field in one.fields]
    columns = every[:WIDE]
    left = len(every) - len(columns)
    cells = [[*([words] if named else []), *(cell(values[c]) for c in columns)] for words, values in rows]
    return {
        "columns": [*([""] if named else []), *columns],
        "rows": cells,
    }, (say("exhibits.more-columns", left=left) if left else "")


def _text(one: InputSchema, x: Tensor, row: int, words: str) -> Mapping[str, Any]:
    text = row_shown(one, x, row)[one.name]
    return {"caption": words, "pieces": [text or say("exhibits.empty-text")], "weights": [0.0]}


def _windows(one: InputSchema, versions: Sequence[tuple[str, Tensor]], row: int) -> Mapping[str, Any]:
    """Return a panel with the steps of a window, a line for each variable and version."""
    assert one.window is not None
    names = [field.name for field in one.fields][: min(VARIABLES, len(one.window.aims))]
    series = []
    for words, x in versions:
        values_TF = x[row].numpy()
        steps = [step - one.window.past for step in range(len(values_TF))]
        for at, name in enumerate(names):
            own = [float(v) if np.isfinite(v) else None for v in values_TF[:, at]]
            series.append({"name": f"{name}, {words}" if words else name, "x": steps, "y": own})
    return {"label": f"{row + 1}" if versions[0][0] else "", "series": series}
