"""Which files are pictures, and which columns of a table name them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

PICTURES = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".avif", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
_LOOK_AT = 5
_HEAD = 1_000  # values: enough, nearly always, and a large table is not copied


def is_picture(name: str) -> bool:
    """Say whether a file's name ends as those of pictures do."""
    return name.lower().endswith(PICTURES)


def path_columns(frame: pl.DataFrame, base: Path) -> list[str]:
    """Return the text columns that name pictures of which some exist (relative paths start at `base`)."""
    return [name for name in frame.columns if frame[name].dtype == pl.String and _names_pictures(frame[name], base)]


def pictures_of(frame: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return every different path in some columns, sorted."""
    return sorted({path for name in columns for path in frame[name].drop_nulls().unique().to_list()})


def _names_pictures(values: pl.Series, base: Path) -> bool:
    first = values.head(_HEAD).drop_nulls().head(_LOOK_AT).to_list() or values.drop_nulls().head(_LOOK_AT).to_list()
    return bool(first) and all(map(is_picture, first)) and any((base / path).is_file() for path in first)
