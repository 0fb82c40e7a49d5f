"""Random changes of whole batches of waveforms: shift, speed, gain, noise, and stretches of time or bands of frequency
silenced.

Waveforms are (B,S) float32, NaN after a clip's end; S samples, B rows, K frequencies.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from leadline.core.schema import InputSchema
from leadline.data.augmentations.contract import Amount, SeparatePass, Stage, normals
from leadline.nn.rng import Rng

NOISE_SPAN = 20.0  # dB between the loudest and the faintest noise


def _shift(schema: InputSchema, *, amount: float) -> Stage:
    """Move clips to and fro; what leaves is lost, and silence follows."""

    def stage(x_BS: Tensor, rng: Rng) -> Tensor:
        length_B = _lengths(x_BS)
        by_B = torch.round((2 * rng.uniform("shift", 1)[:, 0] - 1) * amount * length_B).to(torch.int64)
        at_BS = torch.arange(x_BS.shape[1], device=x_BS.device) - by_B[:, None]
        inside_BS = (at_BS >= 0) & (at_BS < length_B[:, None])
        moved_BS = torch.where(inside_BS, x_BS.gather(1, at_BS.clamp(0, x_BS.shape[1] - 1)), 0.0)
        return torch.where(x_BS.isnan(), x_BS, moved_BS)

    return stage


def _speed(schema: InputSchema, *, amount: float) -> Stage:
    """Play clips faster or slower, which changes pitch and length, by linear interpolation (Ko et al. 2015).

    Slower clips are longer: the batch grows by as much as the slowest may.
    """

    def stage(x_BS: Tensor, rng: Rng) -> Tensor:
        factor_B1 = 1 + (2 * rng.uniform("speed", 1) - 1) * amount
        length_B1 = _lengths(x_BS)[:, None]
        at_BS = torch.arange(math.ceil(x_BS.shape[1] / (1 - amount)), device=x_BS.device) * factor_B1
        first_BS = at_BS.to(torch.int64)
        last_B1 = (length_B1 - 1).clamp_min(0)
        from_BS = x_BS.gather(1, torch.minimum(first_BS, last_B1))
        to_BS = x_BS.gather(1, torch.minimum(first_BS + 1, last_B1))
        played_BS = torch.lerp(from_BS, to_BS, (at_BS - first_BS).to(x_BS.dtype))
        return played_BS.masked_fill(at_BS > last_B1, torch.nan)

    return stage


def _gain(schema: InputSchema, *, amount: float) -> Stage:
    def stage(x_BS: Tensor, rng: Rng) -> Tensor:
        return x_BS * _amplitude((2 * rng.uniform("gain", 1) - 1) * amount)

    return stage


def _noise(schema: InputSchema, *, snr: float) -> Stage:
    """Add white noise, the clip's own power above it by `snr` decibels or up to 20 more; silence stays silent."""

    def stage(x_BS: Tensor, rng: Rng) -> Tensor:
        decibels_B1 = snr + NOISE_SPAN * rng.uniform("snr", 1)
        power_B1 = x_BS.square().nanmean(1, keepdim=True)
        std_B1 = power_B1.nan_to_num().sqrt() * _amplitude(-decibels_B1)
        return x_BS + normals(rng, x_BS.shape[1]) * std_B1

    return stage


def _time_mask(schema: InputSchema, *, amount: float) -> Stage:
    """Silence a stretch (Park et al. 2019)."""

    def stage(x_BS: Tensor, rng: Rng) -> Tensor:
        u_B2 = rng.uniform("time", 2)
        length_B1 = _lengths(x_BS)[:, None]
        width_B1 = u_B2[:, :1] * amount * length_B1
        start_B1 = u_B2[:, 1:] * (length_B1 - width_B1)
        at_S = torch.arange(x_BS.shape[1], device=x_BS.device)
        return x_BS.masked_fill((at_S >= start_B1) & (at_S < start_B1 + width_B1) & ~x_BS.isnan(), 0.0)

    return stage


def _frequency_mask(schema: InputSchema, *, amount: float) -> Stage:
    """Silence a band, as wide in mels wherever it lies (Park et al. 2019), by a Fourier transform of the whole clip."""
    state = schema.fields[0].state
    rate, low, high = state["rate"], _mel(state["low"]), _mel(state["high"])

    def stage(x_BS: Tensor, rng: Rng) -> Tensor:
        u_B2 = rng.uniform("frequency", 2)
        width_B1 = u_B2[:, :1] * amount * (high - low)
        start_B1 = low + u_B2[:, 1:] * (high - low - width_B1)
        hz_K = torch.fft.rfftfreq(x_BS.shape[1], 1 / rate, device=x_BS.device)
        mel_K = 2595 * torch.log10(1 + hz_K / 700)
        there_BK = (mel_K < start_B1) | (mel_K >= start_B1 + width_B1)
        kept_BS = torch.fft.irfft(torch.fft.rfft(x_BS.nan_to_num(0.0)) * there_BK, n=x_BS.shape[1])
        return torch.where(x_BS.isnan(), x_BS, kept_BS)

    return stage


def _lengths(x_BS: Tensor) -> Tensor:
    """Return how many samples each clip has (B,) int64."""
    return (~x_BS.isnan()).sum(1)


def _amplitude(decibels: Tensor) -> Tensor:
    return torch.pow(10.0, decibels / 20)


def _mel(hz: float) -> float:
    return 2595 * math.log10(1 + hz / 700)


_OF_CLIP = "a fraction of the clip's length"
SHIFT = SeparatePass(_shift, {"amount": Amount(0.1, 1, _OF_CLIP)})
SPEED = SeparatePass(_speed, {"amount": Amount(0.1, 0.5, "a fraction of the speed")})
GAIN = SeparatePass(_gain, {"amount": Amount(6.0, 40, "decibels")})
NOISE = SeparatePass(_noise, {"snr": Amount(15.0, 80, "the least signal-to-noise ratio in decibels,", -10)})
TIME_MASK = SeparatePass(_time_mask, {"amount": Amount(0.1, 1, _OF_CLIP)})
FREQUENCY_MASK = SeparatePass(_frequency_mask, {"amount": Amount(0.15, 1, "a fraction of the range of mel bands")})
