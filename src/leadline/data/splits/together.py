"""What a split that is drawn keeps together without being told: rows nearly the same, and files of one source.

Shapes: N rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from leadline.core.catalogue import say
from leadline.data.checks.file_sources import FileGroups
from leadline.data.splits.by_blocks import PARTS


class Together(NamedTuple):
    """Rows that a split which is drawn keeps together: numbers `near` (N,), equal for rows that are nearly the same,
    and `files`, those of the speakers or patients that names of files tell of; None where there are none.
    """

    near: np.ndarray | None = None
    files: FileGroups | None = None

    def of(self, rows: np.ndarray) -> Together:
        """Return the same of some rows."""
        files = None if self.files is None else self.files._replace(number_N=self.files.number_N[rows])
        return Together(None if self.near is None else self.near[rows], files)


NOTHING = Together()


def on_files(files: FileGroups, part_N: np.ndarray, drawn: bool) -> Iterator[str]:
    """Yield which sources the names of files tell of, where a split that is drawn keeps them together, and which the
    given split tears apart.
    """
    if drawn:
        found = files.sources
        yield say("splits.file-groups-together", column=files.column, count=found.different, example=found.example)
    train = np.unique(files.number_N[part_N == PARTS.index("train")])
    for part in (PARTS.index("test"), PARTS.index("validation")):
        torn = np.intersect1d(train, files.number_N[part_N == part])
        if len(torn):
            yield say("splits.file-groups-torn", column=files.column, count=len(torn), subset=PARTS[part])
