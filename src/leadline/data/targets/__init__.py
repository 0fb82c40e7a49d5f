"""What is predicted: which columns, of which type, and their encoded values.

Each type of target is a file of its own (`contract.TargetType`), looked up by its name in `core.registry`.
"""

from leadline.data.targets.candidate import TargetTypes
from leadline.data.targets.contract import target_type
from leadline.data.targets.rows import (
    bind,
    default_objective,
    encoded,
    fit,
    is_ragged,
    parts,
    present,
    storage,
    stratum,
    unvaried,
)
from leadline.data.targets.selection import choose, choose_any, find, none_notes, none_taken
from leadline.data.targets.values import EncodedTarget, TargetSelection

__all__ = [
    "EncodedTarget",
    "TargetSelection",
    "TargetTypes",
    "bind",
    "choose",
    "choose_any",
    "default_objective",
    "encoded",
    "find",
    "fit",
    "is_ragged",
    "none_notes",
    "none_taken",
    "parts",
    "present",
    "storage",
    "stratum",
    "target_type",
    "unvaried",
]
