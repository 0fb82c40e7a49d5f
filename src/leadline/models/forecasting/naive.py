"""Forecasts that learn nothing but how long a season is: the last value goes on, or the last season repeats itself.

Hyndman & Athanasopoulos 2021, Forecasting: Principles and Practice, 3rd edition, section 5.2.

Shapes: n windows, L past steps, V variables, H steps ahead.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.schema import Schema
from leadline.errors import UsageError
from leadline.models.contract import AT_LEISURE, Effort, Family, FitResult, Windows
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.windows import Past, numbers

LOOKED_AT = 512  # train windows from which a season is chosen


class Options(Fact):
    """Nothing can be chosen."""

    head: Literal["none"] = Field(default="none", description="none: the network forecasts by itself")


class SeasonalOptions(Fact):
    """A `season_length` is so many steps; None chooses the number whose repetition has the smallest squared error on
    train windows.
    """

    season_length: int | None = Field(
        default=None, ge=1, description="length of the season in steps; null: the best on training windows"
    )
    head: Literal["none"] = Field(default="none", description="none: the network forecasts by itself")


class Repeated(nn.Module):
    """Windows (B,T,F) to forecasts (B, ahead × variables × each): the last `season_length` steps, again and again."""

    def __init__(self, spec: SignalSpec, options: Options | SeasonalOptions, season: int | None) -> None:
        super().__init__()
        if season is not None and season > spec.past:
            raise UsageError(say("models.season-above-context", season=season, past=spec.past))
        self.spec, self.options, self.given = spec, options, season
        self.past = Past(spec)
        self.season: Tensor
        self.register_buffer("season", torch.tensor(season or 1))

    def forward(self, signal: Signal) -> Signal:
        step_H = torch.arange(self.spec.ahead, device=signal.values.device)
        x_BVH = self.past(signal).index_select(2, self.spec.past - self.season + step_H % self.season)
        return numbers(x_BVH.repeat_interleave(self.spec.each, 2), self.spec)


def fit(
    model: Repeated, train: Windows, validation: Windows | None, seed: int, effort: Effort = AT_LEISURE
) -> FitResult:
    """Choose the season where none was given."""
    if model.given is not None:
        return FitResult({})
    x_nTF, target_nHV = _evenly(train)
    past_nLV = model.past(Signal(x_nTF)).transpose(1, 2)
    step_H = torch.arange(model.spec.ahead)
    errors = [
        (past_nLV[:, model.spec.past - season + step_H % season] - target_nHV).square().nanmean()
        for season in range(1, model.spec.past + 1)
    ]
    season = int(torch.stack(errors).argmin()) + 1
    model.season.fill_(season)
    return FitResult({}, notes=(say("models.naive-season", steps=season, windows=len(x_nTF)),))


def _evenly(windows: Windows) -> tuple[Tensor, Tensor]:
    """Return values and targets of every so-manieth window, so that `LOOKED_AT` or up to twice as many are held."""
    held, every, seen = tuple[np.ndarray, ...](), 1, 0
    for block in windows():
        wanted = (seen + np.arange(len(block.x_nF))) % every == 0
        new = block.x_nF[wanted], block.target_n[wanted]
        held = tuple(np.concatenate(pair) for pair in zip(held, new, strict=True)) if held else new
        seen += len(block.x_nF)
        while len(held[0]) > 2 * LOOKED_AT:
            held, every = tuple(values[::2] for values in held), 2 * every
    x_nTF, target_nHV = (torch.from_numpy(np.ascontiguousarray(values)) for values in held)
    return x_nTF, target_nHV


def _work(model: Repeated, rows: int) -> float:
    return 0.0 if model.given else float(LOOKED_AT * model.spec.past * model.spec.ahead * len(model.spec.aims))


def _season(schema: Schema) -> int:
    """Return after how many steps what is forecast repeats itself, as far as the data says; 1 where it does not."""
    assert schema.target is not None
    return int(schema.target.state.get("season", 1))


def _repeats(schema: Schema) -> bool:
    """Return whether the data says after how many steps it repeats itself, and windows are as long."""
    return 1 < _season(schema) <= max(one.window.past for one in schema.inputs if one.window is not None)


FAMILY = Family(
    name="naive",
    accepts=("sequence",),
    options=Options,
    gives=lambda spec, options: Repeated(spec, options, 1),
    fit=fit,
    work=_work,
    forecasts=True,
    reference="Hyndman & Athanasopoulos 2021, Forecasting: Principles and Practice",
)
SEASONAL = Family(
    name="seasonal-naive",
    accepts=("sequence",),
    options=SeasonalOptions,
    gives=lambda spec, options: Repeated(spec, options, options.season_length),
    fit=fit,
    work=_work,
    is_baseline=_repeats,
    from_data=lambda schema: {"season_length": _season(schema)},
    forecasts=True,
    reference="Hyndman & Athanasopoulos 2021, Forecasting: Principles and Practice",
)
