"""What is predicted: which columns, of which kind, and their encoded values."""

from leadline.data.targets.encoded import QUANTITIES, Target, encoded, fit, present, stratified_by, unvaried
from leadline.data.targets.selection import (
    TargetSelection,
    TargetTypes,
    choose,
    choose_any,
    find,
    none_notes,
    none_taken,
)
from leadline.data.targets.token_targets import PER_STEP, bound, with_steps

__all__ = [
    "PER_STEP",
    "QUANTITIES",
    "Target",
    "TargetSelection",
    "TargetTypes",
    "bound",
    "choose",
    "choose_any",
    "encoded",
    "find",
    "fit",
    "none_notes",
    "none_taken",
    "present",
    "stratified_by",
    "unvaried",
    "with_steps",
]
