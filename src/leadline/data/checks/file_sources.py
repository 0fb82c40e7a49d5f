"""Speakers, patients and clips that file names tell of: files of one source depend on each other.

``4c6167ca_nohash_0.wav`` is one of several recordings of a speaker, ``patient07_slice12.png`` one of several slices. A
source is what names have in common before their last number, where it comes back in several classes or is called as
someone or something is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

FEWEST = 10  # different sources that there have to be
ACROSS = 0.5  # of the files are of sources that several classes have: no class is told by them
_SOMEONE = r"(?:patient|subject|participant|person|user|speaker|spk|driver|video|clip|case|animal|donor)"


class Sources(NamedTuple):
    """How many sources file names tell of, and what one of them is called."""

    different: int
    example: str


def sources(files: pl.Series, label_n: np.ndarray | None) -> Sources | None:
    """Return the sources of files, None where their names tell of none.

    `label_n` are the numbers of the files' classes, None where there are none.
    """
    stem = files.str.replace_all("\\", "/", literal=True).str.split("/").list.last().str.replace(r"\.[^.]*$", "")
    source = stem.str.extract(r"^(.+?)[_\-. ]+(?:[A-Za-z]+[_\-. ]*)?\d+$")
    if source.null_count() or not len(source):
        return None
    # words that stand between a source and the last number, such as nohash, are no part of it
    source = source.str.replace(r"[_\-. ]+[A-Za-z]+$", "")
    different = source.n_unique()
    if not FEWEST <= different <= len(source) / 2:
        return None
    named = bool(source.str.to_lowercase().str.contains(rf"^{_SOMEONE}[_\-. ]?\d+$").all())
    number_n = source.rank("dense").cast(pl.Int64).to_numpy() - 1
    return Sources(different, str(source[0])) if named or _across(number_n, label_n) else None


def _across(number_n: np.ndarray, label_n: np.ndarray | None) -> bool:
    if label_n is None:
        return False
    pairs = np.unique(np.stack([number_n, label_n], axis=1), axis=0)
    several_S = np.bincount(pairs[:, 0]) > 1
    return bool(several_S[number_n].mean() >= ACROSS)
