"""A package that is not ours adds an item to every group, and a run is made with all of them; nothing in src knows it.

The package is tests/plugins, which `make test` installs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from leadline.core.registry import registered
from leadline.core.report import Report
from leadline.run import folder as files

PACKAGE = "leadline-polygons"
ITEMS = {
    "targets": "polygons",
    "objectives": "corners",
    "analyses": "polygon-overlap",
    "columns": "point",
    "augmentations": "image/speckle",
    "models": "pixel-maps",
    "fusions": "mean",
    "optimizers": "sign-sgd",
    "steps": "bounded",
    "trackers": "lines",
}
CHOSEN = (
    *("--set", "training.optimizer={name: sign-sgd, lr: 0.004}", "--set", "training.step={name: bounded, bound: 4}"),
    *("--set", "network.fusion=mean", "--set", "network.encoders.picture=pixel-maps", "--set", "training.log=[lines]"),
    *("--set", "data.inputs.picture={type: image, augment: [{speckle: 0.02}]}"),
)


def shapes(folder: Path, rows: int = 120) -> None:
    """Write pictures of bright rectangles, a point near the middle of each, and their outlines."""
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir()
    table = []
    for row in range(rows):
        (x, y), (wide, high) = rng.uniform(2, 8, 2), rng.uniform(3, 7, 2)
        pixels_HW = rng.integers(0, 30, (16, 16))
        pixels_HW[int(y) : int(y + high) + 1, int(x) : int(x + wide) + 1] += 200
        Image.fromarray(pixels_HW.astype(np.uint8)).save(folder / "pictures" / f"{row}.png")
        corners = ((x, y), (x + wide, y), (x + wide, y + high), (x, y + high))
        table.append(
            {
                "picture": f"pictures/{row}.png",
                "seen": f"{x + wide / 2 + rng.normal(0, 0.5):.2f},{y + high / 2:.2f}",
                "outline": "; ".join(f"{a:.2f} {b:.2f}" for a, b in corners),
            }
        )
    pl.DataFrame(table).write_csv(folder / "shapes.csv")


@pytest.mark.parametrize("group", ITEMS)
def test_its_items_are_found(group: str) -> None:
    entry = registered(group)[ITEMS[group]]  # type: ignore[index]
    assert entry.package == PACKAGE
    assert not entry.others


def test_it_gives_what_this_test_uses() -> None:
    points = distribution(PACKAGE).entry_points
    assert {(point.group.removeprefix("leadline."), point.name) for point in points} == set(ITEMS.items())


def test_no_source_knows_of_it() -> None:
    sources = (Path(__file__).parents[2] / "src").rglob("*.py")
    told = ("polygons", "leadline_polygons", "corner_distance", "pixel-maps", "sign-sgd", "speckle")
    assert [str(file) for file in sources if any(word in file.read_text(encoding="utf-8") for word in told)] == []


def test_a_run_with_all_of_it(place: Path, cli: Callable[..., int]) -> None:
    shapes(place)
    wanted = ("--require", "polygon_iou >= 0.3", "--require", "corner_distance <= 2.5")
    given = ("shapes.csv", "--target", "outline", "--out", "run", "--epochs", 6, "--deterministic", "-q")
    assert cli("train", *given, *CHOSEN, *wanted) == 0
    report = Report.model_validate_json((place / "run" / files.REPORT).read_text(encoding="utf-8"))
    found = {f.name: f for f in report.findings if f.split == "test" and f.group is None}
    assert found["polygon_iou"].value is not None and found["polygon_iou"].interval is not None
    assert found["polygon_iou"].section == "metrics"
    assert {verdict.text for verdict in report.requirements} == {wanted[1], wanted[3]}
    assert any(f.name == "corner_distance" and f.group == "baseline=mean" for f in report.findings)
    page = (place / "run" / "report.html").read_text(encoding="utf-8")
    assert "Overlap of polygons" in page and "Distance of corners" in page
    lines = [json.loads(line) for line in (place / "run" / "lines.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["step"] for line in lines] == sorted({line["step"] for line in lines})
    assert lines[-1]["train/loss"] < lines[0]["train/loss"]
    assert cli("predict", "run", "shapes.csv", "--out", "said.csv") == 0
    said = pl.read_csv(place / "said.csv")["predicted_outline"]
    assert len(said) == len(pl.read_csv(place / "shapes.csv"))
    assert said.str.count_matches(";").to_list() == [3] * len(said)
