"""Audio from a folder to a report, with clips as they come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile

from leadline.core.report import Report

QUICK = ("--set", "network.size=small", "--set", "baselines=[]", "--deterministic")
RNG = np.random.default_rng(0)


def tone(hz: float, rate: int = 8_000, seconds: float = 0.15) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return 0.3 * np.sin(2 * np.pi * hz * time) + RNG.normal(0, 0.01, len(time))


@pytest.fixture
def folder(place: Path) -> Path:
    root = place / "tones"
    for name, hz in (("low", 400.0), ("high", 1_500.0)):
        (root / name).mkdir(parents=True)
        for i in range(40):
            soundfile.write(root / name / f"{i}.wav", tone(hz, seconds=RNG.uniform(0.1, 0.2)), 8_000)
    return root


def test_clips_of_every_sort_in_class_folders(cli, folder: Path) -> None:
    low = folder / "low"
    soundfile.write(low / "silent.wav", np.zeros(2_000), 8_000)
    soundfile.write(low / "other-rate.flac", tone(400, 44_100), 44_100)
    soundfile.write(low / "stereo.ogg", np.stack([tone(400)] * 2, 1), 8_000)
    soundfile.write(low / "small.mp3", tone(400, 16_000, 1.0), 16_000)
    soundfile.write(low / "short.wav", tone(400, seconds=0.01), 8_000)
    soundfile.write(low / "zero-length.wav", np.zeros(0), 8_000)
    soundfile.write(low / "strange.wav", np.full(500, np.nan), 8_000, subtype="FLOAT")
    (low / "truncated.wav").write_bytes((low / "0.wav").read_bytes()[:900])
    (low / "empty.wav").touch()
    (low / "page.wav").write_text("<!DOCTYPE html>")
    options = ("--network", "audiocnn", "--epochs", "8", "--set", "training.batch=16")
    assert cli("train", "tones", *options, *QUICK, "--out", "run") == 0
    report = Report.read(Path("run/report.json"))
    aside = pl.read_parquet("run/invalid_rows.parquet")
    assert report.find("rows_dropped").value == len(aside) == 5
    said = " ".join(aside["reason"])
    for reason in (
        "zero-length.wav: the file contains no samples",
        "strange.wav: 500 of 500 samples are NaN or infinite",
        "truncated.wav: the file is truncated",
        "empty.wav: the file is empty",
        "page.wav: a web page",
    ):
        assert reason in said
    page = Path("run/report.html").read_text(encoding="utf-8")
    assert "resampled to 8,000 Hz" in page
    assert "<audio controls" in page
    assert report.find("accuracy", split="test").value > 0.7
    (Path("new")).mkdir()
    soundfile.write("new/x.wav", tone(1_500, 22_050), 22_050)
    assert cli("predict", "run", "new", "--out", "new.csv") == 0
    assert pl.read_csv("new.csv")["predicted_label"].to_list() == ["high"]


def test_dead_paths_are_set_aside_and_a_column_of_them_is_refused(cli, folder: Path, capsys) -> None:
    names = [f"{name}/{i}.wav" for i in range(30) for name in ("low", "high")]
    frame = pl.DataFrame({"clip": names, "label": ["low", "high"] * 30})
    frame.with_columns(clip=pl.when(pl.int_range(60) == 7).then(pl.lit("high/gone.wav")).otherwise("clip")).write_csv(
        folder / "some.csv"
    )
    assert cli("train", folder / "some.csv", "--target", "label", "--epochs", "1", *QUICK, "--out", "run", "-q") == 0
    assert pl.read_parquet("run/invalid_rows.parquet")["reason"].to_list() == ["high/gone.wav: file not found"]
    frame.with_columns(clip="lost/" + pl.col("clip")).write_csv(folder / "dead.csv")
    assert cli("train", folder / "dead.csv", "--target", "label") == 2
    error = " ".join(capsys.readouterr().err.split())
    assert "'clip': values are file names such as 'lost/low/0.wav', but none of the files exists" in error


def test_a_network_on_clips_is_compared_with_a_linear_model_of_their_spectra(cli, folder: Path) -> None:
    words = ("--network", "audiocnn", "--epochs", "1", "--set", "network.size=small", "--set", "training.batch=16")
    assert cli("train", "tones", *words, "--deterministic", "--out", "run", "-q") == 0
    found = Report.read(Path("run/report.json")).find("accuracy", group="baseline=linear")
    assert found is not None and found.value == 1
