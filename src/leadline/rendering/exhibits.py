"""Exhibits read back from their files, made ready to be drawn."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from leadline.core import wording
from leadline.core.base import parsed_json
from leadline.core.catalogue import say
from leadline.core.exhibit import Exhibit
from leadline.core.report import Report
from leadline.core.safe_text import straight, visible
from leadline.rendering import bands, charts, scatter
from leadline.rendering.older_reports import section_of_exhibit
from leadline.rendering.outline import split_order

MOST_ROWS = 200  # of a table on the page; its file holds them all
_PNG = b"\x89PNG\r\n\x1a\n"


class Picture(NamedTuple):
    """A PNG as a data address with its size in pixels; `small` ones are enlarged without smoothing. `sound` is what it
    shows.
    """

    source: str
    width: int
    height: int
    caption: str
    small: bool
    sound: str | None = None


class Piece(NamedTuple):
    """Some letters of a text; `look` says which way they pull, or that they are unknown, and `strength` how much, in
    hundredths.
    """

    text: str
    look: str
    strength: int


class Table(NamedTuple):
    """Cells as text; `numeric` says which columns hold numbers, `more` how many rows the page leaves out, and `marked`
    are the cells, by row and column, in which some words are unknown.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Picture | None, tuple[str, ...]], ...]
    numeric: tuple[bool, ...]
    pictured: bool
    more: int
    marked: Mapping[tuple[int, int], tuple[Piece, ...]] = MappingProxyType({})


class Gallery(NamedTuple):
    """Pictures in rows of `columns`; `tiny` where all are small, `even` where rows mean nothing and may break anywhere.

    Where there are `headings`, one stands over each column. `clips` are spectrograms, all drawn equally large.
    """

    pictures: tuple[Picture, ...]
    columns: int
    tiny: bool
    even: bool
    headings: tuple[str, ...]
    clips: bool = False


class View(NamedTuple):
    """An exhibit with what is drawn of it, or the problem that keeps it from being shown."""

    name: str
    kind: str
    title: str
    caption: str
    split: str | None
    file: str
    sha256: str
    body: Any
    problem: str | None
    section: str


def views(report: Report, folder: Path) -> tuple[View, ...]:
    """Return all exhibits of a report in its order; of one name, the test split's first."""
    first = {exhibit.name: at for at, exhibit in reversed(list(enumerate(report.exhibits)))}
    ordered = sorted(report.exhibits, key=lambda e: (first[e.name], -split_order(e.split)[0] if e.split else 0))
    titles = {name: metric.name_in_text for name, metric in report.metrics.items()}
    return tuple(view(exhibit, folder, titles) for exhibit in ordered)


def view(exhibit: Exhibit, folder: Path, titles: Mapping[str, str] = MappingProxyType({})) -> View:
    """Read one exhibit; where its file is missing, was changed or is not of its kind, the view says so.

    `titles` say what metrics are called, by the names that curves of training have them by.
    """
    body, problem = None, None
    file = folder / exhibit.file
    try:
        if not file.resolve().is_relative_to(folder.resolve()):
            raise ValueError(say("rendering.outside-run", file=exhibit.file))
        data = file.read_bytes()
        if hashlib.sha256(data).hexdigest() != exhibit.sha256:
            raise ValueError(say("rendering.file-changed", file=exhibit.file))
        body = _body(exhibit.kind, parsed_json(data), titles)
    except OSError:
        problem = say("rendering.exhibit-missing", file=exhibit.file)
    except (KeyError, IndexError, TypeError, AttributeError):
        problem = say("rendering.not-exhibit", file=exhibit.file, kind=exhibit.kind)
    except ValueError as error:
        problem = str(error)
    return View(
        exhibit.name,
        exhibit.kind,
        exhibit.title,
        exhibit.caption,
        exhibit.split,
        exhibit.file,
        exhibit.sha256,
        body,
        problem,
        section_of_exhibit(exhibit),
    )


def _body(kind: str, content: Mapping[str, Any], titles: Mapping[str, str]) -> Any:
    if kind == "curves":
        return charts.curves(content, titles)
    draw: Any = {
        "table": table,
        "lines": charts.lines,
        "bands": bands.panels,
        "matrix": charts.matrix,
        "reliability": charts.reliability,
        "pictures": _gallery,
        "clips": _clips,
        "texts": texts,
        "scatter": scatter.scatter,
    }[kind]
    return draw(content)


def table(content: Mapping[str, Any]) -> Table:
    """Return the cells of a ``table`` exhibit as text, as many rows as a page bears."""
    columns, rows = content["columns"], content["rows"]
    pictures: Sequence[str | None] = content.get("pictures", [None] * len(rows))
    numeric = tuple(_is_numeric([row[c] for row in rows]) for c in range(len(columns)))
    shown = tuple(
        (picture(p) if p else None, tuple(_cell(v) for v in row))
        for row, p in zip(rows[:MOST_ROWS], pictures[:MOST_ROWS], strict=True)
    )
    more = max(0, len(rows) - MOST_ROWS)
    return Table(tuple(str(c) for c in columns), shown, numeric, "pictures" in content, more, _marked(content))


def _marked(content: Mapping[str, Any]) -> Mapping[tuple[int, int], tuple[Piece, ...]]:
    cells = ((r, c, spans) for r, row in enumerate(content.get("marks", ())) for c, spans in enumerate(row) if spans)
    return {(r, c): tuple(_cut(str(content["rows"][r][c]), spans)) for r, c, spans in cells if r < MOST_ROWS}


def _cut(text: str, spans: Sequence[Sequence[int]]) -> Iterator[Piece]:
    last = 0
    for begin, end in spans:
        yield from (_letters(text[last:begin], "plain"), _letters(text[begin:end], "unknown"))
        last = end
    yield _letters(text[last:], "plain")


def _letters(text: str, look: str) -> Piece:
    return Piece(visible(text) if text.strip() else text, look, 0)  # blanks between words need not be made visible


class Passage(NamedTuple):
    """A text with what it says about it."""

    caption: str
    pieces: tuple[Piece, ...]


def texts(content: Mapping[str, Any]) -> tuple[Passage, ...]:
    """Return the texts of a ``texts`` exhibit."""
    return tuple(
        Passage(
            straight(one["caption"]),
            tuple(
                _piece(p, w, unknown=i in one.get("unknown", ()))
                for i, (p, w) in enumerate(zip(one["pieces"], one["weights"], strict=True))
            ),
        )
        for one in content["texts"]
    )


def _piece(text: str, weight: float, *, unknown: bool = False) -> Piece:
    strength = round(100 * min(abs(weight), 1.0))
    look = "for" if weight > 0 else "against"
    look = look if strength >= 5 else "unknown" if unknown else "plain"
    return Piece(" " if text.isspace() else visible(text), look, strength)


def picture(text: str, caption: str = "") -> Picture:
    """Return a picture from its base64 PNG text; raises ValueError where it is none."""
    try:
        head = base64.b64decode(text[:64], validate=True)
    except binascii.Error:
        head = b""
    if not head.startswith(_PNG) or len(head) < 24:
        raise ValueError(say("rendering.image-not-png"))
    width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    return Picture(f"data:image/png;base64,{text}", width, height, caption, max(width, height) <= 64)


def sound(text: str) -> str:
    """Return a clip from its base64 WAV text as a data address; raises ValueError where it is none."""
    try:
        head = base64.b64decode(text[:16], validate=True)
    except binascii.Error:
        head = b""
    if not (head.startswith(b"RIFF") and head[8:12] == b"WAVE"):
        raise ValueError(say("rendering.audio-not-wav"))
    return f"data:audio/wav;base64,{text}"


def _gallery(content: Mapping[str, Any]) -> Gallery:
    pictures = tuple(picture(p, straight(c)) for p, c in zip(content["pictures"], content["captions"], strict=True))
    headings = tuple(content.get("headings", ()))
    # A caption under each picture means that it stands for itself; without captions, or under headings, a row tells a
    # story.
    even = any(p.caption for p in pictures) and not headings
    return Gallery(pictures, max(1, int(content["columns"])), all(p.small for p in pictures), even, headings)


def _clips(content: Mapping[str, Any]) -> Gallery:
    found = _gallery(content)
    sounds = [sound(text) for text in content["sounds"]] if "sounds" in content else [None] * len(found.pictures)
    pictures = tuple(p._replace(sound=s, small=False) for p, s in zip(found.pictures, sounds, strict=True))
    return found._replace(pictures=pictures, tiny=False, clips=True)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return say("rendering.yes") if value else say("rendering.no")
    if isinstance(value, float) and 1e-4 <= abs(value) < 1e15:
        places = max(0, 3 - math.floor(math.log10(abs(value))))
        return f"{round(value, places):.15g}".replace("-", wording.MINUS)
    # Whole numbers stay as they are: a column of years or codes takes no commas.
    return wording.number(value) if isinstance(value, float) else visible(str(value))


def _is_numeric(values: Sequence[Any]) -> bool:
    known = [v for v in values if v is not None]
    return bool(known) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in known)
