"""Mixing of rows: each becomes a share of itself and the rest of another row, in inputs and target alike.

Shapes in names: B rows, F columns of the encoded table, K columns as the user knows them, C channels, H height, W
width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.registry import lookup, registered
from leadline.core.schema import InputSchema
from leadline.data.augmentations.contract import Amount, checked, on_device
from leadline.data.augmentations.regions import box, filled
from leadline.data.augmentations.table import columns, spreads
from leadline.errors import UsageError, did_you_mean
from leadline.nn.batch import PRESENT, Batch
from leadline.nn.rng import Rng

CELLS = 4096  # of the table that shares are looked up in
TINY = torch.finfo(torch.float32).tiny


class Mixed(NamedTuple):
    """A mixed input, and the share (B,) of it that is the row's own."""

    values: Tensor
    share_B: Tensor


Blend = Callable[[Tensor, Tensor, Tensor, Rng], Mixed]  # (own, other, share_B, draws)


@dataclass(frozen=True)
class Mixture:
    """A way of mixing: by kind of input what makes its `Blend`, and what `alpha` is unless given."""

    blends: Mapping[str, Callable[[InputSchema], Blend]]
    alpha: float

    @property
    def options(self) -> Mapping[str, Amount]:
        """The spread of shares, and how often rows are mixed at all."""
        return {
            "alpha": Amount(self.alpha, 1000, "the parameter of the Beta distribution", least=0.01),
            "probability": Amount(1.0, 1, "the probability that a row is mixed"),
        }


class Mixer:
    """Mix each row of a batch with that of another batch in the same place.

    A row's own share is drawn from Beta(alpha, alpha), and is the same for all inputs of the row; with `probability`
    less than one some rows stay as they are. Where what is mixed can only be whole pixels or cells, the share is what
    it then really is, its mean over inputs. Raises UsageError at construction for names, options and kinds of inputs
    that it does not know.
    """

    def __init__(self, mix: Component, inputs: Sequence[InputSchema]) -> None:
        known = registered("mixtures")
        if mix.name not in known:
            raise UsageError(say("augmentations.unknown-mix", mix=mix.name, suggestion=did_you_mean(mix.name, known)))
        mixture: Mixture = lookup("mixtures", mix.name)
        for schema in inputs:
            if schema.kind not in mixture.blends:
                raise UsageError(
                    say(
                        "augmentations.mix-input-type",
                        input=schema.name,
                        type=schema.kind,
                        mix=mix.name,
                    )
                )
        try:
            options = checked(mix, mixture.options)
        except UsageError as error:
            raise UsageError(say("augmentations.of-mix", error=error)) from None
        self.component = Component(name=mix.name, options=options)
        self._probability = options["probability"]
        self._blends = {schema.name: mixture.blends[schema.kind](schema) for schema in inputs}
        quantiles = stats.beta.ppf(np.linspace(0, 1, CELLS + 1), options["alpha"], options["alpha"])
        self._quantiles = on_device(torch.from_numpy(quantiles.astype(np.float32)))

    def __call__(self, own: Batch, other: Batch, rng: Rng) -> Batch:
        """Return the mixed rows, which carry the other's target and the share that is their own."""
        drawn_B = self.shares(rng)
        inputs: dict[str, Tensor] = {}
        shares = []
        # there is nothing to mix an absent input with: only rows that have all of them are mixed
        if PRESENT in own.inputs:
            inputs[PRESENT] = own.inputs[PRESENT]
            drawn_B = torch.where((own.inputs[PRESENT] & other.inputs[PRESENT]).all(1), drawn_B, 1.0)
        for name, blend in self._blends.items():
            inputs[name], share_B = blend(own.inputs[name], other.inputs[name], drawn_B, rng.fold_in(f"mix:{name}"))
            shares.append(share_B)
        share_B = torch.stack(shares).mean(0)
        # Each of the two rows counts by its own weight: so the share of the loss is not that of the inputs where
        # weights differ.
        own_B = share_B * own.weight_B
        weight_B = own_B + (1 - share_B) * other.weight_B
        return replace(
            own, inputs=inputs, weight_B=weight_B, other_B=other.target_B, share_B=own_B / weight_B.clamp_min(TINY)
        )

    def shares(self, rng: Rng) -> Tensor:
        """Return the share of each row (B,) that is to be its own, by the quantile of its distribution that a uniform
        points to.
        """
        u_B, mixed_B = rng.uniform("mix", 2).unbind(1)
        table, place_B = self._quantiles(u_B.device), u_B * CELLS
        cell_B = place_B.to(torch.int64)
        share_B = torch.lerp(table[cell_B], table[cell_B + 1], place_B - cell_B)
        return torch.where(mixed_B < self._probability, share_B, 1.0)


def partners(rng: Rng, at_B: Tensor, rows: int) -> Tensor:
    """Return for each position in a part of so many rows the position of another row, all equally probable; of one row,
    itself.
    """
    if rows == 1:
        return at_B
    ahead_B = (rng.bits("partner", 1)[:, 0] & (2**62 - 1)) % (rows - 1)
    return (at_B + 1 + ahead_B) % rows


def _faded(schema: InputSchema) -> Blend:
    """Both pictures shine through (Zhang et al. 2018): float32."""

    def blend(own: Tensor, other: Tensor, share_B: Tensor, rng: Rng) -> Mixed:
        return Mixed(torch.lerp(other.float(), own.float(), share_B[:, None, None, None]), share_B)

    return blend


def _pasted(schema: InputSchema) -> Blend:
    """A box of the picture shows the other one (Yun et al. 2019); the share is that of the pixels outside it."""
    height, width, _ = schema.shape

    def blend(own: Tensor, other: Tensor, share_B: Tensor, rng: Rng) -> Mixed:
        side_B = torch.sqrt(1 - share_B)
        lines_B, columns_B = ((side_B * side).round().to(torch.int64) for side in (height, width))
        where = box(rng.uniform("box", 2), lines_B, columns_B, height, width)
        if own.dtype != other.dtype:
            own, other = own.float(), other.float()
        return Mixed(filled(own, other, where), 1 - where.share_B(height, width))

    return blend


def _blended_cells(schema: InputSchema) -> Blend:
    """Numbers are mixed in proportion; other values, and numbers where one is missing, are taken from one row or the
    other.
    """
    quantity_F = on_device(torch.from_numpy(~np.isnan(spreads(schema))))
    choose = _chosen_cells(schema)

    def blend(own: Tensor, other: Tensor, share_B: Tensor, rng: Rng) -> Mixed:
        between = torch.lerp(other, own, share_B[:, None])
        blended = quantity_F(own.device) & ~between.isnan()
        return Mixed(torch.where(blended, between, choose(own, other, share_B, rng).values), share_B)

    return blend


def _chosen_cells(schema: InputSchema) -> Blend:
    """Each value is taken from one row or the other; the share is that of the values that are the row's own."""
    column_F = on_device(torch.from_numpy(columns(schema)))

    def blend(own: Tensor, other: Tensor, share_B: Tensor, rng: Rng) -> Mixed:
        own_BK = rng.uniform("cells", len(schema.fields)) < share_B[:, None]
        chosen = torch.where(own_BK.index_select(1, column_F(own.device)), own, other)
        return Mixed(chosen, own_BK.float().mean(1))

    return blend


MIXUP = Mixture({"image": _faded, "table": _blended_cells}, alpha=0.2)
CUTMIX = Mixture({"image": _pasted, "table": _chosen_cells}, alpha=1.0)
