"""Near-identical sounds: copies that were saved anew, made louder, softer or a little shorter.

Candidates come from the loudness of each clip in bands and stretches of time, by the same hashes as pictures
(`near_duplicates.candidates`). A candidate is confirmed by its samples: the two are laid over each other where they fit
best, and a copy correlates with what it was made of.

Shapes in names: N clips, S samples, T stretches of time, F frequencies, D = 8 stretches × 16 bands, P pairs.
"""

from __future__ import annotations

import numpy as np

from leadline.core.catalogue import say
from leadline.data.checks.near_duplicates import COPIED, candidates, components, whitening
from leadline.data.encoding import EncodedColumns
from leadline.data.table import Progress

LIKELY = 0.8  # cosine of whitened loudness from which samples are looked at
SAME = 0.9  # correlation of samples from which clips are taken for the same
LENGTH = 0.9  # a copy is at least so much as long
FRAME = 256  # samples
STRETCHES, BANDS = 8, 16
LEAST = FRAME * STRETCHES  # samples; shorter clips are copies only where they are equal
HEARD = 1 << 16  # samples of a clip that are compared
SAMPLE = 10_000  # clips that whitening is fitted on
_QUIET = 1e-6  # of full scale, squared: what is softer is silence


def pairs(columns: EncodedColumns, rows_N: np.ndarray, name: str = "", progress: Progress | None = None) -> np.ndarray:
    """Return pairs (P,2) of near-identical clips among some rows of int16 samples; of many alike only some pairs."""
    ends = columns.ends
    assert ends is not None
    rows_N = rows_N[np.diff(ends)[rows_N] >= LEAST]
    loudness, kept = [], []
    for at, row in enumerate(rows_N.tolist()):
        found = _loudness(columns.values[ends[row] : min(ends[row + 1], ends[row] + HEARD)])
        if found is not None:
            loudness.append(found)
            kept.append(row)
        if progress and at % 256 == 255:
            progress(say("stages.comparing", input=name), at + 1, len(rows_N))
    if len(kept) < 2:
        return np.empty((0, 2), dtype=np.int64)
    z_ND, row_M = np.stack(loudness), np.asarray(kept)
    sample = np.linspace(0, len(z_ND) - 1, min(len(z_ND), SAMPLE)).astype(np.int64)
    # whitening must not be fitted on copies, which would make what tells them apart count as much as anything else
    unit_ND = z_ND[sample] / np.maximum(np.linalg.norm(z_ND[sample], axis=1, keepdims=True), 1e-6)
    _, different = np.unique(components(len(sample), candidates(unit_ND, COPIED)), return_index=True)
    pair_P2 = row_M[candidates(whitening(z_ND[sample[different]], 32)(z_ND), LIKELY)]
    length_P2 = np.diff(ends)[pair_P2]
    pair_P2 = pair_P2[length_P2.min(axis=1) >= LENGTH * length_P2.max(axis=1)]
    same = [_fit(*(columns.values[ends[row] : ends[row + 1]][:HEARD] for row in pair)) >= SAME for pair in pair_P2]
    found_P2: np.ndarray = pair_P2[np.asarray(same, dtype=bool)]
    return found_P2


def _loudness(sound_S: np.ndarray) -> np.ndarray | None:
    """Return the logarithm of a clip's energy in each stretch and band (D,) float32, less its mean; None of silence."""
    frames = len(sound_S) // FRAME
    sound_TS = sound_S[: frames * FRAME].reshape(frames, FRAME).astype(np.float32) / 32768
    power_TF = np.abs(np.fft.rfft(sound_TS * np.hanning(FRAME).astype(np.float32), axis=1)) ** 2
    if float(power_TF.max(initial=0)) < _QUIET:
        return None
    edges = np.unique(np.round(np.geomspace(1, power_TF.shape[1] - 1, BANDS + 1)).astype(np.int64))[:-1]
    starts = (np.arange(STRETCHES) * frames) // STRETCHES
    energy = np.add.reduceat(np.add.reduceat(power_TF, edges, axis=1), starts, axis=0)
    level_D = np.log(energy + _QUIET * energy.max()).ravel().astype(np.float32)
    found: np.ndarray = level_D - level_D.mean()
    return found


def _fit(first_S: np.ndarray, second_S: np.ndarray) -> float:
    """Return the correlation of two clips where one laid over the other fits best."""
    first, second = (x.astype(np.float64) - x.mean() for x in (first_S, second_S))
    size = 1 << (len(first) + len(second)).bit_length()
    fit = np.fft.irfft(np.fft.rfft(first, size).conj() * np.fft.rfft(second, size), size)
    return float(np.abs(fit).max() / max(np.linalg.norm(first) * np.linalg.norm(second), 1e-12))
