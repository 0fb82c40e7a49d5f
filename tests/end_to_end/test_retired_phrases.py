"""What commands print and pages show, read as a user reads it: no retired phrase in any of them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from retired_phrases import retired_in

Cli = Callable[..., int]
SMALL = ("--deterministic", "--epochs", "2", "--set", "network.size=small")
# by the name of its run: what is trained for a page
RUNS = {
    "classes": ("digits", *SMALL, "--require", "accuracy >= 0.99", "--require", "size_mb <= 0.001"),
    "number": ("diabetes", *SMALL),
    "table": ("table.csv", "--target", "town", *SMALL),
    "tasks": ("table.csv", "--target", "town,y", *SMALL),
    "texts": ("texts.csv", "--target", "label", "--deterministic", "--epochs", "2"),
    "language": ("corpus.txt", "--objective", "language", "--deterministic", "--epochs", "2"),
    "series": ("series.csv", "--horizon", "4", "--deterministic", "--epochs", "2"),
    "vae": ("table.csv", "--objective", "vae", "--target", "none", *SMALL),
    "gan": ("digits", "--objective", "gan", "--target", "none", "--epochs", "1", "--deterministic"),
    "contrastive": ("digits", "--objective", "contrastive", "--target", "none", *SMALL),
    "clusters": ("table.csv", "--objective", "clustering", "--target", "none", *SMALL),
}
COMMANDS = (
    ("report", "classes"),
    ("report", "series"),
    ("runs", "."),
    ("compare", "classes", "again"),
    ("evaluate", "classes"),
    ("evaluate", "number"),
    ("predict", "classes", "digits", "-o", "predicted.csv"),
    ("embed", "vae", "table.csv", "-o", "codes.npy"),
    ("sample", "vae", "-n", "8", "-o", "samples.csv"),
    ("cache",),
    ("models",),
    ("models", "cnn"),
    ("objectives",),
    ("objectives", "vae"),
    ("optimizers",),
    ("schedules",),
    ("augmentations",),
    ("analyses",),
    ("datasets",),
    ("train", "--help"),
    ("evaluate", "--help"),
    ("train", "table.csv", "--target", "nowhere"),
    ("train", "digits", "--network", "cn"),
    ("evaluate", "nowhere"),
)


@pytest.fixture
def data(place: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    y = 2 * x + rng.normal(0, 0.5, 400)
    town = np.where(x + rng.normal(0, 0.5, 400) > 0, "Łódź", "上海")
    pl.DataFrame({"x": x, "z": rng.normal(size=400), "y": y, "town": town}).write_csv("table.csv")
    words = np.array(["good", "bad", "plot", "film", "acting", "story", "slow", "fine", "dull", "great"])
    texts = [" ".join(words[rng.integers(0, 10, 12)]) for _ in range(300)]
    label = ["good" if text.count("good") + text.count("great") > 2 else "bad" for text in texts]
    pl.DataFrame({"text": texts, "label": label}).write_csv("texts.csv")
    (place / "corpus.txt").write_text("\n".join(texts), encoding="utf-8")
    time = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 17), "1h", closed="left", eager=True)
    wave = np.sin(np.arange(len(time)) / 4) + rng.normal(0, 0.1, len(time))
    pl.DataFrame({"time": time, "load": wave}).write_csv("series.csv")


def shown(page: Path) -> str:
    """Return the text of a page or card, without its styles and its pictures."""
    text = re.sub(r"<style>.*?</style>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = " ".join(re.findall(r'(?:title|alt|aria-label)="([^"]*)"', text))
    return html.unescape(f"{re.sub(r'<[^>]*>', ' ', text)} {titles}")


@pytest.mark.slow
@pytest.mark.usefixtures("data")
def test_no_retired_phrase_is_printed_or_shown(cli: Cli, capfd: pytest.CaptureFixture[str]) -> None:
    read: dict[str, str] = {}
    for name, arguments in RUNS.items():
        assert cli("train", *arguments, "--out", name) in (0, 1, 3), capfd.readouterr().err
        read[f"train {' '.join(arguments)}"] = "\n".join(capfd.readouterr())
        read |= {f"{name}/{file}": shown(Path(name) / file) for file in ("report.html", "MODEL_CARD.md")}
    assert cli("train", *RUNS["classes"], "--seed", "1", "--out", "again") in (0, 1, 3)
    capfd.readouterr()
    for arguments in COMMANDS:
        cli(*arguments)
        out, err = capfd.readouterr()
        assert "Traceback" not in err, arguments
        read[f"leadline {' '.join(arguments)}"] = f"{out}\n{err}"
    assert len(RUNS) >= 10 and len(COMMANDS) >= 20
    assert sum(bool(text.strip()) for text in read.values()) > len(RUNS) * 3 + len(COMMANDS) - 3
    found = [f"{where}: {phrase}" for where, text in read.items() for phrase in retired_in(text)]
    assert found == [], "\n".join(found)
