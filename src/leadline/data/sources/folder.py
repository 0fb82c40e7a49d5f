"""Folders of pictures, audio or text files: one folder per class, or one table that names them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import polars as pl

from leadline.core.catalogue import say
from leadline.core.wording import enumerated
from leadline.data.regular_files import special
from leadline.data.sources import fingerprints, subset_files, tabular, texts
from leadline.data.sources.modalities import AUDIO, PICTURES, TEXTS, Modality, base_of
from leadline.data.sources.split_names import to_split_names
from leadline.data.sources.written_form import AS_IT_IS, Reader
from leadline.data.table import Table
from leadline.errors import DataError


class _Files(NamedTuple):
    """What lies under a folder: what it is read for, such files, all others, and what is no file (links to devices,
    say); paths relative to it, with ``/``, sorted.
    """

    medium: Modality
    names: list[str]
    others: list[str]
    special: list[str]


def read(root: Path, how: Reader = AS_IT_IS) -> Table:
    """Return a folder as a table of ``image`` or ``audio`` (path) or ``text`` (content), ``label`` (class folder) and
    ``split``.

    The layouts are ``train.csv`` and ``test.csv`` (`subset_files`), ``<class>/…``, ``{train,val,test}/<class>/…``,
    pictures or audio files with one table that names them, and files alone (a table without a target). A folder is read
    for pictures or audio, whichever it has more of, and for text where it has neither. `how` is for that table and for
    text. Raises DataError for an empty or unreadable folder and for a single class.
    """
    files = _scan(root)
    medium = files.medium
    subsets = subset_files.find(root)
    if subsets and (not files.names or medium is TEXTS or "label" not in _layout(files.names).columns):
        return subset_files.read(root, subsets, [root, *_folders(root, files.names), root.parent], how)
    if not files.names:
        raise DataError(_nothing_in(root, files.others))
    frame = _layout(files.names)
    labelled = "label" in frame.columns
    if not labelled or (frame["label"].n_unique() == 1 and "split" not in frame.columns):
        table = partial(tabular.read, how=how)
        named = _table_of(root, files, table, flat=not labelled)
        if named is not None:
            return named
    notes = []
    if labelled:
        frame, left_out = frame.drop_nulls("label"), frame["label"].null_count()
        if left_out:
            notes.append(say("sources.files-outside-class-folders", root=root, count=left_out, files=medium.files))
        if frame["label"].n_unique() == 1:
            raise DataError(_one_class(root, frame["label"][0], medium))
    if files.others:
        others = enumerated(files.others)
        notes.append(
            say("sources.files-of-other-formats", root=root, count=len(files.others), files=medium.files, names=others)
        )
    origin = frame["file"]
    if files.special:
        names = enumerated(files.special)
        notes.append(say("files.not-regular-left-out", root=root, count=len(files.special), names=names))
    column = origin.alias(medium.kind)
    fingerprint = fingerprints.of_files(root, origin.to_list())
    if medium is TEXTS:
        contents, more = texts.read(root, origin.to_list(), how.encoding, how.progress)
        column = contents.alias(medium.kind)
        notes += more
        fingerprint = fingerprints.combine(fingerprint, how.encoding or "")
    return Table(
        frame.select(column, pl.exclude("file")),
        root.resolve().name,
        fingerprint,
        origin=origin,
        base=root,
        split="split" if "split" in frame.columns else None,
        target="label" if labelled else None,
        kinds={medium.kind: medium.kind, "label": "category"} if labelled else {medium.kind: medium.kind},
        notes=tuple(notes),
    )


def _scan(root: Path) -> _Files:
    names: list[str] = []
    specials: list[str] = []
    try:
        for name, regular in _walk(str(root), "", ()):
            name.encode()
            (names if regular else specials).append(name)
    except UnicodeEncodeError as error:
        raise DataError(say("sources.file-name-not-utf-8", root=root, name=error.object)) from None
    except OSError as error:
        raise DataError(say("sources.folder-not-listed", folder=error.filename or root, error=error.strerror)) from None
    medium = max((PICTURES, AUDIO), key=lambda one: sum(map(one.has, names)))
    if any(map(medium.has, names)):
        own = list(filter(medium.has, names))
    else:  # texts at the top describe what lies beside them, unless nothing else is there; so do a few among others
        alone = all(map(TEXTS.has, names))
        own = [name for name in names if TEXTS.has(name) and (alone or "/" in name)]
        medium, own = (TEXTS, own) if 2 * len(own) > len(names) else (medium, [])
    return _Files(medium, sorted(own), sorted(set(names) - set(own)), sorted(specials))


def _walk(folder: str, prefix: str, above: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Yield what lies below a folder, and whether it is a file: pipes and devices are not, nor links to them."""
    above = (*above, os.path.realpath(folder))
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name in ("__MACOSX", "Thumbs.db", "desktop.ini"):
                continue
            if not _is_folder(entry):
                # what is a file by its entry is not asked of the system: a folder may hold millions
                yield prefix + entry.name, entry.is_file(follow_symlinks=False) or special(entry.path) is None
            elif not (entry.is_symlink() and os.path.realpath(entry.path) in above):  # a link back up has no end
                yield from _walk(entry.path, f"{prefix}{entry.name}/", above)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _layout(names: Sequence[str]) -> pl.DataFrame:
    """Return the files with their ``label`` and ``split``, as far as the folders give them (null for those outside)."""
    frame = pl.DataFrame({"file": names})
    steps = pl.col("file").str.split("/")
    first, second, depth = steps.list.get(0), steps.list.get(1, null_on_oob=True), steps.list.len()
    parts = frame.select(first=first, depth=depth).with_columns(part=to_split_names(frame.select(first).to_series()))
    # A class may be called "train": folders name splits only where all of them do, or where that one holds folders
    # itself.
    below = parts.filter(pl.col("depth") > 1)
    train = below.filter(pl.col("part") == "train")
    all_parts = len(below) > 0 and below["part"].null_count() == 0
    if all_parts or (len(train) and (train["depth"] > 2).all()):
        frame = frame.with_columns(pl.when(depth > 2).then(second).alias("label"), parts["part"].alias("split"))
        frame = frame.with_columns(
            pl.when(pl.col("split").is_null()).then(None).otherwise(pl.col("label")).alias("label")
        )
    else:
        frame = frame.with_columns(pl.when(depth > 1).then(first).alias("label"))
    return frame if frame["label"].null_count() < len(frame) else frame.select("file")


def _table_of(root: Path, files: _Files, read_table: Callable[..., Table], *, flat: bool) -> Table | None:
    """Return the one table in the folder, or else alone beside a flat one, that names its files."""
    folders = [root, *_folders(root, files.names), root.parent]
    inside = [root / name for name in files.others if "/" not in name and tabular.is_table(Path(name))]
    if not inside:
        beside = [path for path in root.parent.iterdir() if path.is_file() and tabular.is_table(path)] if flat else []
        if len(beside) != 1:
            return None
        try:
            return _naming_files(beside[0], folders, read_table)
        except DataError:  # a file that happens to lie there
            return None
    tables = [table for path in inside if (table := _naming_files(path, folders, read_table))]
    if len(tables) > 1:
        named = enumerated(table.origin for table in tables)
        raise DataError(say("sources.several-tables", root=root, files=files.medium.files, tables=named))
    return tables[0] if tables else None


def _folders(root: Path, names: Sequence[str]) -> list[Path]:
    return sorted({root / name.split("/")[0] for name in names if "/" in name})


def _naming_files(path: Path, folders: Sequence[Path], read_table: Callable[..., Table]) -> Table | None:
    table = read_table(path)
    base = base_of(table.frame, folders)
    return None if base is None else table if base == table.base else read_table(path, base)


def _nothing_in(root: Path, others: Sequence[str]) -> str:
    tables = [name for name in others if tabular.is_table(Path(name))]
    if tables:
        return say("sources.folder-holds-tables", root=root, tables=enumerated(tables))
    if others:
        return say("sources.folder-holds-others", root=root, others=enumerated(others))
    return say("sources.folder-empty", root=root)


def _one_class(root: Path, label: str, medium: Modality) -> str:
    return say("sources.one-class-folder", root=root, files=medium.files, label=label, folder=root / label)
