"""A cache that was damaged trains the same weights as one that was not."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import leadline
from leadline.run import folder as files
from sentences import says


@pytest.mark.parametrize("seed", range(4))
def test_flipped_bits_in_every_file_change_nothing(place: Path, capfd: pytest.CaptureFixture[str], seed: int) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 3))
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": np.where(x.sum(1) > 0, "u", "v")})
    frame.write_csv(place / "rows.csv")

    def trained(out: str) -> bytes:
        leadline.train("rows.csv", target="y", epochs=2, settings={"baselines": []}, out=place / out)
        return (place / out / files.WEIGHTS).read_bytes()

    clean = trained("clean")
    draws = np.random.default_rng(seed)
    damaged = [file for file in (place / "cache" / "entries").rglob("*") if file.is_file() and file.stat().st_size]
    assert damaged
    for file in damaged:
        data = bytearray(file.read_bytes())
        data[int(draws.integers(len(data)))] ^= 1 << int(draws.integers(8))
        file.write_bytes(data)
    capfd.readouterr()
    assert trained("again") == clean
    assert re.search(says("data.cache-rebuilt"), capfd.readouterr().err)
