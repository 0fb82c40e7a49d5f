"""One of two or more classes: cross-entropy, probabilities, and everything a classifier is judged by."""

from __future__ import annotations

from leadline.objectives.base import composed
from leadline.objectives.supervised.class_scores import Classes


class Classification(Classes):
    """Every train row has its class."""

    name = "classification"
    classical_target = "classes"


OBJECTIVE = composed(Classification())
