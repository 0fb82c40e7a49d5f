"""Copies of pictures are linked, pictures that are merely of one sort are not."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.checks.duplicate_groups import linked
from leadline.data.checks.duplicates import hash_rows
from leadline.data.checks.near_duplicates import components, pairs
from leadline.data.dataset import prepare
from leadline.data.encoding import PROBLEMS, EncodedColumns
from sentences import says

Pixels = np.ndarray
SIDE = 48


def scenes(count: int, seed: int = 0) -> Pixels:
    """Return pictures (N,H,W,3) with the spectrum of photographs, 1/f, and nothing in common."""
    rng = np.random.default_rng(seed)
    far = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE)[None]) + 1 / SIDE
    noise = np.fft.fft2(rng.normal(size=(count, 3, SIDE, SIDE))) / far
    x = np.fft.ifft2(noise).real.transpose(0, 2, 3, 1)
    x = (x - x.mean((1, 2, 3), keepdims=True)) / x.std((1, 2, 3), keepdims=True)
    return (x * 45 + 120).clip(0, 255).astype(np.uint8)


def digits() -> Pixels:
    """Return the 1,797 handwritten digits (N,32,32,1), enlarged, with an empty margin."""
    x = np.stack(load_digits().images).astype(np.uint8) * 15
    large = np.stack([np.asarray(Image.fromarray(one).resize((24, 24), Image.Resampling.BILINEAR)) for one in x])
    return np.pad(large, ((0, 0), (4, 4), (4, 4)))[..., None]


def saved_again(x: Pixels) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(x).save(file, "JPEG", quality=60)
    return np.asarray(Image.open(file))


def resized(x: Pixels) -> Pixels:
    picture = Image.fromarray(x)
    return np.asarray(
        picture.resize((32, 32), Image.Resampling.BILINEAR).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    )


def brighter(x: Pixels) -> Pixels:
    return (x * 1.1 + 15).clip(0, 255).astype(np.uint8)


def shifted(x: Pixels) -> Pixels:
    return np.pad(x, ((1, 0), (0, 0), (0, 0)), mode="edge")[:-1]


def columns(x: Pixels, problems: pl.DataFrame | None = None) -> EncodedColumns:
    return EncodedColumns(
        x, hash_rows(x), pl.DataFrame(schema=PROBLEMS) if problems is None else problems, np.empty(0, np.int64)
    )


@pytest.mark.parametrize("copy", [saved_again, resized, brighter, shifted, np.copy])
def test_copies_are_linked_and_nothing_else_is(copy: Callable[[Pixels], Pixels]) -> None:
    x = scenes(300)
    both = np.concatenate([x, np.stack([copy(one) for one in x[:40]])])
    number = components(len(both), linked(columns(both)))
    found = number[:40] == number[300:]
    assert found.mean() > 0.9
    assert len(np.unique(number[:300])) == 300, "different pictures are not linked"


def test_things_of_one_sort_are_not_linked_but_their_copies_are() -> None:
    x = digits()
    correlation = np.corrcoef(x.reshape(len(x), -1)) - np.eye(len(x))
    assert np.quantile(correlation.max(1), 0.9) > 0.95, "as pixels they are as near as a picture and its copy"
    both = np.concatenate([x, np.stack([shifted(one) for one in x[:100]])])
    number = components(len(both), linked(columns(both)))
    assert len(np.unique(number[: len(x)])) == len(x)
    assert (number[:100] == number[len(x) :]).mean() > 0.9


def test_a_thousand_copies_of_one_picture_are_one_family() -> None:
    x = scenes(200)
    rng = np.random.default_rng(1)
    noisy = (x[:1].astype(int) + rng.integers(-4, 5, (1_000, *x.shape[1:]))).clip(0, 255).astype(np.uint8)
    found = linked(columns(np.concatenate([x[1:], noisy])))
    number = components(1_199, found)
    assert len(np.unique(number[199:])) == 1
    assert len(np.unique(number)) == 200
    assert len(found) < 130 * 1_000, "few pairs will do to lead from each to all"


def test_equal_pictures_are_linked_however_small_and_unreadable_ones_never() -> None:
    x = np.random.default_rng(0).integers(0, 255, (6, 8, 8, 1), dtype=np.uint8)
    x[4], x[5] = x[1], x[2]
    assert sorted(map(sorted, linked(columns(x)).tolist())) == [[1, 4], [2, 5]]
    bad = pl.DataFrame({"row": [4], "column": ["image"], "reason": ["damaged"]}, schema=PROBLEMS)
    assert sorted(map(sorted, linked(columns(x, bad)).tolist())) == [[2, 5]]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_pictures_are_no_trouble(count: int) -> None:
    x = scenes(count)
    assert linked(columns(x)).shape == (0, 2)
    assert pairs(x, np.arange(count)).shape == (0, 2)


def test_blank_pictures_do_no_harm() -> None:
    x = scenes(60)
    x[:3] = 0
    number = components(60, linked(columns(x)))
    assert len(np.unique(number)) == 58


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a class folder in which every picture of 40 has a copy in another format."""
    x = scenes(80)
    for i, one in enumerate(x[:40]):
        place = tmp_path / "photos" / ("cat" if i % 2 else "dog")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(one).save(place / f"{i}.png")
        Image.fromarray(one).save(place / f"{i}-copy.jpg", quality=80)
    for i, one in enumerate(x[40:], start=40):
        Image.fromarray(one).save(tmp_path / "photos" / ("cat" if i % 2 else "dog") / f"{i}.png")
    return tmp_path / "photos"


def test_a_random_split_keeps_copies_together(folder: Path) -> None:
    told: list[str] = []
    dataset = prepare(DataSpec(source=str(folder)), seed=3, progress=lambda stage, done, total: told.append(stage))
    assert all(10 <= len(dataset.splits[name]) <= 16 for name in ("validation", "test")), (
        "of 120 rows, two thirds in pairs"
    )
    of = {
        Path(part.place(i)).stem.removesuffix("-copy"): name
        for name, part in dataset.splits.items()
        for i in range(len(part))
    }
    for name, part in dataset.splits.items():
        assert all(of[Path(part.place(i)).stem.removesuffix("-copy")] == name for i in range(len(part)))
    assert dataset.similar is not None
    assert set(dataset.similar.counts.values()) == {0}
    assert say("splits.near-duplicates-together", rows=80, groups=40) in dataset.notes
    assert {"encoding image", "comparing image"} <= set(told)
    torn = prepare(
        DataSpec.model_validate({"source": str(folder), "split": {"name": "random", "near_duplicates": "ignore"}}),
        seed=3,
    )
    assert torn.similar is None
    places = {
        name: {Path(part.place(i)).stem.removesuffix("-copy") for i in range(len(part))}
        for name, part in torn.splits.items()
    }
    assert places["train"] & places["test"]


def test_the_split_is_the_same_when_it_is_made_again(folder: Path) -> None:
    spec = DataSpec(source=str(folder))
    first = prepare(spec, seed=5)
    again = prepare(spec, seed=5, schema=first.schema, resplit=True)
    for name, part in first.splits.items():
        np.testing.assert_array_equal(part.rows, again.splits[name].rows)


def test_copies_across_a_given_split_are_counted(tmp_path: Path) -> None:
    x = scenes(60)
    for i, one in enumerate(x):
        part = "test" if i >= 50 else "train"
        place = tmp_path / part / ("cat" if i % 2 else "dog")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(one).save(place / f"{i}.png")
    for i in (3, 4, 5):
        Image.fromarray(x[i]).save(tmp_path / "test" / ("cat" if i % 2 else "dog") / f"again{i}.jpg", quality=85)
    dataset = prepare(DataSpec.model_validate({"source": str(tmp_path), "split": {"validation": 0}}))
    assert dataset.similar is not None
    assert dataset.similar.counts == {("train", "test"): 3}
    assert len(dataset.similar.examples) == 3
    said = says("checks.near-duplicates", count=3, second="test", first="training")
    (note,) = (note for note in dataset.notes if re.fullmatch(said, note))
    assert "again" in note


def test_tables_without_pictures_are_left_alone() -> None:
    assert prepare(DataSpec(source="iris")).similar is None
