"""What objectives have in common that learn classes from rows of which only some have one.

B rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from leadline.core.schema import Schema
from leadline.objectives.contract import Supervision
from leadline.objectives.supervised import classifier_options
from leadline.objectives.supervised.class_scores import TYPES


class Options(classifier_options.Options):
    """`unlabeled_ratio` is how many rows without a class a batch has for each one with, at most."""

    unlabeled_ratio: float = Field(default=1.0, ge=0, description="unlabelled examples per labelled example in a batch")


def supervision(options: Options, **more: Any) -> Supervision:
    """Return what is learnt from: rows of which only some have a class, in the ratio that the options say."""
    return Supervision(
        target_types={"*": TYPES}, labels="some", labelled_share=1 / (1 + options.unlabeled_ratio), **more
    )


def complete(options: Options, schema: Schema) -> Options:
    """Return the options with the ratio that there can be: that of the train rows, where fewer of them have no
    class.
    """
    free, known = schema.unlabelled, sum(schema.target.state.get("counts", ())) if schema.target else 0
    if free is None or not known:
        return options
    return options.model_copy(update={"unlabeled_ratio": min(options.unlabeled_ratio, free / known)})


def balanced(ratio: float, free_B: Tensor, weight_B: Tensor) -> Tensor:
    """Return the weights of rows: each row that is `free` of a class weighs 1 / `unlabeled_ratio` of one with.

    The loss of a batch thus is the mean of two means, over the rows with a class and over those without; the data
    loader sees to the ratio.
    """
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
