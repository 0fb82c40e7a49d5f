"""Arrays by name: NPZ files, mappings, and (X, y) pairs of NumPy arrays or torch tensors.

Shapes: N rows, H height, W width, C channels, F features.
"""

from __future__ import annotations

import math
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.data.sources import fingerprints
from leadline.data.sources.boundary import check_zip
from leadline.data.sources.frames import check_width
from leadline.data.sources.pixels import looks_like_pictures, to_pixels
from leadline.data.sources.split_names import SplitName, split_column, split_name_of
from leadline.data.table import Table
from leadline.errors import DataError

TARGET = "label"
_X = {"x", "image", "images", "data", "features", "inputs"}
_Y = {"y", "label", "labels", "target", "targets"}
# arrays of words beside them: what the numbers of classes stand for, and what the columns of x are called
_CLASSES = {"classnames", "labelnames", "targetnames", "classes", "categories", "names"}
_FEATURES = {"featurenames", "columnnames", "columns", "features"}
_PARTS: tuple[SplitName | None, ...] = (None, "train", "validation", "test")


class _Role(NamedTuple):
    part: SplitName | None
    is_target: bool


class _Columns(NamedTuple):
    frame: pl.DataFrame
    notes: tuple[str, ...]


def read_npz(path: Path) -> Table:
    """Return the arrays of an NPZ file as a table; raises DataError for a damaged file and for arrays of Python
    objects.
    """
    if not zipfile.is_zipfile(path):  # NumPy would take it for a pickle
        raise DataError(say("sources.not-npz", path=path))
    check_zip(path)
    try:
        _check_sizes(path)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: to_numpy(archive[name], name) for name in archive.files}
    except (OSError, EOFError, KeyError, AttributeError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(say("sources.npz-damaged", path=path, error=error)) from None
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise DataError(say("sources.npz-python-objects", path=path)) from None
        raise DataError(say("sources.npz-arrays-unreadable", path=path, reason=error)) from None
    return replace(_table(arrays, path.name), name=path.stem, fingerprint=fingerprints.of_file(path), base=path.parent)


def _check_sizes(path: Path) -> None:
    """Raise DataError where the header of an array claims more values than its member of the archive holds, for which
    NumPy would ask the system.
    """
    with zipfile.ZipFile(path) as archive:
        for info in (one for one in archive.infolist() if one.filename.endswith(".npy")):
            with archive.open(info) as member:
                version = np.lib.format.read_magic(member)
                header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
                shape, _, dtype = header.get(version, np.lib.format.read_array_header_2_0)(member)
            if math.prod(shape) * dtype.itemsize > info.file_size:
                raise DataError(say("sources.array-larger-than-file", path=path, name=info.filename))


def read(arrays: Mapping[str, Any], where: str = "arrays") -> Table:
    """Return named arrays as a table.

    ``x`` and ``y``, alone or for each part (``x_train, y_train, x_test, y_test``, ``train_images, train_labels`` …),
    become rows with a ``label``; other names give columns. (N,H,W), (N,H,W,C) and (N,C,H,W) become pictures, (N,F)
    becomes F columns. Raises DataError naming the arrays whose lengths, shapes or values do not fit.
    """
    table = _table({str(name): to_numpy(values, str(name)) for name, values in arrays.items()}, where)
    return replace(table, fingerprint=fingerprints.of_frame(table.frame))


def to_numpy(values: Any, name: str) -> np.ndarray:
    """Return an array, a tensor (of any device) or a list as a NumPy array; raises DataError where that cannot be."""
    if isinstance(values, np.ma.MaskedArray):
        raise DataError(say("sources.masked-array", name=name))
    try:
        if hasattr(values, "detach"):
            values = values.detach().cpu()
            values = values.float() if str(values.dtype) == "torch.bfloat16" else values
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(say("sources.not-an-array", name=name, error=error)) from None
    if array.ndim == 0:
        raise DataError(say("sources.array-is-one-value", name=name))
    return array


def _role(name: str) -> _Role | None:
    words = [word for word in re.split(r"[\W_]+", name.lower()) if word]
    parts = [part for word in words if (part := split_name_of(word))]
    rest = [word for word in words if not split_name_of(word)]
    if len(parts) > 1 or len(rest) != 1 or rest[0] not in _X | _Y:
        return None
    return _Role(parts[0] if parts else None, rest[0] in _Y)


def _table(arrays: Mapping[str, np.ndarray], where: str) -> Table:
    words = {name: values for name, values in arrays.items() if values.ndim == 1 and values.dtype.kind in "USO"}
    roles = {name: role for name in arrays if (role := _role(name)) and not _is_beside(name, arrays, words)}
    if any(not role.is_target and (role.part or arrays[name].ndim > 1) for name, role in roles.items()):
        table = _from_roles(arrays, _names(roles, where), where)
    elif arrays:
        table = _from_columns(arrays, where)
    else:
        raise DataError(say("sources.no-arrays", where=where))
    if table.frame.is_empty():
        raise DataError(say("sources.no-rows", where=where))
    return table


def _is_beside(name: str, arrays: Mapping[str, np.ndarray], words: Mapping[str, np.ndarray]) -> bool:
    """Say whether an array that is called as labels or inputs are holds the names of classes or columns instead: words,
    beside labels or inputs that are longer.
    """
    role = _role(name)
    return role is not None and any(
        name in words and other != name and _role(other) == role and len(words[name]) < len(arrays[other])
        for other in arrays
    )


def _names(roles: Mapping[str, _Role], where: str) -> dict[_Role, str]:
    names: dict[_Role, str] = {}
    for name, role in roles.items():
        if role in names:
            raise DataError(say("sources.array-given-twice", where=where, first=names[role], second=name))
        names[role] = name
    return names


def _from_roles(arrays: Mapping[str, np.ndarray], names: Mapping[_Role, str], where: str) -> Table:
    x_names = {part: names[_Role(part, False)] for part in _PARTS if _Role(part, False) in names}
    y_names = {part: names[_Role(part, True)] for part in x_names if _Role(part, True) in names}
    if None in x_names and len(x_names) > 1:
        raise DataError(say("sources.array-of-no-split", where=where, name=x_names[None]))
    if y_names and len(y_names) < len(x_names):
        bare = next(name for part, name in x_names.items() if part not in y_names)
        raise DataError(say("sources.split-without-labels", where=where, name=bare))
    inputs = [arrays[name] for name in x_names.values()]
    if len({x.shape[1:] for x in inputs}) > 1:
        shapes = ", ".join(f"{name} {arrays[name].shape}" for name in x_names.values())
        raise DataError(say("sources.splits-differ-in-shape", where=where, shapes=shapes))
    frame, notes = _columns("x", np.concatenate(inputs) if len(inputs) > 1 else inputs[0], next(iter(x_names.values())))
    beside = {name: arrays[name] for name in arrays if name not in {*x_names.values(), *y_names.values()}}
    frame, used = _with_column_names(frame, beside)
    if y_names:
        for part, name in y_names.items():
            _same_length(where, {x_names[part]: len(arrays[x_names[part]]), name: len(arrays[name])})
        frame = frame.with_columns(
            _series(TARGET, np.concatenate([_labels(arrays[name], name) for name in y_names.values()]))
        )
        frame, classes = _with_class_names(frame, beside)
        used |= classes
        notes += tuple(say("sources.class-names-read", where=where, name=name) for name in sorted(classes))
    unread = sorted(set(beside) - used)
    notes += (say("sources.arrays-not-read", where=where, arrays=", ".join(unread)),) if unread else ()
    kinds = {"image": "image"} if "image" in frame.columns else {}
    table = Table(frame, where, "", where, target=TARGET if y_names else None, kinds=kinds, notes=notes)
    return (
        table
        if None in x_names
        else _with_parts(table, {part: len(arrays[name]) for part, name in x_names.items()}, x_names)
    )


def _beside(
    beside: Mapping[str, np.ndarray], called: set[str], rows: int | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Yield the arrays of different words that are called so, or as labels are, each with its words."""
    for name, values in beside.items():
        plain = re.sub(r"[\W_]+", "", name.lower())
        if plain in called and values.ndim == 1 and values.dtype.kind in "USO" and rows in (None, len(values)):
            words = [str(word) for word in _series(name, values)]
            if len(set(words)) == len(words):
                yield name, words


def _with_column_names(frame: pl.DataFrame, beside: Mapping[str, np.ndarray]) -> tuple[pl.DataFrame, set[str]]:
    """Return the columns of x under the names that an array beside gives them, and that array's name."""
    for name, words in _beside(beside, _FEATURES, frame.width):
        if frame.width > 1 and not {TARGET, "split", ""} & set(words):
            return frame.rename(dict(zip(frame.columns, words, strict=True))), {name}
    return frame, set()


def _with_class_names(frame: pl.DataFrame, beside: Mapping[str, np.ndarray]) -> tuple[pl.DataFrame, set[str]]:
    """Return labels that are numbers of classes as the names that an array beside gives these, and that array's name;
    as they are where a number has no name. Numbers may count from 0 or, up to that of the last name, from 1.
    """
    labels = frame[TARGET]
    if not labels.dtype.is_integer() or labels.null_count():
        return frame, set()
    low, high = int(labels.min()), int(labels.max())  # type: ignore[arg-type]
    for name, words in _beside(beside, _CLASSES | _Y):
        first = 1 if low >= 1 and high == len(words) else 0
        if low >= first and high - first < len(words):
            return frame.with_columns(pl.Series(TARGET, words).gather((labels - first).cast(pl.UInt32))), {name}
    return frame, set()


def _with_parts(table: Table, lengths: Mapping[SplitName | None, int], names: Mapping[SplitName | None, str]) -> Table:
    at_N = np.repeat(np.arange(len(lengths)), list(lengths.values()))
    return replace(
        table,
        frame=table.frame.with_columns(pl.Series("split", list(lengths)).gather(at_N)),
        split="split",
        origin=pl.Series([f"{table.name}: {names[part]}" for part in lengths]).gather(at_N),
        numbers=pl.Series(np.concatenate([np.arange(1, length + 1) for length in lengths.values()])),
    )


def _from_columns(arrays: Mapping[str, np.ndarray], where: str) -> Table:
    _same_length(where, {name: len(values) for name, values in arrays.items()})
    frames, notes = zip(*(_columns(name, values, name) for name, values in arrays.items()), strict=True)
    frame = pl.concat(frames, how="horizontal")
    kinds = {name: "image" for name, values in arrays.items() if values.ndim > 2}
    split, split_notes = split_column(frame)
    said = (*(note for some in notes for note in some), *split_notes)
    return Table(frame, where, "", where, split=split, kinds=kinds, notes=said)


def _columns(prefix: str, values: np.ndarray, name: str) -> _Columns:
    if values.ndim == 1:
        return _Columns(pl.DataFrame([_series(prefix, values)]), ())
    if values.ndim == 2:
        check_width(values.shape[1], f"{name!r}")
        return _Columns(pl.DataFrame([_series(f"{prefix}{at}", values[:, at]) for at in range(values.shape[1])]), ())
    if not looks_like_pictures(values):
        raise DataError(say("sources.array-shape", name=name, shape=values.shape))
    pixels, notes = to_pixels(values, name)
    return _Columns(pl.DataFrame({"image" if prefix == "x" else prefix: pixels}), notes)


def _series(name: str, values: np.ndarray) -> pl.Series:
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind == "f" and values.dtype.itemsize not in (4, 8):
        values = values.astype(np.float32 if values.dtype == np.float16 else np.float64)
    if values.dtype.kind in "mM" and np.datetime_data(values.dtype)[0] not in ("ms", "us", "ns"):
        values = values.astype(f"{values.dtype.kind}8[us]")  # polars knows these units
    if values.dtype.kind in "cV":
        raise DataError(say("sources.array-type", name=name, dtype=values.dtype))
    try:
        return pl.Series(name, values.tolist() if values.dtype.kind == "O" else np.ascontiguousarray(values))
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise DataError(say("sources.array-not-a-column", name=name, error=error)) from None


def _labels(y: np.ndarray, name: str) -> np.ndarray:
    if y.ndim == 2 and y.shape[1] == 1:
        return y[:, 0]
    if y.ndim == 2 and y.dtype.kind in "biuf" and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all():
        return np.asarray(y.argmax(axis=1))  # one-hot
    if y.ndim != 1:
        raise DataError(say("sources.labels-shape", name=name, shape=y.shape))
    return y


def _same_length(where: str, lengths: Mapping[str, int]) -> None:
    if len(set(lengths.values())) > 1:
        each = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        raise DataError(say("sources.arrays-differ-in-length", where=where, lengths=each))
