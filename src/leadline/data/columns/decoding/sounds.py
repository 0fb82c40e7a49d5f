"""Reading audio files of every sort into mono samples of one rate, and writing samples as WAV.

Shapes in names: S samples, C channels.
"""

from __future__ import annotations

import io
import math
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np

from leadline.core.catalogue import say
from leadline.data.regular_files import opened
from leadline.errors import DataError, first_line

if TYPE_CHECKING:
    from soundfile import SoundFile

FULL = 32_768  # the value of a sample at full scale
FASTEST = 2_000_000  # samples a second: what a header says beyond that is damage
SILENT = 3  # the largest sample of a clip that counts as silent: -81 dB, where dither is
_HEAD = 512  # bytes of a file, which say what it is
_SLACK = 2 * 1_152  # samples by which the header of an MP3 file may be wrong: its encoder's delay, two frames
_UNKNOWN = 0x7FFF_F000  # bytes: programs that write into a pipe promise at least so many
_MARKS = (b"RIFF", b"RF64", b"RIFX", b"FORM", b"fLaC", b"OggS", b"ID3", b".snd", b"caff", b"riff")
_NO_AUDIO = (
    (b"<!doctype html", "columns.web-page-instead"),
    (b"<html", "columns.web-page-instead"),
    (b"version https://git-lfs", "columns.git-lfs"),
    (b"ftyp", "columns.audio-mp4"),
    (b"\x30\x26\xb2\x75", "columns.audio-wma"),
)


class Header(NamedTuple):
    """What a clip says of itself: samples a second, and how many samples there are in each channel."""

    rate: int
    samples: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.samples / self.rate


def may_be_audio(data: bytes) -> bool:
    """Say whether bytes begin as audio files do."""
    return data.startswith(_MARKS) or (len(data) > 1 and data[0] == 0xFF and data[1] >= 0xE0)


def header(source: Path | bytes) -> Header:
    """Return a clip's header; raises DataError with the reason where it cannot be read."""
    with _opened(source) as (sound, _):
        return Header(sound.samplerate, sound.frames)


def read(source: Path | bytes, rate: int, most: int) -> np.ndarray:
    """Return a clip (S,) int16 at `rate` samples a second, at most `most` of them; channels are averaged.

    Clips of another rate are resampled with a polyphase filter (a Kaiser window of 10 zero crossings a side), which
    keeps out what the new rate cannot hold. Floating-point samples beyond full scale are scaled down together. Raises
    DataError with the reason for files that are missing, empty, cut off, no audio, or hold samples that are no numbers.
    """
    with _opened(source) as (sound, file):
        native = sound.samplerate
        if native > FASTEST:
            raise DataError(say("columns.audio-rate-impossible", rate=native))
        wanted = min(sound.frames, math.ceil((most + 32) * native / rate))  # a few more, which the filter reaches for
        missing = _missing(file)
        if missing is not None:
            raise DataError(say("columns.audio-cut-off-bytes", expected=missing[0], found=missing[1]))
        x_SC = sound.read(wanted, dtype="float32", always_2d=True)
        slack = _SLACK if "MP" in sound.format else 0
    if len(x_SC) < wanted - slack:
        raise DataError(say("columns.audio-cut-off-seconds", expected=sound.frames / native, found=len(x_SC) / native))
    if not len(x_SC):
        raise DataError(say("columns.audio-without-samples"))
    strange = int(np.count_nonzero(~np.isfinite(x_SC)))
    if strange:
        raise DataError(say("columns.audio-not-finite", invalid=strange, samples=x_SC.size))
    x_S = x_SC[:, 0] if x_SC.shape[1] == 1 else x_SC.mean(1)
    peak = float(np.abs(x_S).max())
    x_S = resampled(x_S / peak if peak > 1 else x_S, native, rate)[:most]
    stored: np.ndarray = np.clip(np.rint(x_S * FULL), -FULL, FULL - 1).astype(np.int16)
    return stored


def resampled(x_S: np.ndarray, native: int, rate: int) -> np.ndarray:
    """Return samples (S,) float32 at another rate."""
    if native == rate:
        return x_S
    from scipy.signal import resample_poly

    common = math.gcd(native, rate)
    out: np.ndarray = resample_poly(x_S, rate // common, native // common)
    return out


def wav(x_S: np.ndarray, rate: int) -> bytes:
    """Return mono samples (S,) int16 as the bytes of a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.ascontiguousarray(x_S, dtype="<i2").tobytes())
    return file.getvalue()


@contextmanager
def _opened(source: Path | bytes) -> Iterator[tuple[SoundFile, IO[bytes]]]:
    """Open a clip; whatever goes wrong while it is open becomes a DataError."""
    import soundfile

    head = b""
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else opened(source) as file:
            head = file.read(_HEAD)
            file.seek(0)
            if not head:
                raise DataError(say("columns.file-empty"))
            with soundfile.SoundFile(file) as sound:
                yield sound, file
    except FileNotFoundError:
        raise DataError(say("columns.file-not-found")) from None
    except OSError as error:
        raise DataError(say("columns.audio-unreadable", error=error.strerror or error)) from None
    except soundfile.LibsndfileError as error:
        raise DataError(_reason(head, error.error_string)) from None
    except (soundfile.SoundFileError, ValueError, MemoryError) as error:
        raise DataError(say("columns.audio-undecodable", error=first_line(error))) from None


def _reason(head: bytes, words: str) -> str:
    """Return why bytes that start so could not be decoded, given the decoder's words."""
    low = head.lower()
    known = next((name for mark, name in _NO_AUDIO if mark in low), None)
    if known is not None:
        return say(known)
    if may_be_audio(head):
        said = words.removeprefix("Error : ").strip().rstrip(".")
        if "does not exist" in said:
            return say("columns.audio-damaged")
        return say("columns.audio-damaged-because", error=said)
    return say("columns.audio-unknown-format")


def _missing(file: IO[bytes]) -> tuple[int, int] | None:
    """Return how many bytes of samples a WAV or AIFF file promises and how many it has, where these are fewer.

    The decoder takes what is there for the whole. Both formats are chunks: a name of four letters, a length, content.
    """
    back = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    form = file.read(12)
    order, data = {b"RIFF": ("little", b"data"), b"RIFX": ("big", b"data"), b"FORM": ("big", b"SSND")}.get(
        form[:4], ("", b"")
    )
    found = None
    while order:
        chunk = file.read(8)
        if len(chunk) < 8:
            break
        length = int.from_bytes(chunk[4:], "little" if order == "little" else "big")
        at = file.tell()
        if chunk[:4] == data:
            found = (length, size - at) if size - at < length < _UNKNOWN else None
            break
        file.seek(at + length + length % 2)
    file.seek(back)
    return found
