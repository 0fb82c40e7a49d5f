"""Situations that people report of such tools: what a column means is never silently another thing.

Each is a file as someone would have it, read as training reads it, or new rows for it. Whatever cannot be read as it is
meant is said, with the column and a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from leadline.core.experiment import DataSpec
from leadline.core.report import Report
from leadline.data.columns.contract import input_type
from leadline.data.dataset import Dataset, prepare
from sentences import says

ROWS = 200
MEASURED = [f"{value:.1f}" for value in np.random.default_rng(1).normal(50, 10, ROWS)]
LABEL = np.random.default_rng(2).choice(["a", "b"], ROWS)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))


def trained(folder: Path, column: Sequence[str]) -> Dataset:
    lines = ["x;z;y", *(f"{column[i % len(column)]};{i}.5;{LABEL[i]}" for i in range(ROWS))]
    (folder / "train.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return prepare(DataSpec(source=str(folder / "train.csv"), target="y"))


def kind(dataset: Dataset) -> str | None:
    return next((field.kind for field in dataset.schema.inputs[0].fields if field.name == "x"), None)


def meant(dataset: Dataset) -> list[Any]:
    (part,), (one,) = dataset.splits.values(), dataset.schema.inputs
    rows = part.batch(slice(0, len(part))).inputs[one.name].numpy()
    return [input_type(one.kind).decode(one, row[None])["x"] for row in rows]


def each(form: Callable[[int, str], str]) -> list[str]:
    return [form(i, value) for i, value in enumerate(MEASURED)]


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        pytest.param(each(lambda i, v: f"{v}%"), "numbers-with-units", id="shares with a percent sign"),
        pytest.param(each(lambda i, v: f"{v} kg"), "numbers-with-units", id="measures with their unit"),
        pytest.param(each(lambda i, v: f"${v}"), "numbers-with-units", id="prices with a dollar sign"),
        pytest.param(each(lambda i, v: f"1.2{i % 90 + 10},50 €"), "numbers-with-units", id="prices in euros"),
        pytest.param(each(lambda i, v: f"({v})" if i % 3 else v), "numbers-with-units", id="losses in brackets"),
        pytest.param(each(lambda i, v: f"−{v}" if i % 3 else v), "numbers-with-units", id="a minus of typesetters"),
        pytest.param(each(lambda i, v: f"{i % 9 + 1}'{i % 90 + 100}.5"), "numbers-with-units", id="Swiss thousands"),
        pytest.param(each(lambda i, v: "-" if i % 4 == 0 else v), "numbers-with-words", id="dashes for missing"),
        pytest.param(
            each(lambda i, v: f"{1 + i % 28:02}.{1 + i % 12:02}.{20 + i % 4}"),
            "dates-in-other-form",
            id="years of two digits",
        ),
        pytest.param(
            each(lambda i, v: f"{1 + i % 28} {['Jan', 'March', 'sep'][i % 3]} 2024"),
            "dates-in-other-form",
            id="names of months",
        ),
        pytest.param(each(lambda i, v: f"{i % 24:02}:{i % 60:02}"), "dates-in-other-form", id="times of day"),
        pytest.param(
            each(lambda i, v: f"{2020 + i % 4}{1 + i % 12:02}{1 + i % 28:02}"), "dates-as-numbers", id="20240131"
        ),
    ],
)
def test_what_looks_like_numbers_or_dates_and_is_not_read_so_is_said(
    tmp_path: Path, column: Sequence[str], sentence: str
) -> None:
    notes = "\n".join(trained(tmp_path, column).notes)
    found = re.search(says(f"columns.{sentence}", column="x"), notes)
    assert found, notes


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(each(lambda i, v: f"A{i % 40}"), id="codes with a letter"),
        pytest.param(each(lambda i, v: f"{i % 40}{'ABCD'[i % 4]}"), id="seats"),
        pytest.param(each(lambda i, v: f"{i % 40} {('kg', 'lb')[i % 2]}"), id="two units"),
        pytest.param(each(lambda i, v: f"1.{i % 40}.2"), id="versions"),
        pytest.param(each(lambda i, v: f"{i % 40}-{i % 40 + 5}"), id="ranges"),
        pytest.param(each(lambda i, v: str(10_000_000 + 37 * i)), id="eight-digit numbers"),
        pytest.param(each(lambda i, v: str(1990 + i % 30)), id="years"),
        pytest.param(each(lambda i, v: v), id="plain numbers"),
    ],
)
def test_of_codes_and_plain_numbers_nothing_is_said(tmp_path: Path, column: Sequence[str]) -> None:
    notes = "\n".join(trained(tmp_path, column).notes)
    for sentence in ("numbers-with-units", "numbers-with-words", "dates-in-other-form", "dates-as-numbers"):
        assert not re.search(says(f"columns.{sentence}"), notes), notes


@pytest.mark.parametrize(
    ("column", "new", "read", "unread"),
    [
        pytest.param(["1 234,5", "2 345,0", "12,5"], ["1 234,5", "12,5"], [1234.5, 12.5], 0, id="thin blanks"),
        pytest.param(["1e-5", "2e-5", "3.5e-4"], ["0.00001", "2E-5"], [1e-5, 2e-5], 0, id="powers of ten"),
        pytest.param([".5", ".25", "1.5"], ["0.5", ".5"], [0.5, 0.5], 0, id="no zero before the point"),
        pytest.param(["Y", "N"], ["y", "N"], ["Y", "N"], 0, id="other capitals of yes and no"),
        pytest.param(["Ulm", "Bonn"], [" Ulm", "ULM"], ["Ulm", None], 1, id="blanks and capitals of a category"),
        pytest.param(["1", "0"], ["0", "true"], ["0"], 1, id="a word where 0 and 1 were"),
        pytest.param(["3", "4", "40"], ["3.0", "n/a"], [3.0, None], 1, id="a gap that training had not"),
        pytest.param(["01234", "12345"], ["01234", "1234"], ["01234", None], 1, id="a postcode without its zero"),
    ],
)
def test_new_rows_mean_the_same_or_it_is_said(
    tmp_path: Path, column: Sequence[str], new: Sequence[str], read: Sequence[Any], unread: int
) -> None:
    schema = trained(tmp_path, column).schema
    (tmp_path / "new.csv").write_text("x;z\n" + "".join(f"{value};1.5\n" for value in new), encoding="utf-8")
    found = prepare(DataSpec(source=str(tmp_path / "new.csv")), schema=schema, labelled=False)
    assert meant(found) == pytest.approx(read)
    assert bool(found.about_rows()) == bool(unread), found.about_rows()


def test_one_column_that_says_it_all_is_in_the_report_with_the_network(cli, place: Path) -> None:
    rng = np.random.default_rng(0)
    label = rng.choice(["open", "paid"], 600)
    status = np.where(rng.random(600) < 0.03, "odd", np.where(label == "paid", "P", "O"))
    pl.DataFrame({"amount": rng.normal(size=600), "status": status, "label": label}).write_csv("bills.csv")
    assert cli("train", "bills.csv", "--target", "label", "--set", "baselines=linear", "-q", "--out", "run") == 0
    report = Report.read(place / "run" / "report.json")
    reached = report.get("accuracy", split="test", group="baseline=single-column")
    gain = report.get("accuracy_difference", split="test", group="baseline=single-column")
    assert reached is not None and reached.value is not None and reached.value > 0.9 and reached.interval
    assert gain is not None and gain.interval and gain.again and gain.again.options["column"] == "status"
    page = re.sub(r"<[^>]+>|&#39;", "", (place / "run" / "report.html").read_text(encoding="utf-8"))
    assert "status alone comes close to the network" in page
    table = json.loads((place / "run" / "exhibits" / "baselines.test.json").read_text(encoding="utf-8"))
    assert any("status" in str(row[0]) for row in table["rows"])
