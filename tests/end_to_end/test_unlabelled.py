"""Learning without labels through the command line: what needs no target has a whole report all the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

import leadline
from leadline.core.catalogue import say
from sentences import says

Cli = Callable[..., int]
QUICK = ("--epochs", "2", "--deterministic", "-q", "--set", "network.size=small")


@pytest.fixture
def rows(place: Path) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    frame = pl.DataFrame({"x": x, "twice": 2 * x + rng.normal(0, 0.1, 300), "town": rng.choice(["Łódź", "上海"], 300)})
    frame.write_csv(place / "rows.csv")
    return frame


@pytest.mark.parametrize("objective", ["vae", "autoencoder"])
def test_rows_without_a_target(
    cli: Cli, place: Path, rows: pl.DataFrame, objective: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("rows.csv", "--objective", objective, "--target", "none", *QUICK)
    assert cli("train", *given, "--out", "run") == 0
    assert cli("train", *given, "--seed", "1", "--out", "other") == 0
    run = leadline.Run("run")
    assert run.schema.target is None
    page, card = ((place / "run" / name).read_text(encoding="utf-8") for name in ("report.html", "MODEL_CARD.md"))
    assert f"{say('sections.representations')}</h2>" in page
    assert "## Evaluation" in card
    capsys.readouterr()
    for arguments in (
        ("report", "run"),
        ("report", "run", "--json"),
        ("runs", "."),
        ("compare", "run", "other"),
        ("evaluate", "run"),
    ):
        assert cli(*arguments) == 0
        assert capsys.readouterr().out.strip()
    assert cli("report", "run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["experiment"]["data"]["target"] == "none"
    assert cli("predict", "run", "rows.csv", "-o", "out.csv", "-q") == 0
    assert pl.read_csv("out.csv").height == 300
    assert cli("embed", "run", "rows.csv", "-o", "codes.npy", "-q") == 0
    assert np.load("codes.npy").shape[0] == 300
    assert np.isfinite(np.load("codes.npy")).all()


def test_rows_that_are_drawn_look_like_those_of_the_table(cli: Cli, rows: pl.DataFrame) -> None:
    require = ("--require", "frechet_distance <= 100", "--require", "discriminator_accuracy <= 1")
    assert cli("train", "rows.csv", "--objective", "vae", "--target", "none", *QUICK, *require, "--out", "run") == 0
    assert cli("sample", "run", "-n", "70", "-o", "many.csv", "-q") == 0
    assert cli("sample", "run", "-n", "5", "-o", "few.csv", "-q") == 0
    many = pl.read_csv("many.csv")
    assert many.columns == rows.columns
    assert set(many["town"]) <= set(rows["town"])
    assert pl.read_csv("few.csv").equals(many.head(5))
    report = leadline.Run("run").report
    for name in (
        "frechet_distance",
        "sample_precision",
        "memorisation",
        "synthetic_gap",
        "discriminator_accuracy",
        "correlation_difference",
    ):
        finding = report.find(name)
        assert finding is not None
        assert finding.interval is not None


def test_classes_that_there_are_judge_what_is_drawn(cli: Cli, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("digits", "--objective", "vae", "--set", "objective.conditional=true")
    assert cli("train", *given, *QUICK, "--require", "reference_classifier_accuracy >= 0.5", "--out", "run") == 0
    report = leadline.Run("run").report
    assert report.find("conditional_accuracy") is not None
    assert report.find("conditional_accuracy", group="class=3").n >= 100
    assert {"new_rows", "nearest", "between", "reconstructed", "embedding"} <= {
        exhibit.name for exhibit in report.exhibits
    }
    assert cli("sample", "run", "--label", "3", "-n", "9", "-o", "grid.png", "-q") == 0
    with Image.open(place / "grid.png") as grid:
        assert grid.size == (28, 28)
    capsys.readouterr()
    assert cli("sample", "run", "--label", "thirteen", "-o", "grid.png", "-q") == 2
    assert "thirteen" in capsys.readouterr().err
    assert cli("sample", "run", "--set", "colour=red", "-o", "grid.png", "-q") == 2
    assert "colour" in capsys.readouterr().err
    assert cli("sample", "run", "-o", "grid.gif") == 2


def test_windows_of_a_series(cli: Cli, place: Path) -> None:
    steps = np.arange(200)
    pl.DataFrame({"t": steps, "x": np.sin(steps / 5), "y": np.cos(steps / 9)}).write_csv(place / "series.csv")
    horizon = ("--horizon", "2", "--context-length", "8", "--set", "network=rnn")
    assert cli("train", "series.csv", "--objective", "vae", *horizon, *QUICK, "--out", "run") == 0
    assert cli("predict", "run", "series.csv", "-o", "out.csv", "-q") == 0
    assert cli("evaluate", "run", "-q") == 0
    assert cli("embed", "run", "series.csv", "-o", "codes.parquet", "-q") == 0
    assert cli("sample", "run", "-n", "3", "-o", "windows.csv", "-q") == 0
    assert pl.read_csv("windows.csv")["window"].n_unique() == 3


def test_a_supervised_objective_says_what_it_lacks(
    cli: Cli, rows: pl.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli("train", "rows.csv", "--objective", "classification", "--target", "none", *QUICK) == 2
    assert "target" in capsys.readouterr().err


def test_style_transfer_is_an_example_now(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    for given in ((), ("content.png", "look.png", "--network", "run", "-o", "out.png", "--steps", "2"), ("--help",)):
        assert cli("style", *given) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "examples/style.py" in captured.err
        assert captured.err.count("\n") == 1
    with pytest.raises(AttributeError, match=r"examples/style\.py"):
        _ = leadline.style
    assert "style" not in dir(leadline)


def test_pictures_of_others_through_the_command_line(cli: Cli, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = (
        "train",
        "digits",
        "--objective",
        "image-to-image",
        "--network",
        "cnn",
        *QUICK,
        "--set",
        "objective.width=4",
    )
    assert (
        cli(*given, "--set", "reference_classifier=auto", "--require", "conditional_accuracy >= 0", "--out", "run") == 0
    )
    page = (place / "run" / "report.html").read_text(encoding="utf-8")
    assert say("exhibits.translated") in page
    assert re.search(says("summary.translated"), page)
    (place / "some").mkdir()
    for i in range(3):
        Image.fromarray(np.full((8, 8), 80 * i, dtype=np.uint8)).save(place / "some" / f"{i}.png")
    (place / "some" / "3.png").write_text("no picture")
    sample = ("sample", "run", "--from", "some")
    assert cli(*sample, "--label", "3", "-o", "made.npz") == 0
    assert re.search(says("verbs.rows-left-out", rows=1), capsys.readouterr().err)
    with np.load(place / "made.npz") as made:
        assert made["image"].shape == (3, 8, 8, 1)
    assert cli(*sample, "-o", "made.png") == 2
    assert re.search(says("objectives.sample-needs-label"), capsys.readouterr().err)
    assert cli("sample", "run", "-o", "made.png") == 2
    assert "--from" in capsys.readouterr().err
    assert cli("sample", "run", "--from", "nowhere", "--label", "3", "-o", "made.png") == 2
    assert "nowhere" in capsys.readouterr().err


def test_pairs_of_pictures_through_the_command_line(cli: Cli, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    (place / "pairs").mkdir()
    lines = ["photo,drawing"]
    for i in range(60):
        photo = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(photo).save(place / "pairs" / f"{i}.png")
        Image.fromarray(255 - photo.mean(2).astype(np.uint8)).save(place / "pairs" / f"{i}-drawn.png")
        lines.append(f"{i}.png,{'' if i % 9 == 8 else f'{i}-drawn.png'}")
    (place / "pairs" / "pairs.csv").write_text("\n".join(lines))
    common = ("--target", "none", "--objective", "image-to-image", *QUICK, "--set", "objective.width=4")
    assert cli("train", "pairs/pairs.csv", *common) == 2
    assert "objective.into" in capsys.readouterr().err
    assert cli("train", "pairs/pairs.csv", *common, "--set", "objective.into=drawing", "--out", "run") == 0
    report = leadline.Run("run").report
    error = report.find("conversion_error")
    assert error is not None
    assert error.value is not None
    assert error.n is not None
    assert say("exhibits.translated-pairs-about") in (place / "run" / "report.html").read_text(encoding="utf-8")
    (place / "pairs" / "new.csv").write_text("photo\n0.png\n1.png\n")
    assert cli("sample", "run", "--from", "pairs/new.csv", "-o", "made.npz", "-q") == 0
    with np.load(place / "made.npz") as made:
        assert made["drawing"].shape == (2, 8, 8, 1)
    assert cli("sample", "run", "--from", "pairs/new.csv", "--label", "x", "-o", "made.npz", "-q") == 2
    assert re.search(says("objectives.sample-pairs-no-label"), capsys.readouterr().err)
    assert cli("predict", "run", "pairs/pairs.csv", "-o", "out.csv", "-q") == 0


def test_class_folders_without_their_classes(cli: Cli, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (place / "photos" / label).mkdir(parents=True)
        for i in range(15):
            Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).save(place / "photos" / label / f"{i}.png")
    common = ("--target", "none", *QUICK, "--set", "reference_classifier=false")
    assert cli("train", "photos", "--objective", "vae", *common, "--out", "run") == 0
    assert [one.name for one in leadline.Run("run").schema.inputs] == ["image"]
    assert cli("embed", "run", "photos/cat", "-o", "codes.npy", "-q") == 0
    assert cli("train", "photos", "--objective", "classification", *QUICK, "--init", "run", "--freeze", "encoders") == 0
    capsys.readouterr()
    assert cli("train", "photos", "--objective", "classification", "--target", "none", *QUICK) == 2
    assert "--target none is for objectives without one" in capsys.readouterr().err


def test_a_column_that_looks_like_a_target_is_named(cli: Cli, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pl.DataFrame({"x": np.arange(40.0), "label": ["a", "b"] * 20}).write_csv(place / "rows.csv")
    words = ("--target", "none", "--epochs", "1", "--deterministic", "--set", "network.size=small")
    assert cli("train", "rows.csv", "--objective", "autoencoder", *words) == 0
    assert "--ignore label leaves it out" in capsys.readouterr().err
    assert cli("train", "rows.csv", "--objective", "autoencoder", *words, "--ignore", "label") == 0
    assert "leaves it out" not in capsys.readouterr().err
