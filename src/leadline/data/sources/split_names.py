"""What people call the parts of a dataset: in folder names, array names and split columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import polars as pl

from leadline.core.catalogue import say

SplitName = Literal["train", "validation", "test"]

PART_OF: Mapping[str, SplitName] = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
}


def split_name_of(name: str) -> SplitName | None:
    """Return the part a name stands for, whatever its case; None where it stands for none."""
    return PART_OF.get(name.strip().lower())


def to_split_names(values: pl.Series) -> pl.Series:
    """Return the part each value names, as text; null where it names none."""
    names = values.cast(pl.String, strict=False).str.strip_chars().str.to_lowercase()
    return names.replace_strict(PART_OF, default=None, return_dtype=pl.String)


def split_column(frame: pl.DataFrame) -> tuple[str | None, tuple[str, ...]]:
    """Return the name of the column called ``split`` whose values all name parts, if there is one, and a note that says
    so.
    """
    for name in frame.columns:
        if name.strip().lower() != "split" or frame[name].dtype != pl.String:
            continue
        values = frame[name].drop_nulls().unique()
        if len(values) and to_split_names(values).null_count() == 0:
            return name, (say("sources.split-column-found", column=name),)
    return None, ()
