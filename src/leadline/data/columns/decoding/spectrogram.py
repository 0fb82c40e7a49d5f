"""Spectrograms as pictures: time to the right, mel bands upwards, brighter is louder."""

from __future__ import annotations

import io
import wave

import numpy as np
import torch
from torch.nn import functional as F

from leadline.core.catalogue import say
from leadline.data.columns.contract import ColumnState
from leadline.data.columns.decoding.images import png
from leadline.data.columns.decoding.sounds import FULL, wav
from leadline.errors import UsageError
from leadline.nn.layers.log_mel import LogMel

RANGE = 8 * float(np.log(10))  # 80 dB below the loudest band, which is where colours end
WIDTH = 320  # pixels at most
HEIGHT = 80  # pixels at least
# Dark to light through purple and orange, each step about as much lighter; red, green, blue.
_COLOURS = np.array(
    [[10, 12, 32], [58, 22, 96], [140, 40, 104], [212, 74, 70], [245, 146, 48], [252, 214, 110], [252, 252, 224]]
)


def cut(clip: bytes, seconds: float) -> bytes:
    """Return the beginning of a clip, given and returned as a mono WAV file of 16 bits."""
    x_S, rate = _samples(clip)
    most = round(seconds * rate)
    return clip if len(x_S) <= most else wav(x_S[:most], rate)


def spectrogram(clip: bytes, state: ColumnState) -> bytes:
    """Return the log-mel spectrogram of a clip (a mono WAV file of 16 bits, as the field decodes it) as the bytes of a
    PNG file.

    It has the bands that the network is given and ends where the clip ends; long ones are averaged over time.
    """
    x_S, _ = _samples(clip)
    with torch.inference_mode():
        values, mask_1T = log_mel(state)(torch.from_numpy(x_S.astype(np.float32) / FULL)[None])
        x_MT = values[0, mask_1T[0]].T
        x_MT = F.adaptive_avg_pool1d(x_MT[None], min(WIDTH, x_MT.shape[1]))[0]
    share_MT = ((x_MT - x_MT.max()) / RANGE + 1).clamp(0, 1).numpy()[::-1]
    if float(x_MT.max() - x_MT.min()) == 0:  # silence is dark, not the loudest there is
        share_MT = np.zeros_like(share_MT)
    at = share_MT * (len(_COLOURS) - 1)
    pixels = (
        np.stack([np.interp(at, np.arange(len(_COLOURS)), channel) for channel in _COLOURS.T], -1)
        .round()
        .astype(np.uint8)
    )
    return png(np.repeat(pixels, -(-HEIGHT // len(pixels)), 0))


def _samples(clip: bytes) -> tuple[np.ndarray, int]:
    with wave.open(io.BytesIO(clip)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2"), file.getframerate()


def log_mel(state: ColumnState) -> LogMel:
    """Return the log-mel module of a state; raises UsageError for bands that make no sense together."""
    rate, low, high = state["rate"], state["low"], state["high"]
    if not low < high <= rate / 2:
        raise UsageError(say("columns.mel-range", low=low, high=high, nyquist=rate / 2))
    window, hop = (max(1, round(state[name] * rate / 1000)) for name in ("window", "hop"))
    try:
        return LogMel(rate, state["mels"], window, hop, low, high)
    except ValueError as error:
        raise UsageError(say("columns.mel-too-many", error=error, window=state["window"])) from None
