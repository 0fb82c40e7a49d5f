"""Speakers, patients and clips that file names tell of: files of one source depend on each other.

``4c6167ca_nohash_0.wav`` is one of several recordings of a speaker, ``patient07_slice12.png`` one of several slices. A
source is what names have in common before their last number, a word within them, or the folder they lie in, where it
comes back in several classes or is called as someone or something is. A split that is drawn keeps its files together.

Shapes in names: N files, S sources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from leadline.data.checks import copies
from leadline.data.columns.contract import column_type

FEWEST = 10  # different sources that there have to be
ACROSS = 0.5  # of the files are of sources that several classes have: no class is told by them
EACH = 3  # sources that every class needs, so that train, validation and test can have one
_SOMEONE = r"(?:patient|subject|participant|person|user|speaker|spk|driver|video|clip|case|animal|donor)"
_WORD = r"^(?:[0-9A-Za-z]*[A-Za-z][0-9A-Za-z]*|[0-9a-f]{6,})$"


class Sources(NamedTuple):
    """How many sources file names tell of, what one of them is called, and the number of each file's (N,) int64."""

    different: int
    example: str
    number_N: np.ndarray


class FileGroups(NamedTuple):
    """The sources of the files in a column, and the number of each row's; rows without a file are alone."""

    column: str
    sources: Sources
    number_N: np.ndarray


def sources(files: pl.Series, label_n: np.ndarray | None) -> Sources | None:
    """Return the sources of files, None where their names tell of none.

    `label_n` are the numbers of the files' classes, None where there are none.
    """
    path = files.str.replace_all("\\", "/", literal=True).str.split("/")
    for source in _candidates(path):
        different = source.n_unique()
        if source.null_count() or not FEWEST <= different <= len(source) / 2:
            continue
        named = bool(source.str.to_lowercase().str.contains(rf"^{_SOMEONE}[_\-. ]?\d+$").all())
        number_n = source.rank("dense").cast(pl.Int64).to_numpy() - 1
        if _across(number_n, label_n) or (named and _in_every_class(number_n, label_n)):
            return Sources(different, str(source[0]), number_n)
    return None


def find(
    frame: pl.DataFrame, groups: Sequence[Mapping[str, str]], targets: Sequence[str], *, quantity: bool
) -> FileGroups | None:
    """Return the sources of the files of the first column that tells of any; `groups` are the kinds of the columns that
    each input is made of. Of a target that is a `quantity` there are no classes that a source could be.
    """
    for columns in groups:
        for name, kind in columns.items():
            if column_type(kind).outline is None or frame[name].dtype != pl.String:
                continue
            there = frame[name].is_not_null()
            # filtered before columns are chosen: without a target there are none left to filter
            goal = frame.filter(there).select(one for one in targets if one in frame.columns)
            label_n = copies.target_numbers(goal) if goal.width and not quantity else None
            found = sources(frame[name].filter(there), label_n)
            if found is not None:
                number_N = found.different + np.arange(len(there))
                number_N[there.to_numpy()] = found.number_N
                return FileGroups(name, found, number_N)
    return None


def _candidates(path: pl.Series) -> Iterator[pl.Series]:
    """Yield what may be the source of each file, null where it has none: what stands before the last number of its
    name, each word of it, and the folder.
    """
    stem = path.list.last().str.replace(r"\.[^.]*$", "")
    source = stem.str.extract(r"^(.+?)[_\-. ]+(?:[A-Za-z]+[_\-. ]*)?\d+$")
    # words that stand between a source and the last number, such as nohash, are no part of it
    yield source.str.replace(r"[_\-. ]+[A-Za-z]+$", "")
    words = stem.str.replace_all(r"[_\-. ]+", "/").str.split("/")
    if words.list.len().n_unique() == 1:
        for at in range(words.list.len()[0]):
            word = words.list.get(at)
            # numbers alone may count the files of a class
            if word.str.contains(_WORD).all() and word.str.contains("[A-Za-z]").any():
                yield word
    yield path.list.get(-2, null_on_oob=True)


def _across(number_n: np.ndarray, label_n: np.ndarray | None) -> bool:
    if label_n is None:
        return False
    pairs = np.unique(np.stack([number_n, label_n], axis=1), axis=0)
    several_S = np.bincount(pairs[:, 0]) > 1
    return bool(several_S[number_n].mean() >= ACROSS)


def _in_every_class(number_n: np.ndarray, label_n: np.ndarray | None) -> bool:
    """Say whether every class has several sources, as it has not where the source is what is to be told."""
    if label_n is None:
        return True
    pairs = np.unique(np.stack([number_n, label_n], axis=1), axis=0)
    return bool(np.bincount(pairs[:, 1]).min() >= EACH)
