"""Every way in: paths, names of bundled sets, frames, arrays. Each becomes a `Table`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from leadline.data.sources.join import with_test
from leadline.data.table import Table
from leadline.errors import DataError, UsageError, did_you_mean
from leadline.facts import registry


def read(source: object, *, test: object = None, name: str | None = None) -> Table:
    """Return a source as a table.

    A source is a path (a folder of pictures, CSV, Parquet, Arrow, NPZ), the name of a bundled dataset, a polars or pandas frame,
    a mapping of names to arrays, an ``(X, y)`` pair of NumPy arrays or torch tensors, or anything that returns a Table when
    called. The rows of `test`, a second source, are the test split. Raises DataError for data that cannot be used and
    UsageError for a source that is none of these.
    """
    table = _read(source)
    if test is not None:
        table = with_test(table, _read(test))
    return replace(table, name=name) if name else table


def _read(source: object) -> Table:
    if isinstance(source, Table):
        return source
    if isinstance(source, str | Path):
        return _read_path(source)
    if type(source).__module__.partition(".")[0] in ("polars", "pandas"):  # asked of the type: nothing is imported to ask
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
        raise UsageError(
            f"Leadline cannot read a {type(source).__name__}. Give a path, the name of a bundled dataset, a polars or pandas "
            "frame, a mapping of names to arrays, or a pair (X, y) of arrays."
        )
    return table


def _read_path(source: str | Path) -> Table:
    try:
        path = Path(source).expanduser()
    except RuntimeError:  # a name that starts with ~ and is no user's
        path = Path(source).absolute()
    if str(source).strip() and path.is_dir():
        from leadline.data.sources import folder

        return folder.read(path)
    if path.is_file():
        return _read_file(path)
    if str(source) in registry.table("datasets"):
        return _read(registry.lookup("datasets", str(source)))
    raise DataError(_nothing_at(str(source), path))


def _read_file(path: Path) -> Table:
    from leadline.data.sources import tabular

    if path.suffix.lower() == ".npz":
        from leadline.data.sources import arrays

        return arrays.read_npz(path)
    if not tabular.is_table(path):
        raise DataError(
            f"{path}: Leadline does not read {path.suffix or 'files without a suffix'}; "
            f"it reads {', '.join(tabular.FORMATS)}, .npz and folders of pictures."
        )
    try:
        return tabular.read(path)
    except PermissionError:
        raise DataError(f"{path} may not be read; give yourself the right to (its permissions forbid it).") from None


def _nothing_at(source: str, path: Path) -> str:
    beside = [file.name for file in path.parent.iterdir() if not file.name.startswith(".")] if path.parent.is_dir() else []
    if path.parent != Path():
        where = f"There is no file or folder {source}."
        return f"{where} {did_you_mean(path.name, beside)}" if path.parent.is_dir() else f"{where} {path.parent} does not exist."
    known = registry.table("datasets")
    return f"There is no file, folder or bundled dataset {source!r}. {did_you_mean(source, [*beside, *known])}"
