"""Every analysis of a run whose rows lack some of their texts, pictures or clips.

What is missing is shown as missing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
from PIL import Image

import leadline

ROWS = 48
QUICK = {"baselines": [], "single_input_ablation": False, "data.split.near_duplicates": "ignore"}


def table(folder: Path, *inputs: str, every: int = 3, first: int = 0) -> pl.DataFrame:
    """Return a table of a number and other inputs, each of which every so many rows lack."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=ROWS)
    columns: dict[str, object] = {"x": x, "y": np.where(x > 0, "up", "down")}
    for offset, kind in enumerate(inputs):
        lacking = {row for row in range(ROWS) if row % every == (first + offset) % every}
        columns[kind] = [None if row in lacking else value(folder, kind, row, rng) for row in range(ROWS)]
    return pl.DataFrame(columns)


def value(folder: Path, kind: str, row: int, rng: np.random.Generator) -> str:
    """Return the cell of a row: a text, or the path of a picture or clip that is made."""
    if kind == "text":
        return " ".join(rng.choice(["good", "bad", "plain", "film", "seen"], 5))
    if kind == "image":
        file = folder / f"{row}.png"
        Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).save(file)
    else:
        file = folder / f"{row}.wav"
        soundfile.write(file, rng.normal(0, 0.1, 2_000).clip(-1, 1), 8_000)
    return str(file)


def trained(folder: Path, *inputs: str, first: int = 0, **more: object) -> tuple[leadline.Run, dict[str, Any]]:
    """Return a run of an epoch on such a table, and its exhibits by name."""
    own = {f"data.types.{name}": name for name in inputs}
    given: dict[str, Any] = {"epochs": 1, "deterministic": True, "quiet": True, "target": "y", **more}
    settings = {**QUICK, **own, **given.pop("settings", {})}
    run = leadline.train(table(folder, *inputs, first=first), out=folder / "run", settings=settings, **given)
    return run, {one.name: json.loads((run.folder / one.file).read_text()) for one in run.report.exhibits}


@pytest.mark.parametrize("inputs", [("text",), ("image",), ("audio",), ("text", "image")], ids="+".join)
@pytest.mark.parametrize("first", [0, 1], ids=["the first row lacks it", "the first row has it"])
def test_a_run_is_measured_to_its_end(tmp_path: Path, inputs: tuple[str, ...], first: int) -> None:
    run, shown = trained(tmp_path, *inputs, first=first)
    assert run.report["accuracy"].n is not None
    if inputs == ("text",):  # rows that are read stand in a table, with nothing where there is nothing
        columns, cells = shown["examples"]["columns"], shown["examples"]["rows"]
        assert columns[0] == "y" and {*columns} == {"y", "x", "text"}
        assert {row[0] for row in cells} == {"up", "down"}
        assert {row[columns.index("text")] is None for row in cells} == {True, False}
    else:
        assert 0 < len(shown["examples"]["pictures"]) < ROWS


@pytest.mark.parametrize(
    ("inputs", "more"),
    [
        (("text",), {"objective": "clustering"}),
        (("text", "image"), {"objective": "vae"}),
        (("text",), {"objective": "masked"}),
        (("image",), {"settings": {"data.inputs.image.augment": ["flip"], "training.mix": "mixup"}}),
        (("text",), {"settings": {"data.inputs.text.augment": [{"name": "word_dropout", "amount": 0.2}]}}),
    ],
    ids=["clusters", "codes of two inputs", "masked entries", "mixed pictures", "changed texts"],
)
def test_other_objectives_and_changed_examples(tmp_path: Path, inputs: tuple[str, ...], more: dict[str, Any]) -> None:
    run, shown = trained(tmp_path, *inputs, **more)
    assert (run.folder / "report.html").stat().st_size > 0
    assert "examples" in shown


def test_rows_that_all_lack_a_picture_are_no_near_duplicates(tmp_path: Path) -> None:
    run, _ = trained(tmp_path, "image", settings={"data.split.near_duplicates": "together"})
    found = [one for one in run.report.findings if one.name == "near_duplicates"]
    assert all(one.value == 0 for one in found)
