"""What objectives have in common that learn classes from rows of which only some have one.

B rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from leadline.core.schema import LabelRequirement, Schema
from leadline.objectives.supervised import classifier_options
from leadline.objectives.supervised.class_scores import Classes


class Options(classifier_options.Options):
    """`ratio` is how many rows without a class a batch has for each one with, at most."""

    ratio: float = Field(default=1.0, ge=0)


class PartlyLabelledClasses(Classes):
    """The loss of a batch is the mean of two means: over the rows with a class, and over those without.

    So that it is a sum over rows, each row without a class weighs 1 / `ratio` of one with; the feed sees to the ratio.
    """

    labels: LabelRequirement = "some"
    mixable = False
    options: type[Options] = Options
    chosen: Options = Options()

    def bind(self, options: Any) -> Self:
        """Return the objective with the options of one experiment, and the share of a batch that they want to have a
        class.
        """
        own = super().bind(options)
        own.labelled_share = 1 / (1 + options.ratio)
        return own

    def complete(self, schema: Schema) -> Any:
        """Return the options with the ratio that there can be: that of the train rows, where fewer of them have no
        class.
        """
        free, known = schema.unlabelled, sum(schema.target.state.get("counts", ())) if schema.target else 0
        if free is None or not known:
            return self.chosen
        return self.chosen.model_copy(update={"ratio": min(self.chosen.ratio, free / known)})

    def balanced(self, free_B: Tensor, weight_B: Tensor) -> Tensor:
        """Return the weights of rows, those that are `free` of a class counted by the ratio."""
        ratio = self.chosen.ratio
        return torch.where(free_B, weight_B / ratio if ratio else torch.zeros_like(weight_B), weight_B)


def mean_over(there_B: Tensor, values_B: Tensor, weight_B: Tensor) -> Tensor:
    """Return what has, over all rows of a batch, the mean that `values_B` have over those that are `there`; for the
    log.
    """
    share = torch.where(there_B, weight_B, 0).sum() / weight_B.sum().clamp_min(torch.finfo(weight_B.dtype).tiny)
    return torch.where(there_B, values_B, 0) / share.clamp_min(torch.finfo(share.dtype).eps)


def either(first_B: Tensor, one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return inputs whose rows are those of `one` where `first_B` says so, else of `other`; clips are padded to the
    longer.
    """
    return {name: _either(first_B, x, other[name]) for name, x in one.items()}


def _either(first_B: Tensor, x: Tensor, y: Tensor) -> Tensor:
    if x.ndim == 2 and x.shape != y.shape:
        longest = max(x.shape[1], y.shape[1])
        x, y = (F.pad(one, (0, longest - one.shape[1]), value=torch.nan) for one in (x, y))
    return torch.where(first_B.view(-1, *[1] * (x.ndim - 1)), x, y)
