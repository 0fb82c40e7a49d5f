"""The source ``-``: a table on standard input. Like data in memory it can be read once, and not by a later process."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

from leadline.core.catalogue import say
from leadline.errors import DataError

NAME = "-"  # as the user writes it
_MARKS = (
    (b"PAR1", ".parquet"),
    (b"ARROW1", ".arrow"),
    (b"PK", ".npz"),
    (b"{", ".jsonl"),
    (b"[", ".json"),
)  # how formats begin; all else is CSV
_ZIPPED_SHEET = b"[Content_Types].xml"


class StandardInput:
    """What comes in on standard input, as a source; it is read when it is first needed."""

    def file(self) -> Path:
        """Return a file with what came in, there until the process ends; raises DataError where nothing did."""
        return _received()


def standing_for(source: object) -> object:
    """Return what a source stands for: standard input for ``-``, others for themselves."""
    return StandardInput() if isinstance(source, str | Path) and str(source) == NAME else source


@cache
def _received() -> Path:
    if sys.stdin is None or sys.stdin.isatty():
        raise DataError(say("files.standard-input-is-terminal"))
    folder = Path(tempfile.mkdtemp(prefix="leadline-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    received = folder / "stdin"
    with received.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    with received.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise DataError(say("files.standard-input-empty"))
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    suffix = next((suffix for mark, suffix in _MARKS if start.startswith(mark)), ".csv")
    if suffix == ".npz" and _ZIPPED_SHEET in head:
        suffix = ".xlsx"
    return received.rename(received.with_suffix(suffix))
