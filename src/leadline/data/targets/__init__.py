"""What is predicted: which columns, of which kind, and their encoded values."""

from leadline.data.targets.choice import Choice, Wanted, choose, choose_any, find, none_notes, none_taken
from leadline.data.targets.encoding import QUANTITIES, Target, encoded, fit, present, stratified_by, unvaried
from leadline.data.targets.steps import PER_STEP, bound, with_steps

__all__ = [
    "PER_STEP",
    "QUANTITIES",
    "Choice",
    "Target",
    "Wanted",
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
