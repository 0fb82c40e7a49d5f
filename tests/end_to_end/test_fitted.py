"""Models that are fitted rather than stepped: a run like any other, and beside every network."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import sklearn

from leadline.core.catalogue import say
from leadline.core.experiment import Experiment
from leadline.core.report import Report
from leadline.run import folder as files
from leadline.run.run import Run


def report(run: str = "run") -> Report:
    return Report.read(Path(run) / files.REPORT)


@pytest.mark.parametrize(
    ("data", "requirement"),
    [("iris", "accuracy >= 0.5"), ("breast-cancer", "accuracy >= 0.8"), ("diabetes", "mae <= 80")],
)
def test_gradient_boosting_is_a_run_like_any_other(cli, data: str, requirement: str) -> None:
    assert cli("train", data, "--network", "gradient-boosting", "--require", requirement, "--out", "run", "-q") == 0
    files.verify(Path("run"))
    made = report()
    for name in ("params", "size_mb", "train_seconds"):
        assert made.find(name, split=None).value > 0
    assert made.find("latency_ms", group="batch=1").value > 0
    assert "learning_curves" in {exhibit.name for exhibit in made.exhibits}
    assert {f.group for f in made.findings if f.name == "size_mb"} == {None, "baseline=linear", "baseline=svm"}
    history = Run("run").history
    assert history["loss"][-1] < history["loss"][0]
    assert cli("predict", "run", data, "-o", "p.csv", "-q") == 0
    assert cli("evaluate", "run", "-q") == 0
    assert (
        pl.read_csv("p.csv").height
        == made.find("rows", split="train").value + 2 * made.find("rows", split="test").value
    )
    experiment = Experiment.read(Path("run") / files.EXPERIMENT)
    assert experiment.training.epochs is None and experiment.training.batch is None


@pytest.mark.parametrize("network", ["linear", "svm", "gradient-boosting"])
def test_the_network_that_ships_is_what_was_measured(cli, network: str) -> None:
    assert cli("train", "iris", "--network", network, "--out", "run", "--set", "baselines=[]", "-q") == 0
    assert cli("predict", "run", "iris", "-o", "p.parquet", "-q") == 0
    saved = pl.read_parquet("run/predictions.parquet").filter(pl.col("split") == "test")
    again = pl.read_parquet("p.parquet").join(saved, on=["file", "row"], suffix="_saved")
    assert again.height == saved.height
    assert again["p(setosa)"].to_numpy() == pytest.approx(again["p(setosa)_saved"].to_numpy(), abs=1e-6)


def test_repeats_and_compare(cli, capsys) -> None:
    assert cli("train", "iris", "--network", "linear", "--repeats", "2", "--out", "a", "-q") == 0
    assert report("a").find("accuracy_over_repeats", split="test") or any(
        f.name == "accuracy_over_repeats" for f in report("a").findings
    )
    assert cli("train", "iris", "--network", "gradient-boosting", "--out", "b", "-q", "--set", "baselines=[]") == 0
    capsys.readouterr()
    assert cli("compare", "a", "b", "--json") == 0
    assert json.loads(capsys.readouterr().out)["differences"][1]["measure"] == "accuracy"


def test_pictures_too(cli) -> None:
    assert cli("train", "digits", "--network", "linear", "--out", "run", "-q", "--require", "accuracy >= 0.9") == 0
    assert not any(f.group == "baseline=linear" for f in report().findings)


def test_a_network_is_compared_with_simpler_models_and_the_cheapest_is_named(cli) -> None:
    assert cli("train", "breast-cancer", "--epochs", "3", "--out", "run", "-q", "--deterministic") == 0
    made = report()
    for name in ("linear", "svm", "gradient-boosting"):
        assert made.find("accuracy", group=f"baseline={name}").value > 0.8
        assert made.find("accuracy_difference", group=f"baseline={name}").interval is not None
    chosen = next(f for f in made.findings if f.name == "smallest_not_worse")
    assert "baselines" in {exhibit.name for exhibit in made.exhibits}
    assert say("exhibits.baselines") in (Path("run") / files.PAGE).read_text(encoding="utf-8")
    command = chosen.again.options["command"].split()
    assert command[:3] == ["leadline", "train", "run/experiment.yaml"]
    assert cli(*command[1:], "--out", "other", "-q") == 0  # what the report says works, epochs in the file or not
    assert report("other").find("accuracy").value == made.find("accuracy", group=chosen.group).value
    assert report("other").run.test_accesses == 2


def test_baselines_can_be_named_and_turned_off(cli, capsys) -> None:
    for text, names in (("[]", set()), ("[linear]", {"baseline=linear"})):
        assert (
            cli("train", "iris", "--epochs", "1", "--out", f"run{len(names)}", "-q", "--set", f"baselines={text}") == 0
        )
        groups = {f.group for f in report(f"run{len(names)}").findings if f.name == "size_mb"}
        assert groups == {None, *names}
    assert cli("train", "iris", "--out", "no", "-q", "--set", "baselines=[liner]") == 2
    assert "'linear'" in capsys.readouterr().err
    assert not Path("no").exists()


def refused(cli, capsys, *arguments: object, words: tuple[str, ...]) -> None:
    capsys.readouterr()
    assert cli("train", *arguments, "--out", "run", "-q") == 2
    said = capsys.readouterr().err
    for word in words:
        assert word in said, said
    assert not Path("run").exists()


def test_what_makes_no_sense_is_refused(cli, capsys) -> None:
    boosting = ("iris", "--network", "gradient-boosting")
    refused(cli, capsys, *boosting, "--max-time", "1m", words=("--max-time", "gradient-boosting"))
    refused(cli, capsys, *boosting, "--set", "network.iteration=5", words=("max_iter",))
    refused(cli, capsys, *boosting, "--set", "network.max_iter=0", words=("max_iter", "from 1 to 10000"))
    refused(cli, capsys, "iris", "--network", "gradient-bosting", words=("gradient-boosting",))
    refused(cli, capsys, "iris", "--set", "network.encoders={tabel: svm}", words=("tabel", "table"))


def test_a_library_whose_trees_are_not_known_is_named_before_a_folder_is_made_and_as_a_baseline_is_absent(
    cli, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sklearn, "__version__", "99.0")
    refused(cli, capsys, "iris", "--network", "gradient-boosting", words=("99.0", "pip install"))
    assert not Path("runs").exists()
    words = ("--epochs", "1", "--set", "baselines=[linear, gradient-boosting]", "--set", "network.size=small")
    assert cli("train", "iris", "--network", "mlp", *words, "--out", "run", "-q") == 0
    assert report().find("accuracy", group="baseline=linear") is not None
    (absent,) = {f.why for f in report().findings if f.group == "baseline=gradient-boosting"}
    assert "99.0" in absent


def test_entries_that_mean_nothing_to_it_are_named(cli, capsys) -> None:
    assert (
        cli(
            "train",
            "iris",
            "--network",
            "linear",
            "--epochs",
            "3",
            "--set",
            "objective.label_smoothing=0.1",
            "--out",
            "run",
        )
        == 0
    )
    said = capsys.readouterr().err
    assert "--epochs" in said and "objective.label_smoothing" in said
    assert Experiment.read(Path("run") / files.EXPERIMENT).objective.options["label_smoothing"] == 0


def table(rows: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 30))
    frame = pl.DataFrame({f"c{i}": x[:, i] for i in range(30)})
    frame.with_columns(pl.Series("kind", np.where(x[:, 0] * x[:, 1] > 0, "a", "b"))).write_csv("t.csv")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a process can catch")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_while_it_is_fitted_and_resumed(cli, number: signal.Signals) -> None:
    table(20_000)
    arguments = (
        "t.csv",
        "--target",
        "kind",
        "--network",
        "gradient-boosting",
        "--set",
        "network.max_iter=400",
        "--set",
        "network.patience=null",
        "--set",
        "baselines=[]",
    )
    command = [sys.executable, "-m", "leadline", "train", *arguments, "--out", "run"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("fitting"):
            break
    time.sleep(0.5)
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert not (Path("run") / files.MANIFEST).exists()
    if number != signal.SIGKILL:
        assert "leadline resume run" in said
    assert cli("resume", "run", "-q") == 0
    assert cli("train", *arguments, "--out", "whole", "-q") == 0
    one, other = (files.sha256(Path(run) / files.WEIGHTS) for run in ("run", "whole"))
    assert one == other
