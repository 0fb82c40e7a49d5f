"""Reading audio files of every sort."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy import signal

from leadline.data.columns.decoding import sounds
from leadline.errors import DataError
from sentences import says

ALL = 10**9


def sine(hz: float = 440.0, seconds: float = 0.5, rate: int = 16_000) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def file(x: np.ndarray, rate: int = 16_000, form: str = "WAV", subtype: str | None = None) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, x, rate, format=form, subtype=subtype)
    return out.getvalue()


@pytest.mark.parametrize("form", ["WAV", "FLAC", "AIFF", "AU", "CAF", "W64", "OGG", "MP3"])
def test_formats_give_the_same_samples(form: str, tmp_path: Path) -> None:
    x = sine()
    data = file(x, form=form)
    (tmp_path / "clip").write_bytes(data)
    read = sounds.read(data, 16_000, ALL)
    assert read.dtype == np.int16
    assert sounds.may_be_audio(data) or form == "W64"
    assert sounds.header(data) == (16_000, len(x))
    np.testing.assert_array_equal(read, sounds.read(tmp_path / "clip", 16_000, ALL))
    loss = 0.03 if form in ("OGG", "MP3") else 1.1 / sounds.FULL
    assert np.abs(read[:7_000] / sounds.FULL - x[:7_000]).max() < loss


def test_samples_of_sixteen_bits_stay_as_they_are() -> None:
    stored = np.random.default_rng(0).integers(-32_768, 32_768, 500).astype(np.int16)
    np.testing.assert_array_equal(sounds.read(file(stored, 8_000), 8_000, ALL), stored)
    np.testing.assert_array_equal(sounds.read(sounds.wav(stored, 8_000), 8_000, ALL), stored)


def test_channels_are_averaged_and_what_is_longer_is_cut() -> None:
    left, right = sine(440), sine(660)
    read = sounds.read(file(np.stack([left, right], 1)), 16_000, 1_000)
    np.testing.assert_allclose(read / sounds.FULL, ((left + right) / 2)[:1_000], atol=2 / sounds.FULL)


@pytest.mark.parametrize("native", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_other_rates_are_resampled_and_nothing_folds_back(native: int) -> None:
    read = sounds.read(file(sine(440, 0.5, native), native), 16_000, ALL) / sounds.FULL
    assert len(read) == 8_000
    np.testing.assert_allclose(read[400:-400], sine(440)[400:-400], atol=2e-3)
    if native > 40_000:  # 12 kHz would come back as 4 kHz
        assert (
            np.abs(sounds.read(file(sine(12_000, 0.5, native), native), 16_000, ALL)[400:-400]).max()
            < 0.01 * sounds.FULL
        )


def test_a_cut_clip_of_another_rate_is_the_beginning_of_the_whole_one() -> None:
    data = file(np.random.default_rng(0).normal(0, 0.1, 44_100).astype(np.float32), 44_100)
    np.testing.assert_array_equal(sounds.read(data, 16_000, 3_000), sounds.read(data, 16_000, ALL)[:3_000])


def test_samples_beyond_full_scale_are_scaled_together() -> None:
    read = sounds.read(file(3 * sine(), subtype="FLOAT"), 16_000, ALL) / sounds.FULL
    np.testing.assert_allclose(read, 2 * sine(), atol=1e-3)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"hello " * 20, "not a supported audio format"),
        (b"<!DOCTYPE html><p>404", says("columns.web-page-instead")),
        (b"\0\0\0\x20ftypM4A " + bytes(50), says("columns.audio-mp4")),
        (file(sine()[:0]), says("columns.audio-without-samples")),
        (
            file(np.where(np.arange(8_000) < 3, np.nan, sine()), subtype="FLOAT"),
            says("columns.audio-not-finite", invalid=3, samples=8000),
        ),
        (file(sine())[:5_000], says("columns.audio-cut-off-bytes", expected=16000, found=4956)),
        (file(sine(), form="AIFF")[:5_000], says("columns.audio-cut-off-bytes")),
        (file(sine(), form="FLAC")[:2_000], says("columns.audio-damaged")),
        (file(sine(), form="OGG")[:2_000], says("columns.audio-damaged")),
        (file(sine())[:20], says("columns.audio-damaged")),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        sounds.read(data, 16_000, ALL)


def test_files_that_are_not_there_and_folders_say_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says("columns.file-not-found")):
        sounds.read(tmp_path / "gone.wav", 16_000, ALL)
    with pytest.raises(DataError, match="cannot be read"):
        sounds.header(tmp_path)


def test_a_header_written_into_a_pipe_promises_nothing() -> None:
    data = bytearray(file(sine()))
    at = data.index(b"data") + 4
    data[at : at + 4] = data[4:8] = b"\xff\xff\xff\xff"
    assert len(sounds.read(bytes(data), 16_000, ALL)) == 8_000


def test_resampling_is_scipys() -> None:
    x = np.random.default_rng(0).normal(0, 0.1, 2_205).astype(np.float32)
    np.testing.assert_allclose(sounds.resampled(x, 22_050, 16_000), signal.resample_poly(x, 320, 441))
    assert sounds.resampled(x, 8_000, 8_000) is x
