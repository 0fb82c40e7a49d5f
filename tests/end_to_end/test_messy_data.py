"""Data as it comes: pictures of every sort, classes that only the test rows have, copies in both parts of a split."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from leadline.core.catalogue import say
from leadline.core.report import Report
from sentences import says

QUICK = ("--epochs", "2", "--set", "network.size=small", "--set", "baselines=[]", "--deterministic")


def blobs(n: int = 120) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 2, n)
    return pl.DataFrame({"length": kind + rng.normal(0, 0.3, n), "kind": np.where(kind == 1, "ja", "nein")})


def test_pictures_of_every_sort_in_one_folder(cli, place: Path) -> None:
    rng = np.random.default_rng(0)
    for value, name in ((60, "dark"), (190, "light")):
        folder = place / "photos" / name
        folder.mkdir(parents=True)

        def one(level: int = value) -> Image.Image:
            coarse = rng.integers(level - 50, level + 51, (4, 4, 3)).astype(np.uint8)
            return Image.fromarray(coarse).resize((32, 32), Image.Resampling.BICUBIC)

        for i in range(12):
            one().save(folder / f"{i}.png")
        deep = np.asarray(one().convert("L")).astype(np.uint16) * 16
        Image.fromarray(deep).save(folder / "deep.png")
        Image.fromarray(deep).save(folder / "deep.tif")
        one().convert("CMYK").save(folder / "cmyk.jpg")
        one().quantize(16).save(folder / "clear.png", transparency=0)
        one().convert("LA").save(folder / "la.png")
        one().convert("1").save(folder / "bits.png")
        one().save(folder / "moving.gif", save_all=True, append_images=[one(), one()])
        one().save(folder / "progressive.jpg", progressive=True)
        one().save(folder / "called-so.png", "WEBP")
        one().resize((1_200, 900)).save(folder / "large.jpg")
        (folder / "cut.png").write_bytes((folder / "0.png").read_bytes()[:200])
        (folder / "empty.png").touch()
        (folder / "page.jpg").write_text("<!DOCTYPE html>")
    assert cli("train", "photos", *QUICK, "--out", "run") == 0
    report = Report.read(Path("run/report.json"))
    assert report.find("rows_dropped").value == 6
    reasons = pl.read_parquet("run/invalid_rows.parquet")["reason"].to_list()
    known = [says(f"columns.{name}") for name in ("web-page-instead", "file-empty", "image-damaged")]
    assert all(sum(bool(re.search(name, reason)) for reason in reasons[:3]) == 1 for name in known)
    page = Path("run/report.html").read_text(encoding="utf-8")
    for said in ("several frames; the first is used", "filled with white", "the 8 most significant are used"):
        assert said in page


def test_a_class_that_only_the_test_rows_have(cli, capsys) -> None:
    frame = blobs().with_columns(split=pl.Series(["train"] * 80 + ["test"] * 40))
    frame = frame.with_columns(kind=pl.when(pl.int_range(pl.len()) >= 110).then(pl.lit("猫")).otherwise(pl.col("kind")))
    frame.write_csv("blobs.csv")
    assert cli("train", "blobs.csv", "--target", "kind", *QUICK, "--out", "run") == 0
    assert say("checks.unseen-classes", count=10, subset="test", classes="'猫'") in capsys.readouterr().err
    report = Report.read(Path("run/report.json"))
    assert report.find("rows", split="test").value == 30
    assert report.find("rows_dropped").value == 10
