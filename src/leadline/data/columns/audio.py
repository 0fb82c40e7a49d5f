"""Audio: files or bytes, stored as mono int16 samples of one rate, and seen by the network as standardised log-mel
frames.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.schema import InputSchema
from leadline.core.wording import enumerated
from leadline.data.columns.contract import ColumnContext, ColumnState, ColumnType, Display, Encoded, InputType
from leadline.data.columns.decoding import sounds
from leadline.data.columns.decoding.paths import named, path_of, source_of, spread
from leadline.data.columns.decoding.sounds import Header
from leadline.data.columns.decoding.spectrogram import cut, log_mel, spectrogram
from leadline.data.columns.options import known_only
from leadline.data.sources.modalities import AUDIO
from leadline.data.storage import RaggedRows, RowStorage
from leadline.errors import DataError, UsageError
from leadline.nn.batch import Signal
from leadline.nn.layers.log_mel import FLOOR

Result = TypeVar("Result")

LOOKED_AT = 5_000  # clips whose headers are read
LISTENED = 2_000  # clips that are decoded for mean and spread, at most, and so many seconds of them
LISTENED_SECONDS = 3_600
RATE = 16_000  # samples a second at most, unless asked for: speech has little above 8 kHz
LONGEST = 30.0  # seconds kept at most, unless asked for
KEPT = 0.995  # the share of clips that are kept whole
_FEW = 12_000  # samples a second, below which 40 bands are enough
HEARD = 10.0  # seconds of a clip that a report holds
THIRDS = 3  # of a clip, of which classical models are told what each sounds like
_CHUNK = 8
_LIMITS: Mapping[str, tuple[float, float, str]] = {
    "sample_rate": (1_000, 96_000, "samples a second"),
    "duration": (0.01, 600, "seconds"),
    "n_mels": (4, 256, "bands"),
    "window": (2, 500, "milliseconds"),
    "hop": (1, 500, "milliseconds"),
    "f_min": (0, 48_000, "Hz"),
    "f_max": (1, 48_000, "Hz"),
}


def _infer(column: pl.Series, context: ColumnContext) -> float:
    first = column.drop_nulls().head(5)
    if first.is_empty():
        return 0.0
    if column.dtype == pl.Binary:
        known = [value for value in first if sounds.may_be_audio(value)]
        return 0.99 if any(isinstance(_header(value, context), Header) for value in known) else 0.0
    if column.dtype != pl.String or not all(map(AUDIO.has, first)):
        return 0.0
    return 0.99 if any(path_of(value, context).exists() for value in first) else 0.0


def _fit(column: pl.Series, context: ColumnContext) -> ColumnState:
    """Return rate, length and mel bands, and the mean and spread of each band over frames of up to 2,000 clips or an
    hour.
    """
    state = _form(column, context)
    sample = spread(column.drop_nulls(), LOOKED_AT)
    count = min(LISTENED, max(1, int(LISTENED_SECONDS / max(state.pop("mean_length"), 1e-3))))
    return state | _statistics(spread(sample, count), state, context)


def _form(column: pl.Series, context: ColumnContext) -> dict[str, Any]:
    """Return rate, length and mel bands, going by the headers of some clips.

    Options: `rate` (samples a second), `seconds` (what is longer is cut), `mels` (bands), `window` and `hop`
    (milliseconds), `low` and `high` (Hz). The rate is the most frequent one, at most 16,000; the length keeps 99.5 % of
    clips whole and is at most 30 s. Raises UsageError for options that make no sense and DataError where no clip can be
    read.
    """
    options = _options(context.options)
    sample = spread(column.drop_nulls(), LOOKED_AT)
    headers = _headers(sample, context)
    rates = Counter(header.rate for header in headers)
    rate = int(options.get("sample_rate", min(RATE, max(rates, key=lambda one: (rates[one], one)))))
    longest = float(np.quantile([header.seconds for header in headers], KEPT, method="higher"))
    seconds = float(options.get("duration", min(LONGEST, math.ceil(max(longest, 0.01) * 10) / 10)))
    mean_length = float(np.mean([min(header.seconds, seconds) for header in headers]))
    return {
        "rate": rate,
        "seconds": seconds,
        "mels": int(options.get("n_mels", 64 if rate >= _FEW else 40)),
        "window": float(options.get("window", 25.0)),
        "hop": float(options.get("hop", 10.0)),
        "low": float(options.get("f_min", 20.0)),
        "high": float(options.get("f_max", rate / 2)),
        "looked_at": len(headers),
        "cut": sum(header.seconds > seconds + 1 / rate for header in headers),
        "rates": {str(one): count for one, count in rates.most_common() if one != rate},
        "mean_length": mean_length,
    }


def _options(given: Mapping[str, Any]) -> Mapping[str, Any]:
    known_only("audio", given, _LIMITS)
    for name, value in given.items():
        least, most, unit = _LIMITS[name]
        good = isinstance(value, int) if name in ("sample_rate", "n_mels") else isinstance(value, int | float)
        if isinstance(value, bool) or not good or not least <= value <= most:
            raise UsageError(say("columns.option-number", option=name, unit=unit, least=least, most=most, value=value))
    return given


def _header(value: Any, context: ColumnContext) -> Header | str:
    """Return a clip's header, or why it cannot be read."""
    try:
        return sounds.header(source_of(value, context))
    except DataError as error:
        return named(value, error)


def _headers(sample: pl.Series, context: ColumnContext) -> list[Header]:
    if sample.dtype not in (pl.String, pl.Binary):
        raise DataError(say("columns.not-audio", column=sample.name, dtype=sample.dtype))
    read = [
        header
        for part in _in_threads(lambda chunk: [_header(value, context) for value in chunk], sample)
        for header in part
    ]
    good = [header for header in read if isinstance(header, Header)]
    if not good:
        if not read:
            raise DataError(say("columns.no-clip-given", count=len(sample), column=sample.name))
        raise DataError(say("columns.no-clip-readable", count=len(sample), column=sample.name, reason=read[0]))
    return good


class _Sums(NamedTuple):
    frames: int
    total_M: np.ndarray
    squares_M: np.ndarray
    clips: int
    silent: int
    problem: str | None  # of the last clip that cannot be decoded


def _statistics(sample: pl.Series, state: ColumnState, context: ColumnContext) -> dict[str, Any]:
    """Return the mean and spread of each band over all frames of clips that are not silent, and how many are."""
    frames_of = log_mel(state)

    def sums(chunk: pl.Series) -> _Sums:
        frames, clips, silent, problem = 0, 0, 0, None
        total, squares = np.zeros(state["mels"]), np.zeros(state["mels"])
        for value in chunk:
            try:
                x_S = sounds.read(source_of(value, context), state["rate"], _most(state))
            except DataError as error:
                problem = named(value, error)
                continue
            clips += 1
            if np.abs(x_S.astype(np.int32)).max() <= sounds.SILENT:
                silent += 1
                continue
            with torch.inference_mode():
                values, _ = frames_of(torch.from_numpy(x_S)[None].float() / sounds.FULL)
            x_TM = values[0].double().numpy()
            frames, total, squares = frames + len(x_TM), total + x_TM.sum(0), squares + (x_TM**2).sum(0)
        return _Sums(frames, total, squares, clips, silent, problem)

    parts = list(_in_threads(sums, sample))
    clips, frames = sum(part.clips for part in parts), sum(part.frames for part in parts)
    if not clips:
        why = next((part.problem for part in parts if part.problem), None)
        if why is None:
            raise DataError(say("columns.no-clip-given", count=len(sample), column=sample.name))
        raise DataError(say("columns.no-clip-decodable", count=len(sample), column=sample.name, reason=why))
    mean = np.sum([part.total_M for part in parts], 0) / frames if frames else np.full(state["mels"], math.log(FLOOR))
    variance = np.sum([part.squares_M for part in parts], 0) / frames - mean**2 if frames else np.ones(state["mels"])
    std = np.sqrt(np.maximum(variance, 0))
    return {
        "mean": mean.round(5).tolist(),
        "std": np.where(std > 1e-3, std, 1.0).round(5).tolist(),
        "listened": clips,
        "silent": sum(part.silent for part in parts),
    }


def _in_threads(work: Callable[[pl.Series], Result], sample: pl.Series) -> Iterator[Result]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(work, (sample.slice(start, _CHUNK) for start in range(0, len(sample), _CHUNK)))


def _encode(column: pl.Series, state: ColumnState, context: ColumnContext) -> Encoded:
    if column.dtype not in (pl.String, pl.Binary):
        raise DataError(say("columns.not-audio", column=column.name, dtype=column.dtype))
    problems, missing, clips = {}, [], []
    lengths = np.zeros(len(column), np.int64)
    for row, value in enumerate(column):
        if value is None or not value.strip():
            missing.append(row)
            continue
        try:
            clip = sounds.read(source_of(value, context), state["rate"], _most(state))
        except DataError as error:
            problems[row] = named(value, error)
            continue
        clips.append(clip)
        lengths[row] = len(clip)
    values = np.concatenate(clips) if clips else np.zeros(0, np.int16)
    return Encoded(values, problems, lengths, missing)


def _decode(values: np.ndarray, state: ColumnState) -> list[bytes]:
    return [sounds.wav(x_S, state["rate"]) for x_S in values]


def _stored(one: InputSchema, x_1S: Tensor) -> np.ndarray:
    x_1L = x_1S[:, ~x_1S[0].isnan()]
    stored: np.ndarray = (x_1L * sounds.FULL).round().clamp(-sounds.FULL, sounds.FULL - 1).to(torch.int16).numpy()
    return stored


class AudioPreprocessor(nn.Module):
    """Waveforms (B,S), NaN after a clip's end, to a Signal of standardised log-mel frames (B,T,M), zero after its
    end.
    """

    def __init__(self, state: ColumnState) -> None:
        super().__init__()
        self.log_mel = log_mel(state)
        self.mean_M: Tensor
        self.std_M: Tensor
        self.register_buffer("mean_M", torch.tensor(state["mean"], dtype=torch.float32))
        self.register_buffer("std_M", torch.tensor(state["std"], dtype=torch.float32))

    def forward(self, x_BS: Tensor) -> Signal:
        x_BTM, mask_BT = self.log_mel(x_BS.to(self.mean_M.dtype))
        values_BTM = (x_BTM - self.mean_M) / self.std_M
        return Signal(values_BTM.masked_fill(~mask_BT[:, :, None], 0.0), mask_BT)


class AudioStatistics(nn.Module):
    """Waveforms (B,S) to a Signal (B,6M) of what their standardised log-mel frames are like: mean and deviation of each
    band, the deviation of its change from frame to frame, and its mean in the first, second and last third.
    """

    def __init__(self, state: ColumnState) -> None:
        super().__init__()
        self.frames = AudioPreprocessor(state)

    def forward(self, x_BS: Tensor) -> Signal:
        x_BTM, mask_BT = self.frames(x_BS)
        there_BT = mask_BT.to(x_BTM.dtype)
        mean_BM, deviation_BM = _moments(x_BTM, there_BT)
        _, change_BM = _moments(x_BTM[:, 1:] - x_BTM[:, :-1], there_BT[:, 1:])
        frame_BT = there_BT.cumsum(1) - 1
        third_BT = torch.div(THIRDS * frame_BT, there_BT.sum(1, keepdim=True), rounding_mode="floor")
        parts = []
        for third in range(THIRDS):
            own_BT = there_BT * (third_BT == third)
            # a clip of one or two frames has thirds without any
            parts.append(torch.where(own_BT.any(1)[:, None], _moments(x_BTM, own_BT)[0], mean_BM))
        return Signal(torch.cat([mean_BM, deviation_BM, change_BM, *parts], 1))


def _moments(x_BTM: Tensor, there_BT: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation over the frames that are there, zero where none is."""
    count_B1 = there_BT.sum(1, keepdim=True).clamp(min=1)
    mean_BM = (x_BTM * there_BT[:, :, None]).sum(1) / count_B1
    away_BTM = (x_BTM - mean_BM[:, None]) * there_BT[:, :, None]
    return mean_BM, torch.sqrt(away_BTM.square().sum(1) / count_B1)


def _front(states: Sequence[ColumnState]) -> nn.Module:
    return AudioPreprocessor(states[0])


def _plain(states: Sequence[ColumnState]) -> nn.Module:
    return AudioStatistics(states[0])


def _most(state: ColumnState) -> int:
    """Return how many samples of a clip are kept at most."""
    most: int = max(1, math.ceil(state["seconds"] * state["rate"]))
    return most


def _storage(one: InputSchema, values: Tensor, ends: Tensor | None) -> RowStorage:
    assert ends is not None
    state = one.fields[0].state
    tenth = max(1, state["rate"] // 10)
    return RaggedRows(values, ends, padding=math.nan, scale=1 / sounds.FULL, multiple=tenth, longest=_most(state))


def _remarks(state: ColumnState) -> list[str]:
    said = []
    looked_at, listened, rates = state["looked_at"], state["listened"], state["rates"]
    if rates:
        count = sum(rates.values())
        each = enumerated(say("columns.clips-of-rate", count=n, rate=int(one)) for one, n in rates.items())
        said.append(say("columns.clips-resampled", count=count, sampled=looked_at, rate=state["rate"], rates=each))
    if state["cut"]:
        said.append(say("columns.clips-truncated", count=state["cut"], sampled=looked_at, seconds=state["seconds"]))
    if state["silent"]:
        said.append(say("columns.clips-silent", count=state["silent"], sampled=listened))
    return said


def _described(one: InputSchema) -> str:
    state = one.fields[0].state
    return say("columns.described-audio", seconds=state["seconds"], rate=state["rate"])


def _heard(clip: bytes) -> bytes:

    return cut(clip, HEARD)


def _looked_at(one: InputSchema, clip: bytes) -> bytes:

    return spectrogram(_heard(clip), one.fields[0].state)


INPUT = InputType(
    "clip",
    shape=lambda fields: (_most(fields[0].state),),
    example=lambda one: torch.zeros(2, _most(one.fields[0].state)),
    describe=_described,
    ragged=True,
    storage=_storage,
    stored=_stored,
    baselines=("linear", "tfidf"),
    network=lambda one, predicts: Component(name="audiocnn"),
    pace=lambda one: "slow",
    strong=(
        Component(name="shift", options={"amount": 0.2}),
        Component(name="speed", options={"amount": 0.1}),
        Component(name="noise"),
        Component(name="time_mask", options={"amount": 0.2}),
        Component(name="frequency_mask", options={"amount": 0.3}),
    ),
    display=Display(
        "clips",
        picture=_looked_at,
        sound=_heard,
        legend="Time runs to the right, frequency (in mels) upwards; brighter is louder, each clip by its own loudest.",
        cut=f"Only the first {HEARD:g} s of a clip are here.",
        most=12,  # sound is large
        few=2,
    ),
)
COLUMN = ColumnType(
    "audio",
    _infer,
    _fit,
    _encode,
    _decode,
    _front,
    plain=_plain,
    recipe=lambda state: {name: state[name] for name in ("rate", "seconds")},
    outline=_form,
    warnings=_remarks,
    input=INPUT,
    options=tuple(_LIMITS),
)
