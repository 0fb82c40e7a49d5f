"""Near-identical pictures of different splits are shown side by side, and counted."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare
from leadline.evaluation.analyses.data import row_findings
from leadline.evaluation.analyses.near_duplicates import near_duplicate_findings, near_duplicates
from leadline.evaluation.exhibits import about_data
from sentences import says


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))
    x = np.random.default_rng(0).integers(0, 256, (60, 6, 6, 3), dtype=np.uint8)
    for i, one in enumerate(x):
        place = tmp_path / "p" / ("test" if i >= 50 else "train") / "ab"[i % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(one).resize((40, 40)).save(place / f"{i}.png")
    Image.open(tmp_path / "p/train/b/7.png").save(tmp_path / "p/test/b/again.jpg", quality=90)
    return prepare(DataSpec.model_validate({"source": str(tmp_path / "p"), "split": {"validation": 0}}))


def test_a_pair_is_shown_side_by_side_with_its_places(dataset: Dataset) -> None:
    (draft,) = near_duplicates(dataset)
    assert draft.content["captions"] == ["train: train/b/7.png", "test: test/b/again.jpg"]
    assert len(draft.content["headings"]) == draft.content["columns"] == 2
    first, second = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(p)))).astype(int) for p in draft.content["pictures"]
    )
    assert first.shape == second.shape == (40, 40, 3)
    assert 0 < np.abs(first - second).mean() < 10


def test_they_are_counted_beside_equal_rows(dataset: Dataset) -> None:
    counts = {
        f.name: f.value
        for f in (*row_findings(dataset), *near_duplicate_findings(dataset))
        if f.group == "splits=train, test"
    }
    assert counts == {"duplicates": 0, "near_duplicates": 1}


def test_what_was_said_before_training_is_in_the_report(dataset: Dataset) -> None:
    notes = next(draft for draft in about_data(dataset) if draft.name == "notes")
    said = says("checks.near-duplicates", count=1, second="test", first="training", place="test/b/again.jpg")
    assert any(re.fullmatch(said, row[0]) for row in notes.content["rows"])


def test_without_pictures_there_is_nothing_to_show() -> None:
    iris = prepare(DataSpec(source="iris"))
    assert list(near_duplicates(iris)) == []
    assert list(near_duplicate_findings(iris)) == []
