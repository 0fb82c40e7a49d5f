"""Pairs of rows in different splits that have nearly the same picture, as the report shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from leadline.core.exhibit import ExhibitDraft
from leadline.data.checks.duplicates import Pair
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.evaluation.exhibits import picture


def near_duplicates(dataset: Dataset) -> Iterator[ExhibitDraft]:
    """Yield pictures of some pairs, side by side, where there are any."""
    pairs = dataset.similar.examples if dataset.similar else ()
    if not pairs:
        return
    shown: dict[str, list[Any]] = {"pictures": [], "captions": []}
    for pair in pairs:
        name = _closest(dataset, pair)
        for subset, row in _ends(dataset, pair):
            shown["pictures"].append(picture(subset.shown(row)[name]))
            shown["captions"].append(f"{subset.name}: {subset.place(row)}")
    content = {**shown, "columns": 2, "headings": ["a row", "one nearly the same in another part"]}
    caption = "Some of them; the counts stand above. What is measured on rows that were nearly trained on flatters."
    yield ExhibitDraft("near_duplicates", "pictures", "Near-identical pictures across splits", content, caption=caption)


def _ends(dataset: Dataset, pair: Pair) -> list[tuple[Subset, int]]:
    """Return the two parts of a pair, with the row's position in each."""
    ends = ((pair.first, pair.first_row), (pair.second, pair.second_row))
    return [(dataset.splits[name], int(np.searchsorted(dataset.splits[name].rows, row))) for name, row in ends]


def _closest(dataset: Dataset, pair: Pair) -> str:
    """Return the input whose pictures differ least between the rows of a pair."""
    names = [one.name for one in dataset.schema.inputs if one.kind == "image"]
    first, second = (subset.batch(torch.tensor([row])).inputs for subset, row in _ends(dataset, pair))
    return min(names, key=lambda name: float((first[name].float() - second[name].float()).abs().mean()))
