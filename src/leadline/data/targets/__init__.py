"""What is predicted: which columns, of which kind, and their encoded values."""

from leadline.data.targets.choice import Choice, Wanted, choose, find
from leadline.data.targets.encoding import QUANTITIES, Target, encoded, fit, present, stratified_by, unvaried

__all__ = ["QUANTITIES", "Choice", "Target", "Wanted", "choose", "encoded", "find", "fit", "present", "stratified_by", "unvaried"]
