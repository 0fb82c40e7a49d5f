"""Columns of audio."""

import json
import math
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile
import torch

from leadline.core.catalogue import say
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.columns.audio import COLUMN, INPUT, AudioPreprocessor
from leadline.data.columns.contract import ColumnContext
from leadline.errors import DataError, UsageError
from sentences import says

RNG = np.random.default_rng(1)
RATE = 8_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i in range(6):
        soundfile.write(tmp_path / f"{i}.wav", RNG.normal(0, 0.1, 1_600 + 400 * i).clip(-1, 1), RATE)
    return tmp_path


def an_input(state: dict) -> InputSchema:
    field = ColumnSchema(name="x", kind="audio", state=state)
    return InputSchema(name="x", kind="audio", fields=(field,), shape=INPUT.shape([field]))


def paths(count: int = 6) -> pl.Series:
    return pl.Series("clip", [f"{i}.wav" for i in range(count)])


def fit(column: pl.Series, base: Path | None = None, **options: object) -> dict[str, object]:
    return json.loads(json.dumps(COLUMN.fit(column, ColumnContext(base, options)), allow_nan=False))


def raw(encoded, state: dict[str, object], rows: list[int]) -> torch.Tensor:
    ends = torch.from_numpy(np.concatenate([[0], np.cumsum(encoded.lengths)]))
    return INPUT.storage(an_input(state), torch.from_numpy(encoded.values), ends).gather(torch.tensor(rows))


def test_columns_of_paths_and_of_bytes_are_told_by_content(folder: Path) -> None:
    context = ColumnContext(folder)
    blobs = pl.Series("clip", [(folder / name).read_bytes() for name in paths()])
    assert COLUMN.infer(paths(), context) == COLUMN.infer(blobs, context) == 0.99
    assert COLUMN.infer(pl.Series(["0.wav", "gone.wav"]), context) == 0.99
    for other in (["gone.wav"], ["0.png"], ["0.wav", "a word"]):
        assert COLUMN.infer(pl.Series(other), context) == 0
    assert COLUMN.infer(pl.Series([b"\x89PNG\r\n", b"RIFF no"]), context) == 0
    assert COLUMN.infer(pl.Series([None], dtype=pl.String), context) == 0


def test_paths_and_bytes_are_stored_alike_and_come_back_as_wav(folder: Path) -> None:
    blobs = pl.Series("clip", [(folder / name).read_bytes() for name in paths()])
    state = fit(paths(), folder)
    assert fit(blobs) == state
    by_path, by_bytes = (
        COLUMN.encode(paths(), state, ColumnContext(folder)),
        COLUMN.encode(blobs, state, ColumnContext()),
    )
    np.testing.assert_array_equal(by_path.values, by_bytes.values)
    assert by_path.lengths.tolist() == [1_600, 2_000, 2_400, 2_800, 3_200, 3_600]
    assert not by_path.problems
    assert COLUMN.decode(by_path.values[None, :1_600], state) == [(folder / "0.wav").read_bytes()]


def test_the_rate_is_the_most_frequent_one_and_at_most_16_khz(tmp_path: Path) -> None:
    for i, rate in enumerate([8_000, 8_000, 11_025, 44_100, 44_100, 44_100]):
        soundfile.write(tmp_path / f"{i}.wav", RNG.normal(0, 0.1, rate // 5), rate)
    state = fit(paths(), tmp_path)
    assert (state["rate"], state["mels"], state["high"]) == (16_000, 64, 8_000)
    said = say(
        "columns.clips-resampled",
        count=6,
        sampled=6,
        rate=16000,
        rates="3 from 44,100 Hz, 2 from 8,000 Hz, 1 from 11,025 Hz",
    )
    assert COLUMN.warnings(state) == [said]
    low = fit(paths(3), tmp_path)
    assert (low["rate"], low["mels"]) == (8_000, 40)
    assert re.match(says("columns.clips-resampled", count=1, sampled=3, rate=8000), COLUMN.warnings(low)[0])
    assert fit(paths(3), tmp_path, sample_rate=11_025)["rate"] == 11_025


def test_longer_clips_are_cut_and_counted(folder: Path) -> None:
    assert fit(paths(), folder)["seconds"] == 0.5  # 0.45 s, rounded up to a tenth
    state = fit(paths(), folder, duration=0.3)
    assert an_input(state).shape == (2_400,)
    assert say("columns.clips-truncated", count=3, sampled=6, seconds=0.3) in COLUMN.warnings(state)
    assert COLUMN.encode(paths(), state, ColumnContext(folder)).lengths.max() == 2_400


def test_one_very_long_clip_does_not_decide_the_length(tmp_path: Path) -> None:
    for i in range(300):
        soundfile.write(tmp_path / f"{i}.wav", RNG.normal(0, 0.1, 80 if i else 80_000), RATE)
    state = fit(paths(300), tmp_path)
    assert (state["seconds"], state["cut"]) == (0.1, 1)


def test_silent_clips_are_kept_and_counted(folder: Path) -> None:
    soundfile.write(folder / "0.wav", np.zeros(1_600), RATE)
    state = fit(paths(), folder)
    assert say("columns.clips-silent", count=1, sampled=6) in COLUMN.warnings(state)
    assert not COLUMN.encode(paths(), state, ColumnContext(folder)).problems
    alone = fit(paths(1), folder)
    values = AudioPreprocessor(alone)(torch.zeros(1, 1_600)).values
    torch.testing.assert_close(values, torch.zeros_like(values), atol=1e-4, rtol=0)


def test_what_cannot_be_used_is_named_and_what_is_not_there_is_missing(folder: Path) -> None:
    state = fit(paths(), folder)
    whole = (folder / "1.wav").read_bytes()
    (folder / "cut.wav").write_bytes(whole[:-200])
    (folder / "empty.wav").touch()
    soundfile.write(folder / "none.wav", np.zeros(0), RATE)
    column = pl.Series("clip", ["0.wav", None, "gone.wav", "cut.wav", " ", "empty.wav", "none.wav", "5.wav"])
    encoded = COLUMN.encode(column, state, ColumnContext(folder))
    assert encoded.missing == [1, 4]
    assert encoded.lengths.tolist() == [1_600, 0, 0, 0, 0, 0, 0, 3_600]
    assert encoded.problems == {
        2: "gone.wav: file not found",
        3: "cut.wav: " + say("columns.audio-cut-off-bytes", expected=4000, found=3800),
        5: "empty.wav: " + say("columns.file-empty"),
        6: "none.wav: " + say("columns.audio-without-samples"),
    }


def test_a_column_of_which_nothing_can_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says("columns.no-clip-readable", count=2, column="clip")):
        fit(paths(2), tmp_path)
    with pytest.raises(DataError, match=says("columns.not-audio")):
        fit(pl.Series("clip", [1, 2]))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rat": 8_000}, "no option 'rat'"),
        ({"sample_rate": "high"}, says("columns.option-number", option="sample_rate")),
        ({"sample_rate": 8_000.5}, "'sample_rate' must be a number"),
        ({"duration": True}, says("columns.option-number", option="duration")),
        ({"n_mels": 0}, says("columns.option-number", option="n_mels", least=4, most=256)),
        ({"f_max": 9_000}, says("columns.mel-range", nyquist=4000)),
        ({"f_min": 500, "f_max": 400}, says("columns.mel-range")),
        ({"n_mels": 200}, "mel bands contain no frequency"),
    ],
)
def test_options_that_make_no_sense_say_so(folder: Path, options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        fit(paths(), folder, **options)


def test_stored_values_depend_on_rate_and_length_alone(folder: Path) -> None:
    state = fit(paths(), folder, n_mels=20)
    assert COLUMN.recipe(state) == {"rate": RATE, "seconds": 0.5}


def test_a_batch_is_padded_with_nan_and_stored_rows_come_back(folder: Path) -> None:
    state = fit(paths(), folder)
    encoded = COLUMN.encode(paths(), state, ColumnContext(folder))
    x_BS = raw(encoded, state, [0, 3])
    assert x_BS.shape == (2, 3_200)  # the longest has 2,800 samples; rounded up to a tenth of a second
    assert x_BS.isnan().sum(1).tolist() == [1_600, 400]
    assert x_BS.nan_to_num().abs().max() <= 1
    np.testing.assert_array_equal(INPUT.stored(an_input(state), x_BS[:1])[0], encoded.values[:1_600])
    assert INPUT.stored(an_input(state), torch.full((1, 9), 2.0)).max() == 32_767


def test_the_front_standardises_what_it_was_fitted_on(folder: Path) -> None:
    state = fit(paths(), folder)
    front = AudioPreprocessor(state)
    x_BS = raw(COLUMN.encode(paths(), state, ColumnContext(folder)), state, list(range(6)))
    values, mask = front(x_BS)
    assert mask.sum(1).tolist() == [1 + (1_600 + 400 * i - 200) // 80 for i in range(6)]
    assert values[~mask].abs().max() == 0
    torch.testing.assert_close(values[mask].mean(0), torch.zeros(40), atol=1e-3, rtol=0)
    torch.testing.assert_close(values[mask].std(0, correction=0), torch.ones(40), atol=1e-3, rtol=0)


def test_padding_changes_no_frame_and_every_row_has_one(folder: Path) -> None:
    front = AudioPreprocessor(fit(paths(), folder))
    clip = torch.from_numpy(RNG.normal(0, 0.1, 1_000)).float()
    x_BS = torch.full((3, 3_000), math.nan)
    x_BS[0, :1_000], x_BS[1, :50] = clip, clip[:50]
    values, mask = front(x_BS)
    assert mask.sum(1).tolist() == [11, 1, 1]
    torch.testing.assert_close(values[0, :11], front(clip[None]).values[0], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(values[1, :1], front(clip[None, :50]).values[0], atol=1e-4, rtol=1e-4)
    assert values.isfinite().all()


def test_the_front_can_be_exported_and_passes_gradients_on(folder: Path) -> None:
    state = fit(paths(), folder)
    front = AudioPreprocessor(state).eval()
    x_BS = raw(COLUMN.encode(paths(), state, ColumnContext(folder)), state, list(range(6)))
    assert INPUT.example(an_input(state)).shape == (2, *an_input(state).shape)
    dims = ({0: torch.export.Dim("rows", min=1), 1: torch.export.Dim("samples", min=280)},)
    exported = torch.export.export(front, (x_BS,), dynamic_shapes=dims).module()
    for given, wanted in zip(exported(x_BS[:4, :2_000]), front(x_BS[:4, :2_000]), strict=True):
        torch.testing.assert_close(given, wanted)
    x_BS = x_BS[:, :1_200].double().requires_grad_()
    front.double()(x_BS).values.square().sum().backward()
    assert x_BS.grad is not None
    assert x_BS.grad.isfinite().all()
    assert x_BS.grad.abs().max() > 0


def test_classical_models_are_told_what_the_frames_of_a_clip_are_like(folder: Path) -> None:
    assert COLUMN.plain is not None
    state = fit(paths(), folder)
    plain = COLUMN.plain([state])
    x_BS = raw(COLUMN.encode(paths(), state, ColumnContext(folder)), state, list(range(6)))
    frames, mask = AudioPreprocessor(state)(x_BS)
    found = plain(x_BS).values.numpy()
    for row in range(6):
        x_TM = frames[row, mask[row]].numpy()
        third_T = 3 * np.arange(len(x_TM)) // len(x_TM)
        parts = [
            x_TM.mean(0),
            x_TM.std(0),
            np.diff(x_TM, axis=0).std(0),
            *(x_TM[third_T == k].mean(0) for k in range(3)),
        ]
        np.testing.assert_allclose(found[row], np.concatenate(parts), atol=1e-4)


def test_clips_of_a_frame_or_of_nothing_have_statistics_too(folder: Path) -> None:
    assert COLUMN.plain is not None
    state = fit(paths(), folder)
    x_BS = torch.full((3, 1_000), math.nan)
    x_BS[0, :200], x_BS[1, :290] = torch.randn(200) / 10, torch.randn(290) / 10
    values = COLUMN.plain([state])(x_BS).values
    assert values.shape == (3, 6 * state["mels"]) and values.isfinite().all()
    assert torch.equal(values[0, : state["mels"]], values[0, -state["mels"] :])
