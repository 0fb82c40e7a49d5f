"""Small datasets that come with scikit-learn, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from leadline.data.sources import fingerprints
from leadline.data.table import Table


@dataclass(frozen=True)
class Bundled:
    """A dataset by name: calling it gives its table."""

    name: str
    target: str
    make: Callable[[str], pl.DataFrame]
    kinds: Mapping[str, str] = field(default_factory=dict)

    def __call__(self) -> Table:
        """Return the table."""
        frame = self.make(self.target)
        return Table(
            frame, self.name, fingerprints.of_frame(frame), origin=self.name, target=self.target, kinds=self.kinds
        )


def _digits(target: str) -> pl.DataFrame:
    from sklearn.datasets import load_digits

    bunch: Any = load_digits()
    pixels_NHW = np.rint(bunch.images * (255 / 16)).astype(np.uint8)  # stored with 17 levels, 0 to 16
    return pl.DataFrame({"image": pixels_NHW, target: pl.Series(bunch.target).cast(pl.String)})


def _measurements(loader: str, **options: Any) -> Callable[[str], pl.DataFrame]:
    def make(target: str) -> pl.DataFrame:
        from sklearn import datasets

        bunch: Any = getattr(datasets, loader)(**options)
        classes = getattr(bunch, "target_names", None)
        values = bunch.target if classes is None else np.asarray(classes)[bunch.target].astype(str)
        frame = pl.DataFrame(np.asarray(bunch.data), schema=list(bunch.feature_names))
        return frame.with_columns(pl.Series(target, values))

    return make


DIGITS = Bundled("digits", "label", _digits, {"image": "image", "label": "category"})
IRIS = Bundled("iris", "species", _measurements("load_iris"))
# The raw measurements: the scaled ones that are the default have been standardised over all rows, test rows included.
DIABETES = Bundled("diabetes", "progression", _measurements("load_diabetes", scaled=False), {"progression": "number"})
WINE = Bundled("wine", "grower", _measurements("load_wine"))
BREAST_CANCER = Bundled("breast-cancer", "diagnosis", _measurements("load_breast_cancer"))
