"""New rows from a run's network: what is drawn, what is refused, where it is written."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

import leadline
from leadline.errors import UsageError
from leadline.run.run import Run
from leadline.verbs.sample import TOGETHER, sample, write
from sentences import says


@pytest.fixture
def run(train, place: Path) -> Run:
    (place / "lines.txt").write_text(
        "".join(f"the {who} sees the {what}\n" for who in ("cat", "dog") for what in "abcdefghij")
    )
    return train("lines.txt", target=None, objective="language", epochs=1)


def test_rows_are_drawn_by_the_seed_alone(run: Run) -> None:
    drawn = sample(run, TOGETHER + 6, quiet=True, length=4)
    assert drawn.columns == ["text"]
    assert drawn.height == TOGETHER + 6
    assert leadline.sample(run.folder, 3, quiet=True, options={"length": 4}).equals(drawn.head(3))
    assert not sample(run, 3, seed=1, quiet=True, length=4).equals(drawn.head(3))
    assert all(text.startswith("the cat") for text in sample(run, 4, quiet=True, prompt="The cat", length=4)["text"])


def test_what_makes_no_sense_is_refused(run: Run, train) -> None:
    with pytest.raises(UsageError, match=says("evaluation.sample-unknown-option", name="temperatur")):
        sample(run, temperatur=1.0, quiet=True)
    with pytest.raises(UsageError, match=says("evaluation.sample-option", name="temperature")):
        sample(run, temperature=-1.0, quiet=True)
    with pytest.raises(UsageError, match=says("verbs.sample-count", n=0)):
        sample(run, 0, quiet=True)
    with pytest.raises(UsageError, match=says("verbs.cannot-sample")):
        sample(train(), quiet=True)


def test_rows_are_written_by_the_name_of_the_file(place: Path) -> None:
    table = pl.DataFrame({"text": ["a b", "c\nd"]})
    stream = StringIO()
    write(table, None, stream)
    assert stream.getvalue() == "a b\nc d\n"
    for name in ("out.txt", "out.csv", "out.parquet"):
        write(table, place / name, stream)
    assert (place / "out.txt").read_text() == "a b\nc d\n"
    assert pl.read_csv(place / "out.csv").equals(table)
    assert pl.read_parquet(place / "out.parquet").equals(table)
    with pytest.raises(UsageError, match=r"out\.docx"):
        write(table, place / "out.docx", stream)
    with pytest.raises(UsageError, match=says("pipeline.cannot-write-no-folder")):
        write(table, place / "nowhere" / "out.txt", stream)


@pytest.fixture
def pictures(train) -> Run:
    settings = {"objective.conditional": True, "reference_classifier": False, "network.size": "small"}
    return train("digits", target=None, objective="vae", epochs=1, settings=settings)


def test_pictures_are_drawn_and_written_as_a_grid_or_as_pixels(pictures: Run, place: Path) -> None:
    drawn = sample(pictures, 70, quiet=True, label="3")
    assert drawn.schema == {"image": pl.Array(pl.UInt8, (8, 8, 1)), "label": pl.String}
    assert set(drawn["label"]) == {"3"}
    assert sample(pictures, 2, quiet=True, label="3").equals(drawn.head(2))
    assert not sample(pictures, 2, quiet=True, label="4")["image"].equals(drawn["image"].head(2))
    write(drawn, place / "grid.png", StringIO())
    with Image.open(place / "grid.png") as grid:
        assert grid.size == (9 * 10 - 2, 8 * 10 - 2)
        assert np.array_equal(np.asarray(grid)[:8, :8], drawn["image"].to_numpy()[0, ..., 0])
    write(drawn, place / "pictures.npz", StringIO())
    with np.load(place / "pictures.npz") as arrays:
        assert arrays["image"].shape == (70, 8, 8, 1)
    write(drawn, place / "pictures.parquet", StringIO())
    assert pl.read_parquet(place / "pictures.parquet").equals(drawn)
    for name in (None, place / "pictures.csv"):
        with pytest.raises(UsageError, match=says("verbs.images-need-file")):
            write(drawn, name, StringIO())
    with pytest.raises(UsageError, match=says("evaluation.sample-unknown-class", label="eleven")):
        sample(pictures, 2, quiet=True, label="eleven")
    with pytest.raises(UsageError, match=says("verbs.no-images-to-write")):
        write(pl.DataFrame({"x": [1.0]}), place / "grid.png", StringIO())


def test_drawn_rows_can_be_trained_on(train, place: Path) -> None:
    run = train(
        objective="vae",
        target="kind",
        epochs=3,
        settings={"objective.conditional": True, "reference_classifier": False},
    )
    rows = pl.concat([sample(run, 40, quiet=True, label=label) for label in ("ja", "nein")])
    assert rows.columns == ["length", "width", "farm", "kind"]
    assert rows["length"].is_not_null().all()
    stream = StringIO()
    write(rows, None, stream)
    assert pl.read_csv(StringIO(stream.getvalue())).columns == rows.columns
    rows.write_csv(place / "made.csv")
    assert train("made.csv").report.find("accuracy") is not None
