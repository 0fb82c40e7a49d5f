"""What objectives with an answer for every step of a text have in common."""

from __future__ import annotations

from leadline.core.catalogue import say
from leadline.core.schema import Schema
from leadline.data.augmentations.augmenter import augmentation, augmentations


def moved(schema: Schema) -> str | None:
    """Say which augmentation of an input moves tokens away from what belongs to them, or None."""
    for one in schema.inputs:
        for change in one.augment:
            if change.name in augmentations(one.kind) and augmentation(one.kind, change.name).reorders:
                return say("objectives.augmentation-moves-tokens", name=change.name, input=one.name)
    return None
