"""Invalid rows are told by reason: the first of each, with how many there are, and not without end."""

from __future__ import annotations

import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.checks.invalid_rows import SHOWN, by_reason
from leadline.data.dataset import prepare
from leadline.errors import DataError


def told(*rows: tuple[str, int, str, str]) -> str:
    return by_reason(pl.DataFrame(rows, schema=["file", "row", "column", "reason"], orient="row"))


def test_each_column_and_reason_has_its_first_row_and_its_count() -> None:
    rows = [("a.csv", 10 * i + 3, "age", f"'{i}x' is not a number") for i in range(7)]
    rows += [("a.csv", 12, "age", "infinite"), ("a.csv", 14, "y", "no value"), ("a.csv", 15, "y", "no value")]
    first = [
        say("checks.invalid-row", file="a.csv", row=3, column="age", reason="'0x' is not a number"),
        say("checks.invalid-row", file="a.csv", row=14, column="y", reason="no value"),
        say("checks.invalid-row", file="a.csv", row=12, column="age", reason="infinite"),
    ]
    counted = [say("checks.invalid-rows-alike", first=one, count=n) for one, n in zip(first, (7, 2), strict=False)]
    assert told(*rows) == "; ".join([*counted, first[2]])


def test_files_are_told_once_and_those_alike_are_counted() -> None:
    broken = [(f"cat/{i}.png", 1, "image", f"cat/{i}.png: not a supported image format") for i in range(3)]
    assert told(*broken) == say("checks.invalid-rows-alike", first=broken[0][3], count=3)


def test_not_all_reasons_are_named() -> None:
    rows = [("a.csv", i, f"c{i}", "no value") for i in range(1, SHOWN + 5)]
    said = told(*rows)
    assert said.count("no value") == SHOWN and said.endswith("; 4 more for other reasons")


def test_every_reason_is_in_what_a_strict_reading_refuses() -> None:
    values: list[object] = [float(i) for i in range(50)]
    frame = pl.DataFrame({"x": values, "z": [1.5, 2.5] * 25, "y": ["a", "b"] * 25}).with_columns(
        x=pl.when(pl.int_range(50) % 10 == 0).then(float("inf")).otherwise(pl.col("x")),
        z=pl.when(pl.int_range(50) == 4).then(float("-inf")).otherwise(pl.col("z")),
    )
    with pytest.raises(DataError) as caught:
        prepare(DataSpec.model_validate({"target": "y", "strict": True}), frame)
    text = str(caught.value)
    assert "row 1, x: " in text and "(5 such rows)" in text and "row 5, z: " in text
