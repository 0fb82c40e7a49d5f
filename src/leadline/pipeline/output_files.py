"""Files that verbs write what they found to."""

from __future__ import annotations

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
def writing(out: Path | None) -> Iterator[None]:
    """Raise UsageError in words where what is within the block cannot be written."""
    try:
        yield
    except OSError as error:
        raise UsageError(say("pipeline.cannot-write", out=out, error=error.strerror or error)) from None
