"""What flows through a network: signals, batches, losses, predictions.

Shapes in names: B rows, C channels or classes, H height, W width, T time, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from operator import itemgetter
from typing import Literal, NamedTuple

import torch
from torch import Tensor

# What an encoder gives of a row: one vector, one for each step, one for each step that knows of no later one, or one
# for each place of a picture.
EncoderOutput = Literal["vector", "sequence", "causal", "maps"]


class Signal(NamedTuple):
    """What flows between modules: values (B,F) for tables, (B,T,F) for sequences, (B,C,H,W) for images.

    `mask` (B,T) is True where there is something; None where everything is there.
    """

    values: Tensor
    mask: Tensor | None = None


PRESENT = ".present"  # the name, which no input can have, under which inputs say which of them a row has


class Texts(NamedTuple):
    """Which columns of a table are the token numbers of a text: `length` of them from `start` on, zeros after its end.

    There are `vocabulary` tokens, and those up to the number `unknown` stand for none. Models that count n-grams look
    at `ngrams` tokens together, at most, unless the user says otherwise.
    """

    start: int
    length: int
    vocabulary: int
    unknown: int
    ngrams: int


class SignalSpec(NamedTuple):
    """What an encoder may expect: the kind (``table``, ``sequence``, ``image``) and the shape without the batch.

    `classes` says of each feature of a table how many classes its codes (1 …, 0 unknown) stand for, 0 for a quantity;
    it is empty where all features are quantities. `edges` gives, of each feature of a table that is a standardised
    number, values of the train rows in ascending order, which divide these into intervals; none of the others. `texts`
    says which of them are the tokens of texts. The T of a sequence (T,F) is the longest there may be.

    Where a sequence is to be continued, `ahead` steps of the features `aims` are wanted, `each` numbers for each, and
    the first `past` steps are past: what follows them is known ahead. A backbone that gives these numbers itself gives
    them in the order step, feature, number, as (B, ahead × aims × each).
    """

    kind: str
    shape: tuple[int, ...]
    classes: tuple[int, ...] = ()
    ahead: int = 0
    past: int = 0
    aims: tuple[int, ...] = ()
    each: int = 1
    texts: tuple[Texts, ...] = ()
    edges: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows on their way through the network: raw encoded inputs by name, target, weights and row numbers.

    `inputs` holds (B,F) float32 for ``table`` (NaN where missing), (B,C,H,W) uint8 for images, (B,T) int32 token
    numbers for text (0 after its end), (B,S) float32 between -1 and 1 for audio (NaN after its end) and (B,T,F) float32
    for series (NaN where missing or not known yet). Where rows lack some of their K inputs, `PRESENT` among the inputs
    says which they have, (B,K) bool. `target_B` is int64 class numbers, float32 values, float32 (B,K) where a row has K
    of them (labels, probabilities, tasks; NaN where missing) or (B,T,V) where V variables are forecast; (B,0) for data
    that has none, None where it is not known. Of rows that are learnt from without one it is -1, or NaN. `row_B` int64
    says which rows of the dataset these are; all random draws are keyed by it. `views` holds further versions of the
    inputs, by view name, for objectives that ask for them. Where rows are mixed with others, a share `share_B` of each
    is its own and the rest the other's, whose target is `other_B`.
    """

    inputs: Mapping[str, Tensor]
    target_B: Tensor | None
    weight_B: Tensor
    row_B: Tensor
    views: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)
    other_B: Tensor | None = None
    share_B: Tensor | None = None

    def __len__(self) -> int:
        return self.row_B.shape[0]

    def map(self, change: Callable[[Tensor], Tensor]) -> Batch:
        """Return the batch with every tensor of it changed."""
        return Batch(
            inputs={k: change(v) for k, v in self.inputs.items()},
            target_B=None if self.target_B is None else change(self.target_B),
            weight_B=change(self.weight_B),
            row_B=change(self.row_B),
            views={view: {k: change(v) for k, v in tensors.items()} for view, tensors in self.views.items()},
            other_B=None if self.other_B is None else change(self.other_B),
            share_B=None if self.share_B is None else change(self.share_B),
        )

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device, copied without waiting."""
        return self if self.row_B.device == device else self.map(partial(Tensor.to, device=device, non_blocking=True))

    def with_inputs(self, inputs: Mapping[str, Tensor]) -> Batch:
        """Return the batch with other inputs (augmented ones, say)."""
        return replace(self, inputs=inputs)

    def split(self, parts: int) -> Iterator[Batch]:
        """Yield the batch as `parts` consecutive micro-batches of nearly equal size, none empty."""
        for rows in torch.arange(len(self)).tensor_split(min(parts, len(self))):
            yield self.map(itemgetter(slice(int(rows[0]), int(rows[-1]) + 1)))


class Loss(NamedTuple):
    """A loss per example: `value_B` to be weighted by `weight_B`, and named components for the log.

    The step divides the weighted sum by the weight of the global batch, so that token losses, sample weights, uneven
    ranks and micro-batches come out the same.
    """

    value_B: Tensor
    weight_B: Tensor
    terms: Mapping[str, Tensor]


class Prediction(NamedTuple):
    """What a user receives for a batch: named columns, each with one entry (or one row of entries) an example."""

    columns: Mapping[str, Tensor]
