"""A series as an input: the network that reads it unless the user names one."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from leadline.core.experiment import DataSpec
from leadline.data.columns.contract import input_type
from leadline.data.dataset import prepare

FRAME = pl.DataFrame(
    {
        "day": pl.date_range(date(2024, 1, 1), date(2024, 3, 30), eager=True),
        "v": np.sin(np.arange(90)),
        "promo": np.arange(90) % 3,
    }
)


@pytest.mark.parametrize(
    ("series", "network"),
    [({}, "nlinear"), ({"known_covariates": ["promo"]}, "tcn"), ({"calendar": True}, "tcn")],
    ids=["the past alone", "a column known ahead", "the calendar"],
)
def test_the_network_reads_what_is_known_ahead(series: dict[str, Any], network: str) -> None:
    spec = DataSpec.model_validate({"target": "v", "series": {"horizon": 2, "context_length": 5, **series}})
    (one,) = prepare(spec, FRAME).schema.inputs
    assert input_type(one.kind).network(one, True).name == network
    assert input_type(one.kind).network(one, False).name == "tcn"
