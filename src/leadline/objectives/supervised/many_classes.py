"""Which of very many classes a report shows: those with most errors; the others stand together, and in files.

Shapes: C classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft

Counts = NDArray[np.integer[Any]]  # (C,C): rows true classes, columns predicted ones
MOST = 40  # classes: a matrix of so many can still be read


def most_mistaken(counts_CC: Counts) -> NDArray[np.intp]:
    """Return the numbers of at most `MOST` classes, in order: of more those that are mistaken most often."""
    classes = len(counts_CC)
    if classes <= MOST:
        return np.arange(classes)
    rows_C, right_C = counts_CC.sum(1), np.diag(counts_CC)
    wrong_C = rows_C + counts_CC.sum(0) - 2 * right_C
    return np.sort(np.lexsort((np.arange(classes), -rows_C, -wrong_C))[:MOST])


def confusion_drafts(labels: Sequence[str], counts_CC: Counts, caption: str, split: str) -> Iterator[ExhibitDraft]:
    """Yield the confusion matrix; of very many classes that of some, the others as one, and a table of all errors."""
    kept = most_mistaken(counts_CC)
    title = say("exhibits.confusion")
    if len(kept) == len(labels):
        content: dict[str, Any] = {"labels": list(labels), "counts": counts_CC.tolist()}
        yield ExhibitDraft("confusion", "matrix", title, content, caption, split)
        return
    place_C = np.full(len(labels), len(kept))
    place_C[kept] = np.arange(len(kept))
    folded = np.zeros((len(kept) + 1, len(kept) + 1), dtype=np.int64)
    np.add.at(folded, (place_C[:, None], place_C[None, :]), counts_CC)
    others = len(labels) - len(kept)
    names = [*(labels[at] for at in kept), say("exhibits.other-classes", classes=others)]
    said = say("exhibits.confusion-bounded", shown=len(kept), classes=len(labels), others=others)
    content = {"labels": names, "counts": folded.tolist()}
    yield ExhibitDraft("confusion", "matrix", title, content, f"{caption} {said}", split)
    yield _table(labels, counts_CC, split)


def _table(labels: Sequence[str], counts_CC: Counts, split: str) -> ExhibitDraft:
    """Return every confusion that happened, the most frequent first."""
    true, predicted = np.nonzero(counts_CC - np.diag(np.diag(counts_CC)))
    times = counts_CC[true, predicted]
    order = np.lexsort((predicted, true, -times))
    rows = [[labels[true[at]], labels[predicted[at]], int(times[at])] for at in order]
    columns = [say("exhibits.actual"), say("exhibits.predicted"), say("exhibits.rows")]
    return ExhibitDraft(
        "confusions", "table", say("exhibits.all-confusions"), {"columns": columns, "rows": rows}, "", split
    )
