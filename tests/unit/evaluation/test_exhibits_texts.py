"""Texts in a report stand as they are written, with unknown words underlined, and targets beside example rows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import leadline
from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare
from leadline.evaluation.exhibits import rows_shown
from leadline.rendering.exhibits import table

WORDS = ("Good", "bad", "Plain", "film", "seen")
UNKNOWN = ["A", "Grüße", "-", ","]


def frame(rows: int = 40) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    texts = [f"{' '.join(rng.choice(WORDS, 5))}!" for _ in range(rows)]
    texts[1] = "A  Grüße-Film, GOOD"
    return pl.DataFrame({"t": texts, "x": np.arange(float(rows)), "y": np.array(["no", "yes"])[np.arange(rows) % 2]})


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))
    split = ["test" if row == 1 else "train" for row in range(40)]
    spec = {"target": "y", "types": {"t": "text"}, "split": "column:part"}
    return prepare(DataSpec.model_validate(spec), frame().with_columns(part=pl.Series(split)))


def test_a_text_stands_as_it_is_written_with_its_unknown_words_marked(dataset: Dataset) -> None:
    shown = rows_shown(dataset.schema, dataset.splits["test"], [0])
    at = shown.columns.index("t")
    text = shown.cells[0][at]
    assert text == "A  Grüße-Film, GOOD"
    assert [text[begin:end] for begin, end in shown.marks[0][at]] == UNKNOWN
    body = table(shown.content(["what"], [["one"]]))
    pieces = body.marked[0, at + 1]
    assert "".join(piece.text for piece in pieces) == body.rows[0][1][at + 1]
    assert [piece.text for piece in pieces if piece.look == "unknown"] == UNKNOWN


def test_what_the_network_does_not_read_is_left_out(dataset: Dataset) -> None:
    inputs = []
    for one in dataset.schema.inputs:
        state = {**one.fields[0].state, **({"length": 2} if one.kind == "text" else {})}
        fields = (one.fields[0].model_copy(update={"state": state}), *one.fields[1:])
        inputs.append(one.model_copy(update={"fields": fields}))
    schema = dataset.schema.model_copy(update={"inputs": tuple(inputs)})
    shown = rows_shown(schema, dataset.splits["test"], [0])
    assert shown.cells[0][shown.columns.index("t")] == "A  Grüße …"


def test_the_page_of_a_run_underlines_them_and_shows_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))
    settings = {"baselines": [], "data.inputs.t.max_length": 9, "data.types.t": "text", "single_input_ablation": False}
    texts = frame().with_columns(t=pl.col("t") + pl.Series([f" Seldom{row}" for row in range(40)]))
    run = leadline.train(
        texts, target="y", epochs=1, deterministic=True, quiet=True, out=tmp_path / "run", settings=settings
    )
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    shown = {one.name: json.loads((run.folder / one.file).read_text(encoding="utf-8")) for one in run.report.exhibits}
    columns, rows = shown["examples"]["columns"], shown["examples"]["rows"]
    assert columns[0] == "y" and {row[0] for row in rows} == {"no", "yes"}
    assert all(row[columns.index("t")] in texts["t"].to_list() for row in rows)
    assert "<u>Seldom" in page
    for one in shown["highlights"]["texts"]:
        assert "".join(one["pieces"]) in texts["t"].to_list()
        assert one["unknown"] and all(one["weights"][at] == 0 for at in one["unknown"])
