"""Embeddings of rows: a row for each row of the source, in its order, whatever the batch it is in."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

import leadline
from leadline.errors import UsageError
from leadline.verbs.embed import embed, write
from sentences import says


def test_embeddings_are_what_the_head_decides_from(train) -> None:
    run = train()
    found = leadline.embed(run, "blobs.csv", quiet=True)
    numbers = found.select(pl.col("^e[0-9]+$")).to_numpy()
    assert found.columns[:3] == ["file", "row", "e0"]
    assert found["row"].to_list() == list(range(1, 81))
    with torch.inference_mode():
        scores = run.network.last(run.network.head(torch.from_numpy(numbers)))
    predicted = leadline.predict(run, "blobs.csv", quiet=True)
    assert np.allclose(scores.softmax(1).numpy(), predicted.select("p(ja)", "p(nein)").to_numpy(), atol=1e-5)


def test_rows_that_cannot_be_read_keep_their_places(train, place: Path) -> None:
    run = train()
    frame = pl.read_csv("blobs.csv").head(4).with_columns(pl.Series("length", ["0.5", "none at all", "1.5", "2"]))
    frame.write_csv("odd.csv")
    found = embed(run, "odd.csv", quiet=True)
    assert found["row"].to_list() == [1, 2, 3, 4]
    assert found["e0"].is_null().to_list() == [False, True, False, False]
    assert "none at all" in found["reason"][1]
    write(found, place / "out.npy", StringIO())
    numbers = np.load(place / "out.npy")
    assert numbers.dtype == np.float32
    assert np.isnan(numbers).any(1).tolist() == [False, True, False, False]
    write(found, place / "out.parquet", StringIO())
    assert pl.read_parquet(place / "out.parquet").equals(found)
    with pytest.raises(UsageError, match=says("pipeline.cannot-write-suffix", suffixes=".parquet / .csv / .npy")):
        write(found, place / "out.txt", StringIO())


def test_padding_is_no_part_of_the_mean_over_steps(train, place: Path) -> None:
    lines = [" ".join([f"the {who} sees the {what}"] * 6) for who in ("cat", "dog") for what in "abcdefghij"]
    (place / "lines.txt").write_text("\n".join(lines))
    run = train("lines.txt", target=None, objective="language", epochs=1)
    (place / "short.txt").write_text("the cat")
    (place / "both.txt").write_text("the cat\n" + " ".join(["the dog sees the a"] * 3))
    alone, beside = (
        embed(run, name, quiet=True).select(pl.col("^e[0-9]+$")).row(0) for name in ("short.txt", "both.txt")
    )
    assert np.allclose(alone, beside, atol=1e-5)


def test_windows_of_a_series_are_rows(train, place: Path) -> None:
    steps = np.arange(80)
    pl.DataFrame({"t": steps, "x": np.sin(steps / 5)}).write_csv("series.csv")
    run = train("series.csv", target=None, horizon=2, context_length=6, network="rnn", epochs=1)
    found = embed(run, "series.csv", quiet=True)
    assert found["row"].to_list() == list(range(7, 80))
    assert found["e0"].is_not_null().all()
