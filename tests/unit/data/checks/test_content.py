"""A dataset is known again by what its columns hold: in another order, with a column more, in another format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from leadline.core.experiment import DataSpec
from leadline.data.checks.content import MOST
from leadline.data.dataset import prepare

RNG = np.random.default_rng(0)
ROWS = 120


def people() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "age": RNG.normal(40, 10, ROWS).round(2),
            "town": RNG.choice(["Bath", "York"], ROWS),
            "note": RNG.choice(["a long walk home", "a short one"], ROWS),
            "y": RNG.choice(["a", "b"], ROWS),
        }
    )


def contents(source: object) -> set[str]:
    types = {"note": "text"}
    spec = {"target": "y", **({"types": types} if "note" in getattr(source, "columns", ("note",)) else {})}
    found = prepare(DataSpec.model_validate(spec), source).contents()
    assert len(set(found)) == len(found)
    return set(found)


def test_the_order_of_rows_says_nothing() -> None:
    frame = people()
    assert contents(frame) == contents(frame.sample(fraction=1, shuffle=True, seed=1))
    assert len(contents(frame)) == 3


def test_a_column_more_leaves_the_others() -> None:
    frame = people()
    more = frame.with_columns(pl.Series("height", RNG.normal(size=ROWS)))
    assert contents(frame) < contents(more)


def test_the_format_says_nothing(tmp_path: Path) -> None:
    frame = people()
    frame.write_csv(tmp_path / "p.csv")
    frame.write_parquet(tmp_path / "p.parquet")
    spec = DataSpec.model_validate({"target": "y", "types": {"note": "text"}})
    found = [prepare(spec, str(tmp_path / name)).contents() for name in ("p.csv", "p.parquet")]
    assert found[0] == found[1]


@pytest.mark.parametrize("column", ["age", "town"])
def test_one_other_value_makes_other_contents(column: str) -> None:
    frame = people()
    values = frame[column].to_list()
    values[7] = values[7] + 1 if column == "age" else {"Bath": "York", "York": "Bath"}[values[7]]
    assert len(contents(frame) & contents(frame.with_columns(pl.Series(column, values)))) == 2


def test_of_very_many_columns_some_are_enough() -> None:
    wide = pl.DataFrame({f"x{k}": RNG.normal(size=ROWS) for k in range(MOST + 30)})
    frame = wide.with_columns(pl.Series("y", RNG.choice(["a", "b"], ROWS)))
    assert len(contents(frame)) == MOST
    more = frame.with_columns(pl.Series("extra", RNG.normal(size=ROWS)))
    assert len(contents(frame) & contents(more)) >= MOST - 1
