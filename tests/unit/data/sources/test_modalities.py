"""Which columns name pictures and audio files."""

from pathlib import Path

import polars as pl
import pytest

from leadline.data.sources.modalities import AUDIO, PICTURES, base_of, files_of, is_dead, path_columns


@pytest.fixture
def frame(tmp_path: Path) -> pl.DataFrame:
    for name in ("photos/1.png", "clips/1.wav", "clips/2.WAV"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return pl.DataFrame(
        {
            "photo": ["photos/1.png", "photos/9.png"],
            "clip": ["clips/1.wav", "clips/2.WAV"],
            "mixed": ["1.wav", "1.png"],
            "n": [1, 2],
        }
    )


def test_names_are_told_by_their_ends() -> None:
    assert PICTURES.has("a.JPeG")
    assert AUDIO.has("b.flac")
    assert not AUDIO.has("wav")


def test_columns_of_paths_that_exist_are_found(frame: pl.DataFrame, tmp_path: Path) -> None:
    assert path_columns(frame, tmp_path) == ["photo", "clip"]
    assert files_of(frame, ["clip", "photo"]) == ["clips/1.wav", "clips/2.WAV", "photos/1.png", "photos/9.png"]
    assert path_columns(frame, tmp_path / "clips") == []


def test_paths_start_at_the_first_folder_where_some_exist(frame: pl.DataFrame, tmp_path: Path) -> None:
    short = pl.DataFrame({"clip": ["2.WAV"], "n": [1]})
    assert base_of(short, [tmp_path, tmp_path / "photos", tmp_path / "clips"]) == tmp_path / "clips"
    assert base_of(short, [tmp_path]) is None
    assert base_of(pl.DataFrame({"word": ["a"]}), [tmp_path]) is None


def test_paths_of_which_none_exists_are_dead(frame: pl.DataFrame, tmp_path: Path) -> None:
    assert not is_dead(frame["photo"], tmp_path)
    assert is_dead(frame["photo"], tmp_path / "clips")
    assert not is_dead(pl.Series(["a word"]), None)
