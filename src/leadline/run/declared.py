"""requirements.json of a run: what was required of it, written with the time before its test rows are read.

A requirement that is written after the figure is known proves nothing; the file and the report say which came first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from leadline.core.base import Fact, parsed_json
from leadline.core.catalogue import say
from leadline.errors import RunError, first_line
from leadline.run import folder as files


class Declared(Fact):
    """The requirements of a run as the user wrote them, and when they were recorded (ISO 8601, UTC)."""

    written: str
    requirements: tuple[str, ...]


def declare(folder: Path, requirements: Sequence[str]) -> None:
    """Record the requirements of a run that begins; nothing where there are none."""
    if requirements:
        declared = Declared(written=now(), requirements=tuple(requirements))
        files.write(folder / files.REQUIREMENTS, declared.model_dump_json(indent=1))


def declared_in(folder: Path) -> Declared | None:
    """Return the requirements recorded in a run folder, None where none are; raises RunError where the file is
    damaged.
    """
    file = folder / files.REQUIREMENTS
    if not file.exists():
        return None
    try:
        return Declared.model_validate(parsed_json(file.read_bytes()))
    except (OSError, ValueError, ValidationError) as error:
        raise RunError(say("run.file-unreadable", file=file, error=first_line(error))) from None


def written(folder: Path) -> str | None:
    """Return when the requirements of a run were recorded; None where there are none."""
    declared = declared_in(folder)
    return None if declared is None else declared.written


def now() -> str:
    """Return the time (ISO 8601, UTC, to the millisecond)."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
