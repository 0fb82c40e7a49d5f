"""Near-identical pictures: copies that were saved anew, resized, brightened a little or shifted.

Candidates come from hashes of the pictures' spectra, which a shift leaves as they are (random hyperplanes: Charikar
2002; banding: Indyk & Motwani 1998). A candidate is confirmed by its pixels, one picture laid over the other. Both
compare whitened vectors: two handwritten ones correlate as much as a photo and its copy do, so what all pictures of a
dataset share must not count.

Shapes in names: N pictures, H, W, C height, width, channels; P pairs, D numbers a picture is compared by.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch import Tensor
from torch.nn import functional as F

from leadline.core.catalogue import say
from leadline.data.checks.duplicates import Hashes
from leadline.data.table import Progress
from leadline.nn.rng import Rng

# With the two bounds, 25 pairs of the 70,000 digits of MNIST are linked and 112 of the 60,000 pictures of CIFAR-10; of
# copies that were saved as JPEG at quality 50, brightened by an eighth or shifted by a pixel, 95 in 100 and more are
# found in both.
SAME = 0.985  # cosine of whitened pixels from which pictures are taken for the same
LIKELY = 0.85  # cosine of whitened spectra from which pixels are looked at
COPIED = 0.998  # correlation of pixels from which one picture of a sample stands for the other
SIDE = 64  # pixels that pictures are brought to at most
DETAIL = 16  # pixels a side that are compared
FREQUENCIES = 8  # of a spectrum, in each direction
# pixels a side; smaller pictures show too little to tell a copy from another of its sort: only equal ones are found
LEAST = 12
SAMPLE = 10_000  # pictures that whitening is fitted on
BANDS = 16  # of a hash; a pair at the bound agrees in one of them with a probability of 0.9 at least
WINDOW = 8  # how many pictures with the same hash each one is compared with: a thousand alike are linked one by one
_CHUNK = 1 << 22  # pixels in memory at a time
_PAIRS = 1 << 12


def components(rows: int, pairs_P2: np.ndarray) -> np.ndarray:
    """Return a number for each of so many rows (N,) int64, equal where pairs (P,2) lead from one to the other."""
    links = coo_matrix((np.ones(len(pairs_P2), dtype=np.int8), (pairs_P2[:, 0], pairs_P2[:, 1])), shape=(rows, rows))
    numbers: np.ndarray = connected_components(links, directed=False)[1].astype(np.int64)
    return numbers


def pairs(x_NHWC: np.ndarray, rows_N: np.ndarray, name: str = "", progress: Progress | None = None) -> np.ndarray:
    """Return pairs (P,2) of near-identical pictures among some rows of uint8 pixels; of many alike only some pairs."""
    if len(rows_N) < 2:
        return np.empty((0, 2), dtype=np.int64)
    height, width = (min(side, SIDE) for side in x_NHWC.shape[1:3])
    spectra = []
    for rows_B, grey_BHW in _grey(x_NHWC, rows_N):
        spectra.append(_spectrum(grey_BHW))
        if progress:
            progress(say("stages.comparing", input=name), int(np.searchsorted(rows_N, rows_B[-1])) + 1, len(rows_N))
    spectrum_ND = np.concatenate(spectra)
    pixels = min(height, DETAIL) * min(width, DETAIL)
    sample = np.linspace(0, len(rows_N) - 1, min(len(rows_N), SAMPLE)).astype(np.int64)
    detail_ND = np.concatenate([_detail(grey_BHW) for _, grey_BHW in _grey(x_NHWC, rows_N[sample])])
    # Whitening must not be fitted on copies: what tells a thousand frames of one film apart would count as much as
    # anything else.
    _, different = np.unique(components(len(sample), candidates(detail_ND, COPIED)), return_index=True)
    of_spectra = whitening(spectrum_ND[sample[different]], min(48, pixels // 4))
    of_details = whitening(detail_ND[different], min(64, pixels // 4))
    pair_P2 = rows_N[candidates(of_spectra(spectrum_ND), LIKELY)]
    close = [_overlaid(x_NHWC, pair_P2[at : at + _PAIRS], of_details) for at in range(0, len(pair_P2), _PAIRS)]
    found_P2: np.ndarray = pair_P2[np.concatenate(close) >= SAME] if close else pair_P2
    return found_P2


class Whitening(NamedTuple):
    """A linear map after which the differences between the pictures of a dataset are alike in all directions."""

    mean_D: np.ndarray
    matrix_DK: np.ndarray

    def __call__(self, x_ND: np.ndarray) -> np.ndarray:
        z_NK = (x_ND - self.mean_D) @ self.matrix_DK
        unit_NK: np.ndarray = z_NK / np.maximum(np.linalg.norm(z_NK, axis=1, keepdims=True), 1e-6)
        return unit_NK


def whitening(sample_ND: np.ndarray, most: int) -> Whitening:
    """Fit a whitening in the `most` directions in which a sample varies; the fewer pictures there are, the less it
    whitens.
    """
    count, width = sample_ND.shape
    if count < 2:
        return Whitening(np.zeros(width, dtype=np.float32), np.eye(width, dtype=np.float32))
    mean_D = sample_ND.mean(0)
    variance_D, axes_DD = np.linalg.eigh(np.cov(sample_ND.T.astype(np.float64)))
    variance_K, axes_DK = variance_D[::-1][:most], axes_DD[:, ::-1][:, :most]
    floor = variance_K.mean() * min(1.0, width / count) + 1e-4 * variance_K[0] + 1e-12
    return Whitening(mean_D, (axes_DK / np.sqrt(np.maximum(variance_K, 0) + floor)).astype(np.float32))


def _grey(x_NHWC: np.ndarray, rows_N: np.ndarray) -> Iterator[tuple[np.ndarray, Tensor]]:
    """Yield rows, so many at a time, and their pictures in grey, at most `SIDE` pixels high and wide: (B,H,W)
    float32.
    """
    step = max(1, _CHUNK // int(np.prod(x_NHWC.shape[1:])))
    for start in range(0, len(rows_N), step):
        yield rows_N[start : start + step], _small(x_NHWC[rows_N[start : start + step]])


def _small(x_BHWC: np.ndarray) -> Tensor:
    values = torch.from_numpy(x_BHWC).float()
    grey_BHW = values @ torch.tensor([0.299, 0.587, 0.114]) if values.shape[-1] == 3 else values[..., 0]
    height, width = (min(side, SIDE) for side in grey_BHW.shape[1:])
    return grey_BHW if (height, width) == grey_BHW.shape[1:] else F.adaptive_avg_pool2d(grey_BHW, (height, width))


def _spectrum(grey_BHW: Tensor) -> np.ndarray:
    """Return the low frequencies' magnitudes (B,D), which neither a shift nor a change of brightness or contrast alters
    much.
    """
    height, width = grey_BHW.shape[1:]
    window_HW = (torch.hann_window(height, periodic=False)[:, None] * torch.hann_window(width, periodic=False)).sqrt()
    spectrum_BHW = torch.fft.rfft2((grey_BHW - grey_BHW.mean((1, 2), keepdim=True)) * window_HW)
    rows, columns = min(FREQUENCIES, height // 2), min(FREQUENCIES, width // 2)
    low = torch.tensor([*range(rows), *range(height - rows + 1, height)])
    magnitude_BD = spectrum_BHW[:, low, :columns].abs().flatten(1)[:, 1:].sqrt()
    return np.asarray(F.normalize(magnitude_BD, eps=1e-3))


def _detail(grey_BHW: Tensor) -> np.ndarray:
    """Return pixels (B,D) at the scale they are compared at, without brightness and contrast."""
    height, width = (min(side, DETAIL) for side in grey_BHW.shape[1:])
    pixels_BD = F.adaptive_avg_pool2d(grey_BHW, (height, width)).flatten(1)
    return np.asarray(F.normalize(pixels_BD - pixels_BD.mean(1, keepdim=True), eps=1e-3))


def candidates(z_ND: np.ndarray, least: float) -> np.ndarray:
    """Return pairs (P,2) of different positions whose unit vectors have a cosine of `least` or more, enough to lead to
    each.
    """
    count, width = z_ND.shape
    bits = int(np.clip(np.ceil(np.log2(count)) + 3, 12, 30))
    planes_DB = Rng(0, 0, torch.arange(width)).normal("planes", BANDS * bits).numpy()
    keys = []
    for band in range(BANDS):
        above_NB = z_ND @ planes_DB[:, band * bits : (band + 1) * bits] > 0
        hash_N = above_NB @ (1 << np.arange(bits))
        order_N = np.argsort(hash_N, kind="stable")
        ordered_N = hash_N[order_N]
        for step in range(1, min(WINDOW, count - 1) + 1):
            at = np.flatnonzero(ordered_N[step:] == ordered_N[:-step])
            if not len(at):
                break
            low, high = np.sort([order_N[at], order_N[at + step]], axis=0)
            keys.append(low * count + high)
    key_P = np.unique(np.concatenate(keys)) if keys else np.empty(0, dtype=np.int64)
    pair_P2 = np.stack(np.divmod(key_P, count), axis=1)
    chunks = (pair_P2[at : at + (_PAIRS << 4)] for at in range(0, len(pair_P2), _PAIRS << 4))
    near = [chunk[np.einsum("pd,pd->p", z_ND[chunk[:, 0]], z_ND[chunk[:, 1]]) >= least] for chunk in chunks]
    return np.concatenate(near) if near else pair_P2


def _overlaid(x_NHWC: np.ndarray, pair_P2: np.ndarray, whitened: Whitening) -> np.ndarray:
    """Return the cosine (P,) of each pair's whitened pixels, the second picture shifted to where it fits the first
    best.
    """
    first_PHW, second_PHW = _small(x_NHWC[pair_P2[:, 0]]), _small(x_NHWC[pair_P2[:, 1]])
    height, width = first_PHW.shape[1:]
    farthest = -(-min(height, width) // 8)
    of_first, of_second = (torch.fft.rfft2(x - x.mean((1, 2), keepdim=True)) for x in (first_PHW, second_PHW))
    fit_PHW = torch.fft.irfft2(of_first.conj() * of_second, s=(height, width))
    shift_S = torch.arange(-farthest, farthest + 1)
    best_P = fit_PHW[:, shift_S % height][:, :, shift_S % width].flatten(1).argmax(1)
    down_P1, right_P1 = shift_S[best_P // len(shift_S), None], shift_S[best_P % len(shift_S), None]
    row_PH = (torch.arange(height) + down_P1).clamp(0, height - 1)
    column_PW = (torch.arange(width) + right_P1).clamp(0, width - 1)
    # What lies outside of the overlap is the nearest pixel inside, in both, so that it cannot tell them apart.
    each = torch.arange(len(pair_P2))[:, None, None]
    first = first_PHW[each, (row_PH - down_P1)[:, :, None], (column_PW - right_P1)[:, None]]
    second = second_PHW[each, row_PH[:, :, None], column_PW[:, None]]
    cosine_P: np.ndarray = np.einsum("pd,pd->p", whitened(_detail(first)), whitened(_detail(second)))
    return cosine_P


def equal(hashes: Hashes) -> np.ndarray:
    """Return pairs of positions (P,2) that link rows of equal hashes."""
    order_N = np.lexsort((hashes[:, 1], hashes[:, 0]))
    at = np.flatnonzero((hashes[order_N][1:] == hashes[order_N][:-1]).all(axis=1))
    return np.stack([order_N[at], order_N[at + 1]], axis=1)
