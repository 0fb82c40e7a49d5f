"""What makes rows of codes for a discriminator to judge: the contract, and pictures.

A generator gives what a decoder says of rows, `features` what the network of the input would be given of such rows,
gradients reaching the generator, and `raw` the rows themselves.

B rows, L numbers of a code.
"""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor

from leadline.nn.generative.generators import ImageGenerator
from leadline.nn.rng import Rng


class RowGenerator(Protocol):
    """A module that makes rows; `given` holds what it is told."""

    def __call__(self, code_BL: Tensor, class_B: Tensor | None = None) -> Tensor: ...

    def features(self, preprocessor: Any, given: Tensor, beside: Tensor, rng: Rng) -> Tensor:
        """Return what the front makes of new rows, each made to lack what the real row beside it lacks."""

    def raw(self, given: Tensor, rng: Rng) -> Tensor:
        """Return new rows, raw."""


class ImageRowGenerator(ImageGenerator):
    """Pictures, as a generator makes them."""

    def features(self, preprocessor: Any, given: Tensor, beside: Tensor, rng: Rng) -> Tensor:
        """Return standardised pixels."""
        values: Tensor = preprocessor(given).values
        return values

    def raw(self, given: Tensor, rng: Rng) -> Tensor:
        """Return pixels from 0 to 255."""
        return given
