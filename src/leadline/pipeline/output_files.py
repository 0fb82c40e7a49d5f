"""Files that verbs write what they found to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from leadline.core.catalogue import say
from leadline.errors import UsageError


def check_name(out: Path | None, suffixes: Sequence[str]) -> None:
    """Raise UsageError where a file cannot have such a name, which ends in one of `suffixes`; best asked before the
    work begins.
    """
    if out is None:
        return
    if out.suffix not in suffixes:
        raise UsageError(say("pipeline.cannot-write-suffix", out=out, suffixes=" / ".join(suffixes)))
    if not out.parent.is_dir():
        raise UsageError(say("pipeline.cannot-write-no-folder", out=out, parent=out.parent))


@contextmanager
def writing(out: Path) -> Iterator[Path]:
    """Yield where to write a file, which takes the place of `out` when the block ends: what was there before is there
    still where it cannot be written to the end.

    A device or a pipe (``/dev/stdout``) is written to as it is. Raises UsageError in words where the file cannot be
    written.
    """
    try:
        final = out.resolve() if out.is_symlink() else out
        if final.exists() and not final.is_file():
            yield final
            return
        # its ending says in which format libraries write
        beside = final.with_name(f".{final.stem[:100]}.{os.getpid()}{final.suffix}")
        try:
            yield beside
            if final.exists():
                shutil.copymode(final, beside)
            beside.replace(final)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(say("pipeline.cannot-write", out=out, error=error.strerror or error)) from None
