"""A prediction for each row, in the order of the rows."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from leadline.core.catalogue import say
from leadline.errors import UsageError
from leadline.pipeline.output_files import check_name
from leadline.verbs.predict import SUFFIXES, predict, write
from sentences import says


def test_rows_that_cannot_be_used_stay_in_their_places(train, place: Path) -> None:
    rng = np.random.default_rng(0)
    for label, level in (("dark", 40), ("light", 200)):
        (place / "photos" / label).mkdir(parents=True)
        for i in range(15):
            pixels = np.clip(rng.normal(level, 30, (8, 8)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / "photos" / label / f"{i:02}.png")
    run = train("photos", target=None, epochs=1)
    (place / "photos" / "dark" / "03.png").write_bytes(b"no picture")
    table = predict(run, "photos", quiet=True)
    assert table.height == 30
    names = [Path(file).as_posix().split("photos/")[-1] for file in table["file"]]
    assert names == sorted(names)
    (bad,) = table.filter(pl.col("predicted_label").is_null()).to_dicts()
    assert "03.png" in bad["file"]
    assert bad["reason"]


def test_classes_are_named_and_their_probabilities_sum_to_one(train) -> None:
    run = train()
    table = predict(run, pl.read_csv("blobs.csv").drop("kind"), quiet=True)
    assert set(table["predicted_kind"]) <= {"ja", "nein"}
    assert table.select(pl.sum_horizontal("p(ja)", "p(nein)")).to_series().to_numpy() == pytest.approx(
        np.ones(80), abs=1e-5
    )
    likelier = np.where(table["p(ja)"] > table["p(nein)"], "ja", "nein")
    assert table["predicted_kind"].to_list() == likelier.tolist()


def test_tables_go_where_their_name_says(place: Path) -> None:
    table, stream = pl.DataFrame({"a": [1]}), io.StringIO()
    write(table, None, stream)
    assert stream.getvalue() == "a\n1\n"
    for name, read in (("t.csv", pl.read_csv), ("t.parquet", pl.read_parquet)):
        write(table, Path(name), stream)
        assert read(name).equals(table)


@pytest.mark.parametrize("name", ["t.xlsx", "nowhere/t.csv"])
def test_a_name_that_cannot_be_written_is_refused_before_the_work(name: str) -> None:
    with pytest.raises(UsageError, match="Cannot write"):
        check_name(Path(name), SUFFIXES)


def test_what_training_did_not_see_is_said_on_the_terminal(train, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pl.read_csv("blobs.csv")
    run = train(frame.with_columns(town=pl.Series(["Ulm", "Bonn"] * 40)), settings={"data.types.town": "category"})
    new = frame.drop("kind").with_columns(town=pl.Series(["Ulm", "Bonn"] * 38 + ["Kiel"] * 4))
    table = predict(run, new.with_columns(length=pl.Series([1e9, *frame["length"][1:]])))
    told = capsys.readouterr().err
    of = say("checks.rows-of", rows=80, subset="")
    assert say("checks.unseen-values", column="town", count=4, of=of, value="'Kiel'", place="row 77") in told
    assert "length: 1 of 80 rows" in told
    assert table.columns == ["row", "predicted_kind", "p(ja)", "p(nein)"]
    predict(run, new, quiet=True)
    assert capsys.readouterr().err == ""


def test_rows_of_a_file_have_their_file_and_those_in_memory_have_none(train) -> None:
    run = train()
    assert predict(run, "blobs.csv", quiet=True).columns[:2] == ["file", "row"]
    assert predict(run, pl.read_csv("blobs.csv"), quiet=True).columns[0] == "row"


def test_rows_that_cannot_be_used_are_counted(train, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = train()
    lines = Path("blobs.csv").read_text(encoding="utf-8").splitlines()
    name, *others = lines[5].split(",")
    Path("new.csv").write_text("\n".join([*lines[:5], ",".join(["inf", *others]), *lines[6:]]), encoding="utf-8")
    table = predict(run, "new.csv")
    assert table["predicted_kind"].null_count() == 1 and name != "inf"
    assert says_once(capsys.readouterr().err, says("checks.rows-unusable", count=1, rows=80))


def says_once(told: str, sentence: str) -> bool:
    """Say whether one line is the sentence."""
    return sum(re.fullmatch(sentence, line.strip()) is not None for line in told.splitlines()) == 1
