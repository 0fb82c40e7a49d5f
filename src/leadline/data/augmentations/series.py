"""Random changes of windows of a series: noise, another scale, and spans that go missing; only of steps that are past.

Shapes in names: B rows, T steps, L past steps, F columns of the encoded table.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.schema import InputSchema
from leadline.data.augmentations.contract import Amount, SeparatePass, Stage, normals, on_device
from leadline.data.augmentations.table import spreads
from leadline.nn.rng import Rng


def _noise(schema: InputSchema, *, amount: float) -> Stage:
    # Noise times zero leaves a code as it is, and NaN stays NaN: no column has to be picked out.
    scale_F = on_device(torch.from_numpy(np.nan_to_num(spreads(schema)) * amount))
    past = _past(schema)

    def stage(x_BTF: Tensor, rng: Rng) -> Tensor:
        batch, _, features = x_BTF.shape
        noise_BLF = normals(rng, past * features).view(batch, past, features)
        return _with_past(x_BTF, torch.addcmul(x_BTF[:, :past], noise_BLF, scale_F(x_BTF.device)))

    return stage


def _scale(schema: InputSchema, *, amount: float) -> Stage:
    """Stretch what each quantity is away from its last known value, by a factor of its own: the window ends where it
    did.
    """
    quantity_F = on_device(torch.from_numpy(~np.isnan(spreads(schema))))
    past = _past(schema)

    def stage(x_BTF: Tensor, rng: Rng) -> Tensor:
        factor_B1F = 1 + (rng.uniform("scale", 1, x_BTF.shape[2]) * 2 - 1) * amount
        past_BLF = x_BTF[:, :past]
        last_B1F = torch.nan_to_num(_last_known(past_BLF))
        scaled_BLF = last_B1F + (past_BLF - last_B1F) * factor_B1F
        return _with_past(x_BTF, torch.where(quantity_F(x_BTF.device), scaled_BLF, past_BLF))

    return stage


def _missing_span(schema: InputSchema, *, amount: float) -> Stage:
    """Let each quantity go missing over a span anywhere in the past, up to a fraction of it."""
    quantity_F = on_device(torch.from_numpy(~np.isnan(spreads(schema))))
    past = _past(schema)

    def stage(x_BTF: Tensor, rng: Rng) -> Tensor:
        gone_BLF = spans(rng, past, x_BTF.shape[2], amount)
        return _with_past(x_BTF, x_BTF[:, :past].masked_fill(gone_BLF & quantity_F(x_BTF.device), torch.nan))

    return stage


def spans(rng: Rng, steps: int, columns: int, amount: float) -> Tensor:
    """Return a span of steps for each row and column (B,steps,columns) bool: anywhere, as long as up to a fraction of
    all steps.
    """
    size_BF, place_BF = rng.uniform("span", 2, columns).unbind(1)
    run_BF = torch.round(size_BF * amount * steps)
    start_BF = torch.floor(place_BF * (steps - run_BF + 1))
    step_L1 = torch.arange(steps, device=run_BF.device)[:, None]
    return (step_L1 >= start_BF[:, None]) & (step_L1 < (start_BF + run_BF)[:, None])


def _last_known(past_BLF: Tensor) -> Tensor:
    """Return the last value of each column that is known (B,1,F); NaN where none is."""
    step_L1 = torch.arange(past_BLF.shape[1], device=past_BLF.device)[:, None]
    at_B1F = torch.where(torch.isnan(past_BLF), -1, step_L1).amax(1, keepdim=True)
    return past_BLF.gather(1, at_B1F.clamp_min(0))


def _with_past(x_BTF: Tensor, past_BLF: Tensor) -> Tensor:
    ahead_BHF = x_BTF[:, past_BLF.shape[1] :]
    return past_BLF if not ahead_BHF.shape[1] else torch.cat([past_BLF, ahead_BHF], 1)


def _past(schema: InputSchema) -> int:
    assert schema.window is not None
    return schema.window.past


def _without_numbers(schema: InputSchema) -> str | None:
    return say("augmentations.needs-numbers") if np.isnan(spreads(schema)).all() else None


NOISE = SeparatePass(
    _noise, {"amount": Amount(0.1, 1, "a fraction of each column's standard deviation")}, _without_numbers
)
SCALE = SeparatePass(_scale, {"amount": Amount(0.2, 1, "how far the factor may be from one,")}, _without_numbers)
MISSING_SPAN = SeparatePass(
    _missing_span,
    {"amount": Amount(0.2, 1, "the largest fraction of the past that goes missing")},
    _without_numbers,
)
