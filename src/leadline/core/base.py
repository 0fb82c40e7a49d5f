"""What every fact has in common."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict


class Fact(BaseModel):
    """A frozen value that knows its fields and refuses others."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def parsed_json(content: str | bytes) -> Any:
    """Read JSON; raises ValueError, and nothing else, where it is none, whatever is wrong with it."""
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def canonical_json(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """Return the sha256 (hex) of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
