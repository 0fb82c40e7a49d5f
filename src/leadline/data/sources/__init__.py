"""Every way in: paths, names of bundled sets, frames, arrays. Each becomes a `Table`."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from leadline.core import registry
from leadline.core.catalogue import say
from leadline.core.safe_text import is_unicode
from leadline.core.wording import shortened
from leadline.data.regular_files import special
from leadline.data.sources.boundary import parsing
from leadline.data.sources.split_names import SplitName
from leadline.data.sources.standard_input import StandardInput
from leadline.data.sources.test_source import with_subset
from leadline.data.sources.written_form import AS_IT_IS, Reader, read_as_trained
from leadline.data.table import Table
from leadline.errors import DataError, UsageError, did_you_mean, first_line

LONGEST = 200  # letters of a path that are shown


def read(
    source: object,
    *,
    validation: object = None,
    test: object = None,
    name: str | None = None,
    how: Reader = AS_IT_IS,
) -> Table:
    """Return a source as a table.

    A source is a path (a folder of pictures, audio or text files, CSV, JSON, a spreadsheet, Parquet, Arrow, NPZ, text),
    the name of a bundled dataset, a polars or pandas frame, a table of pyarrow, a mapping of names to arrays, an
    ``(X, y)`` pair of NumPy arrays or torch tensors, or anything that returns a Table when called. The rows of
    `validation` and `test`, sources of their own, are these splits; they are read as those of the first are. `how` says
    which words stand for missing values and how columns are written, where that is known, and is told how large files
    are read. Raises DataError for data that cannot be used and UsageError for a source that is none of these.
    """
    table = read_as_trained(_read(source, how), how)
    given: tuple[tuple[SplitName, object], ...] = (("validation", validation), ("test", test))
    for subset, more in given:
        if more is not None:
            trained = how._replace(forms={**table.forms, **how.forms})
            table = with_subset(table, read_as_trained(_read(more, trained), trained), subset)
    return replace(table, name=name) if name else table


def _read(source: object, how: Reader) -> Table:
    if isinstance(source, Table):
        return source
    if isinstance(source, StandardInput):
        file = source.file()
        with parsing(file):
            return replace(_read_file(file, how), name="stdin")
    if isinstance(source, str | Path):
        return _read_path(source, how)
    # asked of the type: nothing is imported to ask
    if type(source).__module__.partition(".")[0] in ("polars", "pandas", "pyarrow"):
        from leadline.data.sources import frames

        return frames.read(source)
    if isinstance(source, Mapping):
        from leadline.data.sources import arrays

        return arrays.read(source)
    if isinstance(source, tuple) and len(source) == 2:
        from leadline.data.sources import arrays

        return arrays.read({"x": source[0], "y": source[1]})
    table = source() if callable(source) else None
    if not isinstance(table, Table):
        raise UsageError(say("sources.no-such-source-type", type=type(source).__name__, forms=say("sources.forms")))
    return table


def _read_path(source: str | Path, how: Reader) -> Table:
    try:
        path = Path(source).expanduser()
    except RuntimeError:  # a name that starts with ~ and is no user's
        path = Path(source).absolute()
    _check_name(path)
    if str(source).strip() and path.is_dir():
        from leadline.data.sources import folder

        return folder.read(path, how)
    if path.is_file():
        with parsing(path):
            return _read_file(path, how)
    file, mark, sheet = str(path).rpartition("#")
    if mark and Path(file).is_file():
        with parsing(Path(file)):
            return _read_sheet(Path(file), sheet)
    if str(source) in registry.registered("datasets"):
        return _read(registry.lookup("datasets", str(source)), how)
    kind = special(path)
    if kind is not None:
        raise DataError(say("files.source-not-regular", path=path, kind=kind))
    raise DataError(_nothing_at(str(source), path))


def _check_name(path: Path) -> None:
    """Raise DataError for a path that no file can have, or whose name is not UTF-8, which parsers do not open."""
    if not is_unicode(str(path)):
        raise DataError(say("sources.name-not-utf-8", path=path))
    try:
        path.stat()
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
            return
        why = (error.strerror if isinstance(error, OSError) else None) or first_line(error)
        raise DataError(say("sources.cannot-open", path=shortened(str(path), LONGEST), error=why)) from None


def _read_file(path: Path, how: Reader) -> Table:
    from leadline.data.sources import tabular, text_lines

    if path.suffix.lower() == ".npz":
        from leadline.data.sources import arrays

        return arrays.read_npz(path)
    if not tabular.is_table(path) and not text_lines.is_lines(path):
        formats = ", ".join(tabular.FORMATS)
        raise DataError(
            say("sources.no-reader", path=path, suffix=path.suffix, formats=formats)
            if path.suffix
            else say("sources.no-reader-without-suffix", path=path, formats=formats)
        )
    try:
        if text_lines.is_lines(path):
            return text_lines.read(path, how.encoding, how.progress)
        return tabular.read(path, how=how)
    except PermissionError:
        raise DataError(say("sources.no-permission", path=path)) from None


def _read_sheet(path: Path, sheet: str) -> Table:
    from leadline.data.sources import sheets, tabular

    if path.suffix.lower() not in sheets.SUFFIXES:
        raise DataError(say("sources.not-a-spreadsheet", path=path, sheet=sheet))
    return tabular.read_sheet(path, sheet)


def _nothing_at(source: str, path: Path) -> str:
    there = path.parent.is_dir()
    beside = [file.name for file in path.parent.iterdir() if not file.name.startswith(".")] if there else []
    if path.parent != Path():
        if not there:
            return say("sources.source-folder-not-found", path=source, folder=path.parent)
        return say("sources.source-not-found", path=source, suggestion=_near(path.name, beside)).rstrip()
    known = registry.registered("datasets")
    near = _near(source, [*beside, *known])
    if near:
        return say("sources.source-or-bundled-not-found", name=source, suggestion=near)
    return say("sources.source-or-bundled-not-found-known", name=source, bundled=", ".join(sorted(known)))


def _near(name: str, known: Iterable[str]) -> str:
    """Return the nearest names in a sentence, or nothing: all the files of a folder would be too many to list."""
    said = did_you_mean(name, known)
    return said if said.startswith("Did you mean") else ""
