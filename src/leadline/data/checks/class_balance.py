"""Words about the classes of a target before training: which are rare, which nobody trains on or tests.

Shapes: C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

SHOWN = 3  # names in a sentence
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
            f"The classes are uneven: {count_C[commonest] / count_C.sum():.1%} of the train rows are"
            f" {names[commonest]!r}, and {_rows(int(count_C[rarest]))} {names[rarest]!r}. Balanced accuracy counts all"
            " classes the same; --set objective.class_weights=balanced makes a classifier's training do so too."
        )
    few = names[(count_C >= (1 if single else 2)) & (count_C < FEW)].tolist()
    notes += (
        [f"Fewer than {FEW} train rows, from which little can be learned, have the class {_some(few)}."] if few else []
    )
    if len(usable.get("test", ())):
        untested = names[(np.bincount(usable["test"], minlength=len(names)) == 0) & (count_C > 1)].tolist()
        notes += (
            [f"No test row, so that nothing is measured of it, has the class {_some(untested)}."] if untested else []
        )
    return tuple(notes)


def on_unknown(classes: Sequence[str], values_of: Mapping[str, pl.Series]) -> tuple[str, ...]:
    """Return which of the values of each split, as text, are classes that no train row has."""
    notes = []
    for subset, values in values_of.items():
        new = values.drop_nulls().filter(~values.drop_nulls().is_in(classes))
        if len(new):
            notes.append(
                f"Careful: {_rows(len(new))} of {subset} {'is' if len(new) == 1 else 'are'} of a class that no train"
                f" row has ({_some(new.unique(maintain_order=True).to_list())}), which no network can get right. Such"
                f" rows are set aside: what is measured on {subset} does not speak of them."
            )
    return tuple(notes)


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more
