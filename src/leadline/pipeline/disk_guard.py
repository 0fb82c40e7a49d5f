"""A full disk ends the work cleanly: what is there stays usable, and the user is told what that is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leadline.core.catalogue import say
from leadline.errors import DiskFull, LeadlineError, first_line
from leadline.machine import disk
from leadline.run import folder as files


@contextmanager
def disk_full_guard(folder: Path) -> Iterator[None]:
    """Raise DiskFull, saying what is left of the run in a folder, where something in the block finds the disk full."""
    try:
        yield
    except LeadlineError:
        raise
    except Exception as error:
        if not disk.is_full(error):
            raise
        words = first_line(error)
        raise DiskFull(say("pipeline.disk-full", folder=folder, error=words, left=_left(folder))) from error


def _left(folder: Path) -> str:
    if not (folder / files.EXPERIMENT).exists():
        return say("pipeline.disk-full-nothing-begun")
    checkpoints = sorted((folder / files.CHECKPOINTS).glob("step-*.json"))
    if not checkpoints:
        return say("pipeline.disk-full-no-checkpoint", folder=folder)
    step = int(checkpoints[-1].stem.removeprefix("step-"))
    return say("pipeline.disk-full-checkpoint-kept", step=step, folder=folder)
