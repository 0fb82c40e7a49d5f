"""Log-mel frames against SciPy's short-time Fourier transform and triangles written out."""

import numpy as np
import pytest
import torch
from scipy import signal

from leadline.nn.layers.log_mel import LogMel, mel_filters, points
from sentences import says


def triangles(rate: int, count: int, mels: int, low: float, high: float) -> np.ndarray:
    """Return the filters entry by entry, as the definition has them."""
    edges = [
        700 * (10 ** (m / 2595) - 1)
        for m in np.linspace(*(2595 * np.log10(1 + f / 700) for f in (low, high)), mels + 2)
    ]
    out = np.zeros((count // 2 + 1, mels))
    for k in range(count // 2 + 1):
        f = k * rate / count
        for m in range(mels):
            left, middle, right = edges[m : m + 3]
            if left < f <= middle:
                out[k, m] = (f - left) / (middle - left)
            elif middle < f < right:
                out[k, m] = (right - f) / (right - middle)
    return out


@pytest.mark.parametrize(
    ("rate", "mels", "window", "hop"), [(16_000, 64, 400, 160), (8_000, 40, 200, 80), (8_000, 23, 256, 100)]
)
def test_frames_are_those_of_scipy(rate: int, mels: int, window: int, hop: int) -> None:
    x = np.random.default_rng(0).normal(0, 0.2, 4_321)
    count = points(window)
    log_mel = LogMel(rate, mels, window, hop, 20, rate / 2).double()
    values, mask = log_mel(torch.from_numpy(x)[None])
    _, _, transform = signal.stft(
        x,
        window="hann",
        nperseg=window,
        noverlap=window - hop,
        nfft=count,
        boundary=None,
        padded=False,
        scaling="spectrum",
    )
    wanted = np.log(triangles(rate, count, mels, 20, rate / 2).T @ np.abs(transform) ** 2 + 1e-9).T
    assert mask.all()
    np.testing.assert_allclose(values[0].numpy(), wanted, rtol=0, atol=1e-5)
    np.testing.assert_allclose(log_mel.filters_KM.numpy(), triangles(rate, count, mels, 20, rate / 2), atol=1e-6)


def test_a_sine_of_amplitude_a_has_a_quarter_of_its_square() -> None:
    rate, count = 16_000, 512
    x = 0.8 * np.sin(2 * np.pi * (64 * rate / count) * np.arange(count) / rate)  # at a frequency of the transform
    log_mel = LogMel(rate, 40, count, 160, 0, 8_000).double()
    power_M = torch.exp(log_mel(torch.from_numpy(x)[None])[0][0, 0]).numpy()
    weight_KM = mel_filters(rate, count, 40, 0, 8_000)
    # A Hann window gives a sine's two neighbours a quarter of its power each.
    expected_M = (weight_KM[64] + (weight_KM[63] + weight_KM[65]) / 4) * 0.8**2 / 4
    np.testing.assert_allclose(power_M, expected_M, rtol=1e-4, atol=1e-7)


def test_bands_without_a_frequency_are_refused() -> None:
    with pytest.raises(ValueError, match=says("nn.empty-mel-bands")):
        LogMel(8_000, 128, 200, 80, 20, 4_000)
