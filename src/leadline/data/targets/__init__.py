"""What is predicted: which columns, of which kind, and their encoded values."""

from leadline.data.targets.choice import Choice, Wanted, choose, choose_any, find
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
    "present",
    "stratified_by",
    "unvaried",
    "with_steps",
]
