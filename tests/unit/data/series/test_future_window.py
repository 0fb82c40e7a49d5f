"""The window beyond the last row of each item."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare
from leadline.errors import DataError
from sentences import says

N = 60
WHEN = [date(2024, 1, 1) + timedelta(days=k) for k in range(N)]
FRAME = pl.DataFrame({"when": WHEN, "y": np.sin(np.arange(N)), "promo": np.arange(N) % 3 * 1.0})
KNOWN = {"known_covariates": ["promo"]}


def ahead(frame: pl.DataFrame, trained_on: pl.DataFrame = FRAME, **series: Any) -> Dataset:
    spec = DataSpec.model_validate({"target": "y", "series": {"horizon": 4, "context_length": 7, **series}})
    trained = prepare(spec, trained_on)
    return prepare(spec, frame, schema=trained.schema, labelled=False)


def test_steps_follow_the_last_row() -> None:
    dataset = ahead(FRAME)
    (part,) = dataset.splits.values()
    assert part.rows.tolist() == [60] and part.target is None and part.index is not None
    assert part.index["when"][60:].to_list() == [WHEN[-1] + timedelta(days=k) for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(
        part.batch(torch.tensor([0])).inputs["series"][0, :, 0], np.sin(np.arange(53, 60)), rtol=1e-5
    )


def test_each_item_goes_on_from_its_own_end() -> None:
    frame = pl.concat([FRAME.with_columns(shop=pl.lit("b")), FRAME[:40].with_columns(shop=pl.lit("a"))])
    dataset = ahead(frame, frame, series_id="shop")
    (part,) = dataset.splits.values()
    assert part.index is not None
    ahead_4 = [part.index[int(row) + k] for row in part.rows for k in range(4)]
    assert [line["shop"][0] for line in ahead_4] == ["a"] * 4 + ["b"] * 4
    assert [line["when"][0] for line in ahead_4[3:5]] == [WHEN[43], WHEN[-1] + timedelta(days=1)]
    x = part.batch(torch.arange(2)).inputs["series"]
    np.testing.assert_allclose(x[0, :, 0], np.sin(np.arange(33, 40)), rtol=1e-5)


def test_ends_of_months_stay_so() -> None:
    ends = [date(2020 + (k + 1) // 12, (k + 1) % 12 + 1, 1) - timedelta(days=1) for k in range(38)]
    frame = pl.DataFrame({"when": ends, "y": np.sin(np.arange(38))})
    (part,) = ahead(frame, frame).splits.values()
    assert part.index is not None
    assert part.index["when"][38:].to_list() == [date(2023, m, d) for m, d in ((3, 31), (4, 30), (5, 31), (6, 30))]


def test_what_is_known_ahead_comes_from_the_rows_beyond() -> None:
    later = [WHEN[-1] + timedelta(days=k) for k in (1, 2, 3, 4, 5)]
    frame = pl.concat(
        [FRAME, pl.DataFrame({"when": later, "y": [None] * 5, "promo": [7.0, 8, 9, 10, 11]}, schema=FRAME.schema)]
    )
    (part,) = ahead(frame, **KNOWN).splits.values()
    x = part.batch(torch.tensor([0])).inputs["series"][0]
    assert part.rows.tolist() == [60] and x[7:, 1].tolist() == [7, 8, 9, 10] and torch.isnan(x[7:, 0]).all()
    with pytest.raises(
        DataError, match=says("series.known-covariate-missing", column="promo", time="2024-03-03 00:00:00")
    ):
        ahead(frame[:62], **KNOWN)
    with pytest.raises(DataError, match=says("series.known-covariate-missing", horizon=4)):
        ahead(FRAME, **KNOWN)


def test_what_is_known_ahead_is_not_asked_for_where_the_network_does_not_read_it() -> None:
    spec = DataSpec.model_validate({"target": "y", "series": {"horizon": 4, "context_length": 7, **KNOWN}})
    schema = prepare(spec, FRAME).schema
    for frame in (FRAME, FRAME.drop("promo").with_columns(promo=pl.lit(None, dtype=pl.Float64))):
        (part,) = prepare(spec, frame, schema=schema, labelled=False, covariates=False).splits.values()
        assert part.rows.tolist() == [60]


def test_the_calendar_goes_on() -> None:
    (part,) = ahead(FRAME, calendar=True).splits.values()
    x = part.batch(torch.tensor([0])).inputs["series"][0]
    assert x.shape == (11, 4) and not torch.isnan(x[:, 2:]).any() and (x[1:, 2] - x[:-1, 2] == 1).all()


def test_too_few_rows() -> None:
    with pytest.raises(
        DataError,
        match=says("series.nothing-to-continue", step="1d"),
    ):
        ahead(FRAME[:5])
    with pytest.raises(DataError, match=says("series.nothing-to-continue")):
        ahead(FRAME.filter(pl.int_range(pl.len()) != 56))
    frame = pl.concat([FRAME.with_columns(shop=pl.lit("b")), FRAME[:40].with_columns(shop=pl.lit("a"))])
    dataset = ahead(pl.concat([frame, FRAME[:3].with_columns(shop=pl.lit("c"))]), frame, series_id="shop")
    assert len(dataset.splits["all"]) == 2 and dataset.invalid_rows["reason"].to_list()[0].startswith(
        "'c' ends with 3 steps"
    )
    assert say("series.not-continued", reason=dataset.invalid_rows["reason"][0]) in dataset.notes
