"""File names that tell of speakers, patients and clips, and names that do not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from leadline.data.checks.file_sources import find, sources


def _speech() -> tuple[list[str], list[int]]:
    names = [
        f"{word}/{0x4C6167CA + 7919 * who:08x}_nohash_{take}.wav"
        for who in range(20)
        for word in "ab"
        for take in (0, 1)
    ]
    return names, [ord(name[0]) for name in names]


@pytest.mark.parametrize(
    ("names", "labels", "count"),
    [
        pytest.param(*_speech(), 20, id="speakers who say several words"),
        pytest.param(
            [f"p{225 + i % 12}_{i:03}.flac" for i in range(120)],
            [i % 7 for i in range(120)],
            12,
            id="speakers by number",
        ),
        pytest.param(
            [f"patient{i // 6:03}_slice{i % 6}.png" for i in range(120)],
            [i // 6 % 2 for i in range(120)],
            20,
            id="slices of patients",
        ),
        pytest.param(
            [f"video{i // 8}-frame-{i % 8:04}.jpg" for i in range(160)], None, 20, id="frames of clips without classes"
        ),
        pytest.param(
            [f"n{i // 10:08}_{i}.jpg" for i in range(200)],
            [i // 10 for i in range(200)],
            None,
            id="a class in the name",
        ),
        pytest.param(
            [f"{w}_{chr(97 + who)}{who}x_{take}.wav" for who in range(12) for w in (0, 1, 2) for take in (0, 1)],
            [w for who in range(12) for w in (0, 1, 2) for take in (0, 1)],
            12,
            id="the speaker between class and number",
        ),
        pytest.param(
            [f"s{who}/{w}.wav" for who in range(15) for w in ("yes", "no", "go")],
            [w for who in range(15) for w in (0, 1, 2)],
            15,
            id="a folder of each speaker",
        ),
        pytest.param(
            [f"{w}/{i:03}.wav" for w in ("yes", "no") for i in range(60)],
            [w for w in (0, 1) for i in range(60)],
            None,
            id="a folder of each class",
        ),
        pytest.param(
            [f"{w}_{i:03}_small.jpg" for w in ("cat", "dog") for i in range(60)],
            [w for w in (0, 1) for i in range(60)],
            None,
            id="numbers that count the files of a class",
        ),
        pytest.param(
            [f"speaker{who}_{take}.wav" for who in range(12) for take in range(8)],
            [who for who in range(12) for take in range(8)],
            None,
            id="speakers that are to be told",
        ),
        pytest.param([f"cat.{i}.jpg" for i in range(100)], [0] * 50 + [1] * 50, None, id="one word before the number"),
        pytest.param([f"IMG_{i:04}.jpg" for i in range(100)], [i % 2 for i in range(100)], None, id="running numbers"),
        pytest.param([f"{i:05}.png" for i in range(100)], [i % 10 for i in range(100)], None, id="numbers alone"),
        pytest.param([f"a{i}_1.wav" for i in range(40)], [i % 2 for i in range(40)], None, id="a file of each"),
    ],
)
def test_names_of_files_tell_of_sources(names: list[str], labels: list[int] | None, count: int | None) -> None:
    found = sources(pl.Series(names), None if labels is None else np.unique(labels, return_inverse=True)[1])
    assert (None if found is None else found.different) == count


def test_files_without_a_target_have_sources_too() -> None:
    names = [f"patient{i // 6:03}_slice{i % 6}.png" for i in range(60)]
    found = find(pl.DataFrame({"image": names}), [{"image": "image"}], ["none"], quantity=False)
    assert found is not None
    assert found.sources.different == 10
