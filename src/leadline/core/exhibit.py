"""A table, curve, matrix or set of pictures that goes with findings.

A measurement yields a `ExhibitDraft`; storing it in a run folder writes one JSON file and gives the hashed `Exhibit`.
Contents by kind (pictures are base64 PNG text everywhere):

- ``table``        {"columns": [str], "rows": [[cell]], "pictures": [str | None]?, "marks": [[[[int, int]]]]?}   a
                    picture may lead each row; marks are, for each cell, where in its text unknown words begin and end
- ``curves``       {"x": {"label": str, "values": [float], "log": bool?}, "panels": [{"label": str, "log": bool,
                    "series": [{"name": str, "values": [float | None]}]}], "mark": {"x": float, "label": str}?}
- ``lines``        {"x": {"label": str, "bounds": [float, float]}, "y": the same, "series": [{"name": str, "x": [float],
                    "y": [float]}], "points": [{"name": str, "x", "x_low", "x_high", "y", "y_low", "y_high": float}],
                    "diagonal": bool, "level": {"y": float, "label": str} | None}
- ``bands``        {"x": {"label": str, "log": bool?}, "panels": [{"label": str, "series": [{"name": str, "x": [float],
                    "y": [float | None], "low": [float | None]?, "high": the same?}], "mark": {"x": float, "label":
                    str}?}]}
- ``matrix``       {"labels": [str], "counts": [[int]]}                              rows true, columns predicted
- ``reliability``  {"bins": [{"confidence": float, "accuracy": float, "low": float, "high": float, "count": int}],
                    "claimed": str?, "seen": str?}                                   what the axes are called
- ``pictures``     {"pictures": [str], "captions": [str], "columns": int, "headings": [str]?}   a heading over each
  column
- ``clips``        the same of spectrograms, and {"sounds": [str]?}                   the WAV, in base64, that each
  shows
- ``texts``        {"texts": [{"caption": str, "pieces": [str], "weights": [float], "unknown": [int]?}]}   a weight from
                    -1 to 1 for each piece, and which pieces are unknown words
- ``scatter``      {"x": {"label": str, "values": [float]}, "y": {"label": str, "values": [float]}, "diagonal": bool,
                    "classes": {"names": [str], "values": [int]}?, "titles": [str]?, "bare": bool?}   a colour for each
                    class, what is said of each point, and whether axes mean nothing
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from leadline.core.base import Fact

ExhibitKind = Literal[
    "table", "curves", "lines", "bands", "matrix", "reliability", "pictures", "clips", "texts", "scatter"
]


class Exhibit(Fact):
    """A stored exhibit: where its file lies (relative to the run folder), the sha256 of that file, and the section that
    shows it.
    """

    name: str
    kind: ExhibitKind
    title: str
    caption: str = ""
    split: str | None = None
    section: str | None = None
    file: str
    sha256: str


class ExhibitDraft(NamedTuple):
    """An exhibit before it is stored; `content` as the module's docstring says for its kind.

    What is `recorded` was said or timed while the run took place, and cannot be had again.
    """

    name: str
    kind: ExhibitKind
    title: str
    content: Mapping[str, Any]
    caption: str = ""
    split: str | None = None
    section: str | None = None  # of the report; that of the analysis where an exhibit names none
    recorded: bool = False


def store(draft: ExhibitDraft, folder: Path) -> Exhibit:
    """Write a draft under ``folder/exhibits`` and return the exhibit."""
    data = json.dumps(draft.content, ensure_ascii=False, allow_nan=False).encode()
    stem = draft.name if draft.split is None else f"{draft.name}.{draft.split}"
    file = folder / "exhibits" / f"{stem}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return Exhibit(
        name=draft.name,
        kind=draft.kind,
        title=draft.title,
        caption=draft.caption,
        split=draft.split,
        section=draft.section,
        file=f"exhibits/{stem}.json",
        sha256=hashlib.sha256(data).hexdigest(),
    )
