"""Words about the classes of a target before training: which are rare, which nobody trains on or tests.

Shapes: C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.wording import quoted

RARE = 0.2  # of an even share of the rows: a class with less is called rare
FEW = 5  # train rows of a class from which little can be learned


def on_balance(classes: Sequence[str], usable: Mapping[str, np.ndarray], *, single: bool = False) -> tuple[str, ...]:
    """Return what is uneven about the classes; `usable` are the class numbers of the rows of each split that can be
    used.

    Classes of a `single` row are told of where the split has not done so.
    """
    notes = []
    names = np.array(classes, dtype=object)
    count_C = np.bincount(usable["train"], minlength=len(names))
    rarest, commonest = int(count_C.argmin()), int(count_C.argmax())
    if count_C[rarest] < RARE * count_C.mean():
        notes.append(
            say(
                "checks.imbalanced",
                share=count_C[commonest] / count_C.sum(),
                commonest=names[commonest],
                count=int(count_C[rarest]),
                rarest=names[rarest],
            )
        )
    lost = names[count_C == 0].tolist()
    notes += [say("checks.untrained-classes", count=len(lost), classes=quoted(lost))] if lost else []
    few = names[(count_C >= (1 if single else 2)) & (count_C < FEW)].tolist()
    notes += [say("checks.rare-classes", fewest=FEW, classes=quoted(few))] if few else []
    if len(usable.get("test", ())):
        untested = names[(np.bincount(usable["test"], minlength=len(names)) == 0) & (count_C > 1)].tolist()
        notes += [say("checks.untested-classes", classes=quoted(untested))] if untested else []
    return tuple(notes)


def on_unknown(classes: Sequence[str], values_of: Mapping[str, pl.Series]) -> tuple[str, ...]:
    """Return which of the values of each split, as text, are classes that no train row has."""
    notes = []
    for subset, values in values_of.items():
        new = values.drop_nulls().filter(~values.drop_nulls().is_in(classes))
        if len(new):
            notes.append(
                say(
                    "checks.unseen-classes",
                    subset=subset,
                    count=len(new),
                    classes=quoted(new.unique(maintain_order=True).to_list()),
                )
            )
    return tuple(notes)
