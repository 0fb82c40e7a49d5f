"""What environment.json of a run holds: machine, versions, the data's fingerprint, and the execution plan once there is
one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leadline.core.base import parsed_json
from leadline.core.catalogue import say
from leadline.data.dataset import Dataset
from leadline.errors import RunError
from leadline.machine.environment import describe
from leadline.run import folder as files


def described(dataset: Dataset) -> dict[str, Any]:
    """Return the environment of a run that begins now."""
    data = {"name": dataset.name, "fingerprint": dataset.fingerprint, "split": dataset.split_by}
    return {**describe(), "data": data, "started": datetime.now(UTC).isoformat(timespec="seconds")}


def environment_for(folder: Path) -> dict[str, Any]:
    """Read the environment of a run; raises RunError where it is missing or damaged."""
    try:
        recorded: dict[str, Any] = parsed_json((folder / files.ENVIRONMENT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise RunError(say("run.cannot-resume", file=folder / files.ENVIRONMENT)) from None
    return recorded


def write_environment(folder: Path, environment: Mapping[str, Any]) -> None:
    """Write the environment of a run."""
    files.write(folder / files.ENVIRONMENT, json.dumps(environment, indent=1, ensure_ascii=False))
