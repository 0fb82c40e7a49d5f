"""Folders with a file for each subset: ``train.csv``, ``test.csv`` and perhaps ``validation.csv``, of any format."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from leadline.core.catalogue import say
from leadline.core.wording import enumerated
from leadline.data.sources import tabular, text_lines
from leadline.data.sources.modalities import base_of
from leadline.data.sources.split_names import SplitName, split_name_of
from leadline.data.sources.test_source import with_subset
from leadline.data.sources.written_form import Reader, read_as_trained
from leadline.data.table import Table
from leadline.errors import DataError

_ADDED: tuple[SplitName, ...] = ("validation", "test")


def find(root: Path) -> Mapping[SplitName, Path]:
    """Return the files in a folder that are named after subsets, ``train.csv``, ``adult_test.parquet``, ``dev.txt``;
    none unless there are those of train and of another, with nothing else in their names that differs.

    Raises DataError where a subset has several.
    """
    found: dict[str, dict[SplitName, list[Path]]] = {}
    for path in sorted(root.iterdir()):
        subset, rest = _named(path)
        if subset and path.is_file():
            found.setdefault(rest, {}).setdefault(subset, []).append(path)
    whole = [subsets for subsets in found.values() if "train" in subsets and len(subsets) > 1]
    if len(whole) != 1:
        return {}
    for subset, paths in whole[0].items():
        if len(paths) > 1:
            names = enumerated(path.name for path in paths)
            raise DataError(say("sources.several-files-of-subset", root=root, subset=subset, files=names))
    return {subset: paths[0] for subset, paths in whole[0].items()}


def read(root: Path, files: Mapping[SplitName, Path], folders: Sequence[Path], how: Reader) -> Table:
    """Return the files of a folder as one table with a split column; the others are read as the train file is.

    Paths in them start at one of some `folders`. A file that lacks one column of the train file, as the test file of a
    competition lacks the target, is left out with a note. Raises DataError where columns differ otherwise.
    """
    table = _read(files["train"], folders, how)
    trained = how._replace(forms={**table.forms, **how.forms})
    for subset in _ADDED:
        if subset not in files:
            continue
        more = _read(files[subset], folders, trained)
        lacking = [name for name in table.frame.columns if name not in (*more.frame.columns, table.split)]
        if len(lacking) == 1 and set(more.frame.columns) < set(table.frame.columns):
            names = {"file": files[subset].name, "column": lacking[0], "train": files["train"].name}
            table = replace(table, notes=(*table.notes, say("sources.subset-file-without-column", **names)))
        else:
            table = with_subset(table, more, subset)
    return replace(table, name=root.resolve().name)


def _named(path: Path) -> tuple[SplitName | None, str]:
    """Return the subset that a file is named after, if it is one that can be read, and what else its name says."""
    name = path.name
    if not (tabular.is_table(path) or text_lines.is_lines(path)) or name.startswith("."):
        return None, ""
    words = [word for word in re.split(r"[\W_]+", name.split(".")[0].lower()) if word]
    subsets = {subset for word in words if (subset := split_name_of(word))}
    rest = [word for word in words if not split_name_of(word)]
    return (subsets.pop(), " ".join(rest)) if len(subsets) == 1 else (None, "")


def _read(path: Path, folders: Sequence[Path], how: Reader) -> Table:
    if text_lines.is_lines(path):
        return read_as_trained(text_lines.read(path, how.encoding, how.progress), how)
    table = tabular.read(path, how=how)
    base = base_of(table.frame, folders)
    if base is not None and base != table.base:
        table = tabular.read(path, base, how=how)
    return read_as_trained(table, how)
