"""Pictures in the style of others, by runs of every sort, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import leadline
from leadline.errors import DataError, RunError, UsageError
from leadline.pipeline.output_files import check_name
from leadline.verbs.style import SUFFIXES, style, write


@pytest.fixture
def pictures(place: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    files = place / "content.png", place / "style.jpg"
    for file, size in zip(files, ((30, 44, 3), (60, 60, 3)), strict=True):
        Image.fromarray(rng.integers(0, 256, size, dtype=np.uint8)).save(file)
    return files


@pytest.fixture
def run(train):
    return train("digits", target=None, network="cnn", epochs=1)


def test_a_network_of_grey_pictures_changes_the_brightness_alone(run, pictures: tuple[Path, Path], place: Path) -> None:
    made = leadline.style(*pictures, network=run, steps=3, quiet=True)
    assert made.shape == (30, 44, 3)
    assert np.array_equal(made, style(*pictures, run.folder, steps=3, quiet=True))
    colours = [
        np.asarray(Image.fromarray(x).convert("YCbCr"))[..., 1:].astype(int)
        for x in (made, np.asarray(Image.open(pictures[0])))
    ]
    assert np.corrcoef(colours[0].ravel(), colours[1].ravel())[0, 1] > 0.7
    write(made, place / "out.png")
    assert np.array_equal(np.asarray(Image.open(place / "out.png")), made)


def test_pixels_of_any_size_are_brought_to_a_sensible_one(run) -> None:
    large, grey = np.zeros((100, 400, 3), dtype=np.uint8), np.full((5, 7), 200, dtype=np.uint8)
    assert style(large, grey, run, steps=1, size=64, quiet=True).shape == (16, 64)
    assert style(grey, large, run, steps=1, quiet=True).shape == (16, 22)


def test_a_network_of_coloured_pictures(train, place: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(place / "x.npz", x=rng.integers(0, 256, (60, 12, 12, 3), dtype=np.uint8), y=np.arange(60) % 2)
    settings = {"data.inputs": {"image": {"kind": "image", "scale": "mean_image"}}}
    run = train("x.npz", target=None, network="vgg", epochs=1, settings=settings)
    made = style(
        np.zeros((20, 20, 3), dtype=np.uint8),
        rng.integers(0, 256, (20, 20, 3), dtype=np.uint8),
        run,
        steps=3,
        quiet=True,
    )
    assert made.shape == (20, 20, 3)
    assert made.std() > 0


def test_what_makes_no_sense_is_refused(run, train, pictures: tuple[Path, Path], place: Path) -> None:
    with pytest.raises(RunError, match="no network of pictures"):
        style(*pictures, train())
    with pytest.raises(UsageError, match="no layers that give maps"):
        style(*pictures, train("digits", target=None, network="mlp", epochs=1))
    with pytest.raises(DataError, match=r"no file nowhere\.png"):
        style("nowhere.png", pictures[1], run)
    (place / "text.png").write_text("no picture")
    with pytest.raises(DataError, match=r"text\.png"):
        style(place / "text.png", pictures[1], run)
    with pytest.raises(DataError, match="uint8"):
        style(np.zeros((4, 4)), pictures[1], run)
    with pytest.raises(DataError, match="too narrow"):
        style(np.zeros((2, 2000), dtype=np.uint8), pictures[1], run)
    with pytest.raises(UsageError, match="steps"):
        style(*pictures, run, steps=0)
    for name, said in (("out.jpg", r"\.png"), ("nowhere/out.png", "no folder")):
        with pytest.raises(UsageError, match=said):
            check_name(place / name, SUFFIXES)
