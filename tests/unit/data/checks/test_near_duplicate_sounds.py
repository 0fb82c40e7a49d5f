"""Copies of clips that were saved anew are found, whatever stands beside them, and clips of the same sort are not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from leadline.data.checks.duplicate_groups import linked
from leadline.data.encoding import PROBLEMS, EncodedColumns, hash_ragged

RATE = 8000


def clips(count: int) -> list[np.ndarray]:
    """Return clips of one sort: two tones that move, and some noise."""
    made = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        t = np.arange(int(rng.uniform(0.6, 1.0) * RATE)) / RATE
        wave = sum(
            np.sin(2 * np.pi * (f + 200 * rng.normal() * t) * t + rng.uniform(0, 6)) for f in rng.uniform(200, 1500, 2)
        )
        made.append((3000 * wave + rng.normal(0, 200, len(t))).astype(np.int16))
    return made


def encoded(sounds: list[np.ndarray]) -> EncodedColumns:
    lengths = np.array([len(sound) for sound in sounds])
    values = np.concatenate(sounds)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    return EncodedColumns(
        values, hash_ragged(values, lengths), pl.DataFrame(schema=PROBLEMS), np.empty(0, np.int64), ends
    )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda x: x, id="equal"),
        pytest.param(lambda x: (x // 2).astype(np.int16), id="softer"),
        pytest.param(lambda x: np.clip(x * 1.5, -32768, 32767).astype(np.int16), id="louder"),
        pytest.param(lambda x: (x // 256 * 256).astype(np.int16), id="saved with eight bits"),
        pytest.param(lambda x: x[100:], id="its beginning cut off"),
    ],
)
def test_copies_of_a_clip_are_found(change) -> None:  # type: ignore[no-untyped-def]
    some = clips(40)
    found = {tuple(sorted(pair)) for pair in linked(encoded([*some, change(some[7])])).tolist()}
    assert found == {(7, 40)}


def test_clips_of_one_sort_silence_and_clicks_are_left_alone() -> None:
    click = np.zeros(300, dtype=np.int16)
    click[5] = 9000
    silent = [np.full(RATE, at, dtype=np.int16) for at in (0, 1)]
    assert len(linked(encoded([*clips(40), *silent, click]))) == 0
