import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from leadline.data.sources import fingerprints


def test_unchanged_files_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{i}.png" for i in range(600)]
    for name in names:
        (tmp_path / name).write_text(name)
    first = fingerprints.of_files(tmp_path, names)
    monkeypatch.setattr(fingerprints, "_digest", lambda base, name: pytest.fail("read again"))
    assert fingerprints.of_files(tmp_path, names) == first


def test_the_same_content_elsewhere_has_the_same_fingerprint(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.png").write_text("same")
    assert fingerprints.of_files(tmp_path / "a", ["1.png"]) == fingerprints.of_files(tmp_path / "b", ["1.png"])


def test_absolute_paths_and_missing_files_count(tmp_path: Path) -> None:
    file = tmp_path / "1.png"
    missing = fingerprints.of_files(Path(), [str(file)])
    file.write_text("there")
    present = fingerprints.of_files(Path(), [str(file)])
    file.write_text("other")
    os.utime(file, ns=(1, 1))
    assert len({missing, present, fingerprints.of_files(Path(), [str(file)])}) == 3


def test_frames_are_told_apart_by_values_types_and_names_not_by_chunks() -> None:
    base = pl.DataFrame({"a": [1, 2, None], "b": ["x", None, "a text too long to be stored in its view"]})
    same = pl.concat([base[:1], base[1:]], rechunk=False)
    assert fingerprints.of_frame(base) == fingerprints.of_frame(same)
    others = [base.rename({"a": "c"}), base.cast({"a": pl.Int32}), base.reverse(), base[:2]]
    assert len({fingerprints.of_frame(frame) for frame in [base, *others]}) == 5


def test_pixels_are_part_of_a_frame() -> None:
    pixels = np.zeros((3, 4, 4), dtype=np.uint8)
    before = fingerprints.of_frame(pl.DataFrame({"image": pixels}))
    pixels[2, 3, 3] = 1
    assert fingerprints.of_frame(pl.DataFrame({"image": pixels})) != before
