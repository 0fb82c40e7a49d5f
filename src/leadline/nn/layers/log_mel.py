"""Log-mel spectra: the power in bands of frequency, spaced as ears space them, in short frames of a waveform.

Frame t is the samples from tH to tH + W, H being the hop and W the window. With the periodic Hann window h and the
discrete Fourier transform over N ≥ W points (a power of two, zeros after the window), the power at frequency k is P_k =
|Σ h_n x_n e^(-2πikn/N)|² / (Σ h)²: a sine of amplitude a has a²/4 at its own frequency. Band m is Σ_k w_mk P_k with
triangles w_m of height 1, each from the middle of the band before to that of the band after, evenly spaced in mel =
2595 log10(1 + f/700) (O'Shaughnessy 1987). What comes out is ln(band + 1e-9): the floor is where 16-bit samples end.

Shapes in names: B rows, S samples, T frames, W samples of a window, K frequencies, M mel bands.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from leadline.core.catalogue import say

FLOOR = 1e-9


class LogMel(nn.Module):
    """Waveforms (B,S) float, NaN after a clip's end, to log-mel frames (B,T,M) and a mask (B,T) of those that are a
    clip's own.

    A frame is a clip's own where it lies wholly inside of it; a clip shorter than a window has one, with silence after
    its end. `window` and `hop` are in samples, `low` and `high` in Hz. Raises ValueError where a band lies between two
    frequencies and so holds none.
    """

    def __init__(self, rate: int, mels: int, window: int, hop: int, low: float, high: float) -> None:
        super().__init__()
        self.window, self.hop = window, hop
        self.points = points(window)
        hann_W = torch.hann_window(window, dtype=torch.float64)
        self.window_W: Tensor
        self.filters_KM: Tensor
        self.register_buffer("window_W", (hann_W / hann_W.sum()).float(), persistent=False)
        filters_KM = mel_filters(rate, self.points, mels, low, high)
        if not filters_KM.any(0).all():
            raise ValueError(say("nn.empty-mel-bands", empty=np.count_nonzero(~filters_KM.any(0)), mels=mels))
        self.register_buffer("filters_KM", torch.from_numpy(filters_KM).float(), persistent=False)

    def forward(self, x_BS: Tensor) -> tuple[Tensor, Tensor]:
        there_BS = ~x_BS.isnan()
        x_BS = torch.where(there_BS, x_BS, 0.0)
        if x_BS.shape[1] < self.window:
            x_BS = F.pad(x_BS, (0, self.window - x_BS.shape[1]))
        frames_BTW = x_BS.unfold(1, self.window, self.hop) * self.window_W
        # Not as a matrix product: those may be computed in bfloat16, whose error would be the floor of every quiet
        # band.
        power_BTK = torch.view_as_real(torch.fft.rfft(frames_BTW, n=self.points)).square().sum(-1)
        mel_BTM = (power_BTK @ self.filters_KM).to(power_BTK.dtype)
        frame_T = torch.arange(mel_BTM.shape[1], device=x_BS.device)
        mask_BT = (frame_T == 0) | (frame_T * self.hop + self.window <= there_BS.sum(1, keepdim=True))
        return torch.log(mel_BTM + FLOOR), mask_BT


def points(window: int) -> int:
    """Return how many points the Fourier transform of a window has: the next power of two."""
    return 1 << (window - 1).bit_length()


def mel_filters(rate: int, count: int, mels: int, low: float, high: float) -> np.ndarray:
    """Return the triangles (K,M) float64 over the K = count/2 + 1 frequencies of a transform of `count` points."""
    edge = 700 * (10 ** (np.linspace(_mel(low), _mel(high), mels + 2) / 2595) - 1)
    hz_K1 = (np.arange(count // 2 + 1) * rate / count)[:, None]
    rising = (hz_K1 - edge[:-2]) / (edge[1:-1] - edge[:-2])
    falling = (edge[2:] - hz_K1) / (edge[2:] - edge[1:-1])
    filters: np.ndarray = np.maximum(0, np.minimum(rising, falling))
    return filters


def _mel(hz: float) -> float:
    return 2595 * float(np.log10(1 + hz / 700))
