"""An ensemble from the command line: trained, reported, loaded, verified and predicted with as one network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

import leadline
from leadline.errors import UsageError
from sentences import says

FEW = ("--epochs", "3", "--deterministic", "--quiet")


@pytest.fixture
def table(place: Path) -> Path:
    rng = np.random.default_rng(0)
    n = 240
    kind = rng.integers(0, 3, n)
    columns = {
        "length": kind + rng.normal(0, 0.4, n),
        "width": rng.normal(size=n),
        "colour": rng.choice(list("abcde"), n),
    }
    pl.DataFrame(
        {**columns, "kind": [f"kind {k}" for k in kind], "mass": 2.0 * kind + rng.normal(0, 0.1, n)}
    ).write_csv(place / "table.csv")
    return place / "table.csv"


@pytest.mark.parametrize("target", ["kind", "mass"])
def test_an_ensemble_is_one_artifact_that_holds(target: str, table: Path, cli: Callable[..., int]) -> None:
    other = "mass" if target == "kind" else "kind"
    one, three = table.with_name("one"), table.with_name("three")
    for out, members in ((one, "1"), (three, "3")):
        words = ("--target", target, "--ignore", other, "--members", members, "--out", out, *FEW)
        assert cli("train", table, *words) == 0
    reports = [json.loads((run / "report.json").read_text(encoding="utf-8")) for run in (one, three)]
    params = [next(f["value"] for f in r["findings"] if f["name"] == "params" and f["group"] is None) for r in reports]
    assert params[1] == 3 * params[0]
    assert cli("verify", three, "--quiet") == 0
    assert all(
        "3 × wide-deep" in (three / name).read_text(encoding="utf-8") for name in ("report.html", "MODEL_CARD.md")
    )
    run = leadline.load(three)
    assert "3 × wide-deep" in repr(run)
    rows = pl.read_csv(table).head(20)
    predicted = run.predict(rows)
    assert len(predicted) == 20
    own = leadline.load(one).network
    assert [name for name, _ in run.network.named_parameters()] == [name for name, _ in own.named_parameters()]
    members = dict(run.network.named_parameters())["head.weight"]
    assert len({tuple(w.flatten().tolist()) for w in members}) == 3


def test_the_first_member_starts_where_a_single_network_does(table: Path) -> None:
    started = [
        leadline.train(
            table, target="kind", ignore="mass", members=k, epochs=1, lr=1e-30, deterministic=True, quiet=True
        ).network
        for k in (1, 2)
    ]
    one, two = (dict(network.named_parameters()) for network in started)
    for name, weight in one.items():
        torch.testing.assert_close(two[name][0], weight)


def test_what_cannot_be_an_ensemble_is_refused(table: Path, cli: Callable[..., int], capsys) -> None:
    words = ("--target", "none", "--objective", "autoencoder", "--members", "2", *FEW)
    assert cli("train", table, *words) == 2
    assert re.search(says("run.no-members", objective="autoencoder"), capsys.readouterr().err)
    with pytest.raises(UsageError, match=says("run.members-of-own-modules", inputs="table")):
        leadline.train(table, target="kind", ignore="mass", network=nn.Linear(7, 4), members=2, quiet=True)
