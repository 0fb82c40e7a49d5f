"""Which files are pictures, audio or text, and which columns of a table name them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

_LOOK_AT = 5
_HEAD = 1_000  # values: enough, nearly always, and a large table is not copied


class Modality(NamedTuple):
    """Files of one sort: the kind of column they make, what many and one of them are called, and how their names
    end.
    """

    kind: str
    files: str
    file: str
    suffixes: tuple[str, ...]

    def has(self, name: str) -> bool:
        """Say whether a file's name ends as those of such files do."""
        return name.lower().endswith(self.suffixes)


PICTURES = Modality(
    "image",
    "images",
    "image",
    (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".avif", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"),
)
AUDIO = Modality(
    "audio",
    "audio files",
    "audio file",
    (
        ".wav",
        ".wave",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
        ".aif",
        ".aiff",
        ".aifc",
        ".au",
        ".snd",
        ".caf",
        ".w64",
        ".rf64",
    ),
)
TEXTS = Modality("text", "text files", "text file", (".txt",))
NAMED = (PICTURES, AUDIO)  # what a column of paths may name


def path_columns(frame: pl.DataFrame, base: Path) -> list[str]:
    """Return the text columns that name pictures or audio files of which some exist (relative paths start at
    `base`).
    """
    return [name for name in frame.columns if _some_exist(_named(frame[name]), base)]


def base_of(frame: pl.DataFrame, folders: Iterable[Path]) -> Path | None:
    """Return the first of some folders at which the paths in a column start; None where no column names files that
    exist.
    """
    named = [first for name in frame.columns if (first := _named(frame[name]))]
    return (
        next((folder for folder in folders if any(_some_exist(first, folder) for first in named)), None)
        if named
        else None
    )


def files_of(frame: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return every different path in some columns, sorted."""
    return sorted({path for name in columns for path in frame[name].drop_nulls().unique().to_list()})


def is_dead(column: pl.Series, base: Path | None) -> bool:
    """Say whether a column names pictures or audio files none of which is there."""
    first = _named(column)
    return bool(first) and not _some_exist(first, base or Path())


def _named(column: pl.Series) -> list[str]:
    """Return the first values of a text column where they all are names of pictures, or all of audio files."""
    if column.dtype != pl.String:
        return []
    first = column.head(_HEAD).drop_nulls().head(_LOOK_AT).to_list() or column.drop_nulls().head(_LOOK_AT).to_list()
    return first if any(all(map(medium.has, first)) for medium in NAMED) else []


def _some_exist(paths: Sequence[str], base: Path) -> bool:
    return any((base / path).is_file() for path in paths)
