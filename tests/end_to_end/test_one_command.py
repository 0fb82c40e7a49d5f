"""From a dataset to a report in one command, for each kind of source; then every other verb on the run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from torch import nn

import leadline
from leadline.core.catalogue import say
from leadline.run import folder as files

QUICK = ("--epochs", "2", "--set", "network.size=small", "--deterministic", "-q")


def blobs(n: int = 120, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, n)
    return pl.DataFrame(
        {
            "length": kind + rng.normal(0, 0.3, n),
            "colour": np.where(rng.random(n) < 0.9, kind, 1 - kind).astype(str),
            "kind": np.where(kind == 1, "ja", "nein"),
        }
    ).with_columns(pl.when(pl.int_range(n) % 17 == 0).then(None).otherwise(pl.col("length")).alias("length"))


def pictures(folder: Path, n: int = 12, splits: tuple[str, ...] = ("",)) -> Path:
    rng = np.random.default_rng(0)
    for split in splits:
        for label, level in (("夜", 40), ("day", 200)):
            place = folder / split / label
            place.mkdir(parents=True)
            for i in range(n):
                pixels = np.clip(rng.normal(level, 30, (9, 9, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(place / f"{i}.png")
    return folder


def report_of(run: str | Path) -> dict:
    return json.loads((Path(run) / files.REPORT).read_text(encoding="utf-8"))


def finding(report: dict, name: str, split: str | None = "test", group: str | None = None) -> dict:
    (one,) = [f for f in report["findings"] if (f["name"], f["split"], f["group"]) == (name, split, group)]
    return one


def test_bundled_digits_reach_a_report_and_every_verb_reads_the_run(cli, capsys, place: Path) -> None:
    assert cli("train", "digits", "--epochs", "4", "--seed", "1", "-q", "--require", "accuracy >= 0.5") == 0
    run = place / "runs" / "digits-1"
    report = report_of(run)
    accuracy = finding(report, "accuracy")
    assert accuracy["value"] > 0.9
    assert accuracy["interval"][0] < accuracy["value"] < accuracy["interval"][1]
    assert accuracy["n"] == 180
    assert accuracy["method"] == "Wilson score"
    assert report["requirements"][0]["verdict"] == "pass"
    assert finding(report, "accuracy", group="baseline=majority")["value"] < 0.2
    assert finding(report, "size_mb", None)["value"] == pytest.approx((run / files.WEIGHTS).stat().st_size / 1e6)
    assert report["run"]["test_accesses"] == 1
    page = (run / files.PAGE).read_text(encoding="utf-8")
    assert say("summary.of-test", title="accuracy") in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert (run / files.CARD).read_text(encoding="utf-8").startswith("---")
    assert not (run / files.CHECKPOINTS).exists()
    files.verify(run)

    capsys.readouterr()
    assert cli("evaluate", run, "--json", "-q") == 0
    again = json.loads(capsys.readouterr().out)
    (repeated,) = [f for f in again["findings"] if f["name"] == "accuracy" and f["group"] is None]
    assert repeated["value"] == accuracy["value"]
    assert again["test_accesses"] == 2

    assert cli("predict", run, "digits", "-o", "p.csv", "-q") == 0
    predicted = pl.read_csv("p.csv")
    assert predicted.height == 1797
    assert predicted.select(pl.sum_horizontal(pl.col("^p\\(.*$"))).to_series().to_numpy() == pytest.approx(
        np.ones(1797), abs=1e-4
    )

    assert cli("train", "digits", "--epochs", "1", "--seed", "1", "-q") == 0
    capsys.readouterr()
    assert cli("compare", run, "runs/digits-2", "--json") == 0
    compared = json.loads(capsys.readouterr().out)
    assert compared["differences"][1]["n"] == 180
    assert compared["differences"][1]["value"] < 0
    assert cli("runs", "--json") == 0
    assert [r["state"] for r in json.loads(capsys.readouterr().out)] == ["finished", "finished"]
    assert cli("report", run) == 0
    assert "accuracy" in capsys.readouterr().out


def test_a_table_with_missing_values_and_categories(cli, place: Path) -> None:
    blobs().write_csv("blobs.csv")
    assert (
        cli(
            "train",
            "blobs.csv",
            "--target",
            "kind",
            "--epochs",
            "30",
            "-q",
            "--out",
            "run",
            "--require",
            "accuracy >= 0.5",
        )
        == 0
    )
    report = report_of("run")
    assert finding(report, "accuracy")["value"] > 0.7
    assert finding(report, "recall", group="class=ja")["n"] > 0
    assert "nein" in (place / "run" / files.PAGE).read_text(encoding="utf-8")


def test_an_image_folder_with_augmentation(cli, place: Path) -> None:
    pictures(place / "photos")
    augment = "data.inputs.image={type: image, augment: [flip, {shift: 0.1}, {rotate: 10}]}"
    assert cli("train", "photos", "--network", "cnn", *QUICK, "--out", "run", "--set", augment) == 0
    kinds = {e["name"]: e["kind"] for e in report_of("run")["exhibits"]}
    assert kinds["examples"] == kinds["augmented"] == "pictures"
    page = (place / "run" / files.PAGE).read_text(encoding="utf-8")
    assert "夜" in page


def test_given_splits_are_kept_and_validation_is_carved(cli, place: Path) -> None:
    pictures(place / "photos", splits=("train", "test"), n=15)
    assert cli("train", "photos", *QUICK, "--out", "run") == 0
    report = report_of("run")
    rows = {s: finding(report, "rows", s)["value"] for s in ("train", "validation", "test")}
    assert rows["test"] == 30
    assert rows["train"] + rows["validation"] == 30
    assert rows["validation"] > 0


def test_regression_on_arrays_from_python(place: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3)).astype(np.float32)
    y = 1000 + 50 * x[:, 0] - 20 * x[:, 1]
    run = leadline.train((x, y), epochs=60, out="run", quiet=True, settings={"training.plan.precision": "fp32"})
    r2 = run.report.find("r2")
    assert r2.value > 0.8
    predicted = leadline.predict(run, {"x": x[:5]}, quiet=True)
    assert predicted.get_column(predicted.columns[-1]).to_numpy() == pytest.approx(y[:5], abs=60)
    assert "mae" in repr(run)
    assert "<table>" in run._repr_html_()


def test_npz_with_official_test_rows(cli, place: Path) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 90)
    x = np.clip(rng.normal(60 + 70 * y[:, None, None], 20, (90, 8, 8)), 0, 255).astype(np.uint8)
    np.savez("a.npz", x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    assert cli("train", "a.npz", "--network", "lenet", *QUICK, "--out", "run") == 0
    assert finding(report_of("run"), "rows")["value"] == 30


def test_an_experiment_file_is_what_a_run_writes(cli, place: Path) -> None:
    blobs().write_parquet("blobs.parquet")
    Path("e.yaml").write_text("data: {source: blobs.parquet, target: kind}\ntraining: {epochs: 2}\nseed: 5\n")
    assert cli("train", "e.yaml", "--deterministic", "-q", "--out", "one") == 0
    assert cli("train", "one/experiment.yaml", "-q", "--out", "two") == 0
    assert files.sha256(Path("one") / files.WEIGHTS) == files.sha256(Path("two") / files.WEIGHTS)


def test_repeats_report_the_spread(cli) -> None:
    blobs(60).write_csv("blobs.csv")
    assert cli("train", "blobs.csv", "--target", "kind", *QUICK, "--repeats", "3", "--out", "run") == 0
    report = report_of("run")
    spread = finding(report, "accuracy_over_repeats", None)
    assert spread["n"] == 3
    assert len(list(Path("run/repeats").iterdir())) == 2
    files.verify(Path("run"))


def test_exit_codes_follow_the_verdicts(cli) -> None:
    blobs(60).write_csv("blobs.csv")
    common = ("train", "blobs.csv", "--target", "kind", *QUICK)
    assert cli(*common, "--require", "params <= 1") == 1
    assert cli(*common, "--require", "accuracy >= 0.999") in (1, 3)
    assert cli(*common, "--require", "energy_wh <= 1", "--require", "params >= 1") in (0, 3)


def test_unusable_rows_are_set_aside_and_listed(cli, place: Path) -> None:
    folder = pictures(place / "photos", n=15)
    (folder / "day" / "3.png").write_bytes(b"not a picture")
    (folder / "day" / "4.png").write_bytes(b"")
    whole = (folder / "day" / "5.png").read_bytes()
    (folder / "day" / "5.png").write_bytes(whole[: len(whole) // 2])
    assert cli("train", "photos", *QUICK, "--out", "run") == 0
    aside = pl.read_parquet("run/invalid_rows.parquet")
    assert aside.height == 3
    assert sorted(Path(f).name for f in aside["file"]) == ["3.png", "4.png", "5.png"]
    assert finding(report_of("run"), "rows_dropped", None)["value"] == 3
    assert cli("train", "photos", *QUICK, "--out", "strict", "--strict") == 2
    assert not Path("strict").exists()


def test_a_class_of_modules_that_gives_the_outputs_itself(place: Path) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, x_BF):
            return self.layer(x_BF)

    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3)).astype(np.float32)
    y = (x[:, 0] > 0).astype(int)
    settings = {"network.head": "none", "training.optimizer.lr": 0.01}
    run = leadline.train((x, y), network=Net, epochs=2, out="run", deterministic=True, quiet=True, settings=settings)
    assert run.report.find("params").value == 3 * 2 + 2
    assert run.experiment.training.optimizer.options["lr"] == 0.01
    assert leadline.predict(run, x[:4], quiet=True).height == 4


def test_settings_reach_options_of_the_default_optimizer(cli) -> None:
    blobs(60).write_csv("blobs.csv")
    assert (
        cli("train", "blobs.csv", "--target", "kind", *QUICK, "--out", "run", "--set", "training.optimizer.lr=0.01")
        == 0
    )
    assert report_of("run")["experiment"]["training"]["optimizer"]["lr"] == 0.01


def test_classes_that_look_like_markup(cli, capsys) -> None:
    frame = blobs(60).with_columns(pl.col("kind").replace({"ja": "[/]", "nein": "[red]"}))
    frame.write_csv("blobs.csv")
    assert cli("train", "blobs.csv", "--target", "kind", *QUICK, "--out", "run") == 0
    capsys.readouterr()
    assert cli("evaluate", "run", "-q") == 0
    assert "class [red]" in capsys.readouterr().out
