"""Random changes of waveforms."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.augmentations.augmenter import augmentation, augmentations
from leadline.data.augmentations.contract import checked
from leadline.errors import UsageError
from leadline.nn.rng import Rng
from sentences import says

AUGMENTATIONS: Mapping[str, Any] = {name: augmentation("audio", name) for name in augmentations("audio")}

RATE = 8_000
SCHEMA = InputSchema(
    name="clip",
    kind="audio",
    fields=(ColumnSchema(name="clip", kind="audio", state={"rate": RATE, "low": 20, "high": 4_000}),),
    shape=(RATE,),
)


def changed(x_BS: Tensor, asked: object, rows: Tensor | None = None) -> Tensor:
    component = Component.model_validate(asked)
    change = AUGMENTATIONS[component.name]
    stage = change.passed([(change, checked(component, change.options))], SCHEMA)
    return stage(x_BS, Rng(0, 3, torch.arange(len(x_BS)) if rows is None else rows))


def clips(rows: int = 40, longest: int = 2_000) -> Tensor:
    x_BS = torch.randn(rows, longest, generator=torch.Generator().manual_seed(0)) * 0.1
    for row in range(rows):
        x_BS[row, longest - 20 * row :] = math.nan
    return x_BS


@pytest.mark.parametrize("name", sorted(AUGMENTATIONS))
def test_a_row_is_changed_by_its_own_draws_wherever_it_stands(name: str) -> None:
    x_BS = clips()
    together, alone = changed(x_BS, name), changed(x_BS[7:8], name, torch.tensor([7]))
    torch.testing.assert_close(alone[0], together[7], equal_nan=True)
    assert together.dtype == torch.float32
    assert not torch.equal(together.nan_to_num()[:, : x_BS.shape[1]], x_BS.nan_to_num())
    twins = changed(x_BS[:1].expand(9, -1).clone(), name).nan_to_num()
    assert all(not torch.equal(twins[0], other) for other in twins[1:])


@pytest.mark.parametrize("name", sorted(set(AUGMENTATIONS) - {"speed"}))
def test_clips_end_where_they_ended(name: str) -> None:
    torch.testing.assert_close(changed(clips(), name).isnan(), clips().isnan())


@pytest.mark.parametrize("name", sorted(AUGMENTATIONS))
def test_a_row_without_a_clip_stays_without_one(name: str) -> None:
    assert changed(torch.full((2, 300), math.nan), name)[:, 1:].isnan().all()


@pytest.mark.parametrize("asked", [{"shift": 0}, {"speed": 0}, {"gain": 0}, {"time_mask": 0}, {"frequency_mask": 0}])
def test_nothing_of_it_changes_nothing(asked: object) -> None:
    torch.testing.assert_close(changed(clips(), asked), clips(), equal_nan=True, atol=1e-6, rtol=1e-5)


def test_shifts_are_even_and_leave_silence() -> None:
    x_BS = torch.arange(1.0, 1_001).expand(400, -1).clone()
    out = changed(x_BS, {"shift": 0.2})
    by_B = torch.where(out[:, 0] == 0, (out == 0).sum(1), 1 - out[:, 0])
    assert by_B.abs().max() <= 200
    assert abs(by_B.float().mean()) < 20
    assert by_B.float().std() == pytest.approx(200 / math.sqrt(3), rel=0.1)
    row = int(by_B.argmax())
    torch.testing.assert_close(out[row, int(by_B[row]) :], x_BS[row, : -int(by_B[row])])


def test_speed_changes_pitch_and_length_by_the_same_factor() -> None:
    time = torch.arange(4_000) / RATE
    x_BS = torch.sin(2 * math.pi * 500 * time).expand(30, -1).clone()
    out = changed(x_BS, {"speed": 0.2})
    assert out.shape == (30, 5_000)
    length_B = (~out.isnan()).sum(1)
    assert 3_330 <= length_B.min() < 3_500
    assert 4_700 < length_B.max() <= 5_000
    for row in range(30):
        clip = out[row, : length_B[row]].numpy()
        peak = np.abs(np.fft.rfft(clip * np.hanning(len(clip)))).argmax() * RATE / len(clip)
        assert peak == pytest.approx(500 * 4_000 / int(length_B[row]), abs=RATE / 3_000)


def test_gain_is_even_in_decibels() -> None:
    x_BS = clips(500)[:, :300].nan_to_num(0.1)
    decibels = 20 * torch.log10((changed(x_BS, {"gain": 10}) / x_BS)[:, 0])
    assert decibels.abs().max() <= 10.001
    assert decibels.std() == pytest.approx(10 / math.sqrt(3), rel=0.1)


def test_noise_is_as_loud_as_asked_for_and_silence_stays() -> None:
    x_BS = clips(200)
    x_BS[0] = 0
    noise_BS = changed(x_BS, {"noise": {"snr": 10}}) - x_BS
    assert noise_BS[0].abs().max() == 0
    snr_B = 10 * torch.log10(x_BS.square().nanmean(1) / noise_BS.square().nanmean(1))[1:90]
    assert 9 < snr_B.min() < 13
    assert 27 < snr_B.max() < 31


def test_a_stretch_of_time_is_silenced() -> None:
    x_BS = torch.ones(300, 1_000)
    x_BS[:, 800:] = math.nan
    out = changed(x_BS, {"time_mask": 0.5})
    silent_BS = out == 0
    assert silent_BS.sum(1).max() <= 401
    assert silent_BS.sum(1).float().mean() == pytest.approx(200, rel=0.15)
    assert (silent_BS.int().diff(dim=1).clamp_min(0).sum(1) <= 1).all()  # one stretch
    assert silent_BS[:, 20:780].any(0).all()


def test_a_band_of_frequencies_is_silenced() -> None:
    x_BS = torch.zeros(200, 1_024)
    x_BS[:, 0] = 1  # all frequencies alike
    power_BK = torch.fft.rfft(changed(x_BS, {"frequency_mask": 0.4})).abs()
    silent_BK = power_BK < 1e-3
    assert ((power_BK - 1).abs() < 1e-3).logical_or(silent_BK).all()
    mel_K = 2595 * torch.log10(1 + torch.fft.rfftfreq(1_024, 1 / RATE) / 700)
    widths = [float(mel_K[row].max() - mel_K[row].min()) for row in silent_BK if row.any()]
    assert max(widths) < 0.4 * float(mel_K[-1])
    assert silent_BK[:, 8:-8].any(0).all()


def test_amounts_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError, match=says("augmentations.of-component", component="noise")):
        changed(clips(), {"noise": {"snr": 100}})
