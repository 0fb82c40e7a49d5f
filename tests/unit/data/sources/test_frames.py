import sys

import pandas as pd
import polars as pl
import pytest

from leadline.data.sources import read
from leadline.errors import DataError, MissingExtra
from sentences import says

DATA = {"n": [1.5, None, 3.0], "s": ["a", None, "b"], "split": ["train", "val", "test"]}


@pytest.mark.parametrize("frame", [pl.DataFrame(DATA), pl.LazyFrame(DATA), pd.DataFrame(DATA)])
def test_frames(frame: object) -> None:
    table = read(frame)
    assert table.frame.to_dict(as_series=False) == DATA
    assert table.split == "split"
    assert table.fingerprint == read(pl.DataFrame(DATA)).fingerprint


def test_categories_and_decimals_become_plain() -> None:
    frame = pd.DataFrame({"c": pd.Categorical(["x", "y"]), 7: [1, 2]})
    table = read(frame)
    assert table.frame.columns == ["c", "7"]
    assert table.frame.dtypes == [pl.String, pl.Int64]


def test_frames_that_cannot_be_used() -> None:
    with pytest.raises(DataError, match=says("sources.no-rows")):
        read(pl.DataFrame({"a": []}))
    with pytest.raises(DataError, match=says("sources.python-objects")):
        read(pl.DataFrame({"a": pl.Series([object()], dtype=pl.Object)}))
    with pytest.raises(DataError, match=says("sources.pandas-unreadable")):
        read(pd.DataFrame({"a": ["x", 1, {}]}))
    with pytest.raises(DataError, match=says("sources.columns-of-one-name", columns="'a'")):
        read(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_pandas_without_pyarrow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **options: object) -> None:
        raise ModuleNotFoundError("pyarrow is required")

    monkeypatch.setattr(pl, "from_pandas", fail)
    with pytest.raises(MissingExtra, match=says("sources.pandas-needs-pyarrow")):
        read(pd.DataFrame({"s": ["a"]}))
    assert "pandas" in sys.modules


def test_whole_numbers_of_128_bits_become_floats() -> None:
    frame = pl.DataFrame({"i": pl.Series([10**20, 1], dtype=pl.Int128), "u": pl.Series([1, 2], dtype=pl.UInt128)})
    assert read(frame).frame.rows() == [(1e20, 1.0), (1.0, 2.0)]


def test_what_is_no_frame_or_cannot_be_collected_is_refused() -> None:
    for series in (pl.Series([1, 2]), pd.Series([1, 2])):
        with pytest.raises(DataError, match=says("sources.series-not-frame", type="Series")):
            read(series)
    with pytest.raises(DataError, match=says("sources.lazy-frame-fails")):
        read(pl.LazyFrame(DATA).select("nowhere"))
    with pytest.raises(DataError, match=says("sources.pandas-unreadable")):
        read(pd.DataFrame({"z": [1j, 2j]}))
