"""New rows from a run's network: what is drawn, what is refused, where it is written."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import polars as pl
import pytest

import leadline
from leadline.errors import UsageError
from leadline.run.run import Run
from leadline.verbs.sample import TOGETHER, sample, write


@pytest.fixture
def run(train, place: Path) -> Run:
    (place / "lines.txt").write_text("".join(f"the {who} sees the {what}\n" for who in ("cat", "dog") for what in "abcdefghij"))
    return train("lines.txt", target=None, objective="language", epochs=1)


def test_rows_are_drawn_by_the_seed_alone(run: Run) -> None:
    drawn = sample(run, TOGETHER + 6, quiet=True, length=4)
    assert drawn.columns == ["text"]
    assert drawn.height == TOGETHER + 6
    assert leadline.sample(run.folder, 3, quiet=True, options={"length": 4}).equals(drawn.head(3))
    assert not sample(run, 3, seed=1, quiet=True, length=4).equals(drawn.head(3))
    assert all(text.startswith("the cat") for text in sample(run, 4, quiet=True, prompt="The cat", length=4)["text"])


def test_what_makes_no_sense_is_refused(run: Run, train) -> None:
    with pytest.raises(UsageError, match="temperatur"):
        sample(run, temperatur=1.0, quiet=True)
    with pytest.raises(UsageError, match="'temperature'"):
        sample(run, temperature=-1.0, quiet=True)
    with pytest.raises(UsageError, match="not 0"):
        sample(run, 0, quiet=True)
    with pytest.raises(UsageError, match="draws no new rows"):
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
    with pytest.raises(UsageError, match="no folder"):
        write(table, place / "nowhere" / "out.txt", stream)
