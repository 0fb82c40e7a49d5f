"""One of two or more classes: cross-entropy, probabilities, and everything a classifier is judged by."""

from __future__ import annotations

from leadline.objectives.supervised.class_scores import LOSS_OPTIONS, TYPES, ClassDecision, ClassHead, unfit_classes
from leadline.objectives.supervised.classifier_options import Options
from leadline.objectives.supervised.single_target import single_target

NAME = "classification"

OBJECTIVE = single_target(
    NAME,
    Options,
    TYPES,
    ClassHead,
    ClassDecision,
    supervision={"classical_target": "classes", "loss_options": LOSS_OPTIONS, "replaced_options": LOSS_OPTIONS},
    unsuitable=lambda options, schema: unfit_classes(NAME, options, schema),
)
