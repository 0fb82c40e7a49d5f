"""Text through the command line: from files as they lie about to a report, and what cannot be used, named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import leadline

Cli = Callable[..., int]


def reviews(count: int = 80, *, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    said = {"good": ["fine", "lovely", "great"], "bad": ["dull", "awful", "poor"]}
    rows = []
    for i in range(count):
        label = "good" if i % 2 else "bad"
        about = " ".join(rng.choice(["the", "story", "was", "a", "film", "and", "ending"], rng.integers(2, 8)))
        rows.append((f"{about} {rng.choice(said[label])} of {rng.integers(1000)} things", label))
    return pl.DataFrame(rows, schema=["text", "label"], orient="row")


def test_a_column_of_text_becomes_an_input(cli: Cli, place: Path) -> None:
    frame = reviews()
    odd = pl.DataFrame({"text": [None, "  ", "…"], "label": ["good", "bad", "good"]})
    pl.concat([frame, odd]).write_csv(place / "reviews.csv")
    assert cli("train", "reviews.csv", "--epochs", "2", "--deterministic", "-q", "--out", "run") == 0
    run = leadline.Run("run")
    assert [one.kind for one in run.schema.inputs] == ["text"]
    assert "no text" in (place / "run" / "report.html").read_text(encoding="utf-8")
    unseen = pl.DataFrame({"text": ["nothing that anyone knows", "fine " * 500, "great"]})
    unseen.write_csv(place / "unseen.csv")
    assert cli("predict", "run", "unseen.csv", "-o", "out.csv") == 0
    assert pl.read_csv(place / "out.csv").height == 3


def test_a_run_needs_no_file_of_vectors(cli: Cli, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reviews().write_csv(place / "reviews.csv")
    (place / "vectors.txt").write_text("story 1 0 2\nfine 0 1 1\nlovely 0 1 1.5\ndull 0 -1 1\n")
    options = ("--set", "data.inputs.text={vectors: vectors.txt}", "--set", "baselines=[]")
    assert cli("train", "reviews.csv", *options, "--epochs", "1", "--deterministic", "-q", "--out", "run") == 0
    (place / "vectors.txt").unlink()
    monkeypatch.setenv("LEADLINE_CACHE", str(place / "another"))
    assert cli("predict", "run", "reviews.csv", "-o", "out.csv") == 0
    assert "4 of " in (place / "run" / "report.html").read_text(encoding="utf-8")


def test_a_folder_of_texts_for_each_class(cli: Cli, place: Path) -> None:
    for i, (text, label) in enumerate(reviews(40).iter_rows()):
        folder = place / "reviews" / label
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{i}.txt").write_text(text, encoding="utf-8")
    assert (
        cli("train", "reviews", "--epochs", "1", "--deterministic", "-q", "--set", "baselines=[]", "--out", "run") == 0
    )
    assert leadline.Run("run").schema.classes == ("bad", "good")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--set", "data.inputs.text={tokenizer: letters}"), "letters"),
        (("--set", "data.inputs.text={vectors: none.txt}"), "No file none.txt with word vectors"),
        (("--set", "data.inputs.text={augment: [word_drop]}"), "Did you mean 'word_dropout'"),
        (("--set", "data.inputs.text={max_length: -1}"), "'max_length'"),
    ],
)
def test_what_makes_no_sense_is_said(
    cli: Cli, place: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    reviews().write_csv(place / "reviews.csv")
    assert cli("train", "reviews.csv", *options, "-q") == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (place / "runs").exists()


def test_a_column_without_any_text(cli: Cli, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "reviews.csv").write_text("text,label\n" + " ,good\n ,bad\n" * 10)
    assert cli("train", "reviews.csv", "--set", "data.types.text=text", "-q") == 2
    assert "'text'" in capsys.readouterr().err


def test_plain_text_has_nothing_to_predict(cli: Cli, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "songs.txt").write_text("a line\nanother line\n")
    assert cli("train", "songs.txt", "-q") == 2
    assert "--target" in capsys.readouterr().err
