"""From rows of which some or none have a label to a report: FixMatch, domain adaptation, clustering."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import leadline
from leadline.core.catalogue import say
from leadline.core.report import Report
from leadline.errors import Interrupted, UsageError
from leadline.pipeline.trainer_state import TrainerState
from leadline.run import folder as files
from leadline.verbs.resume import resume

FAST = (
    "--set",
    "training.plan.device=cpu",
    "--set",
    "training.plan.precision=fp32",
    "--set",
    "training.plan.threads=1",
    "--quiet",
)
FAST += ("--set", "training.plan.compile=false")


def blobs(rows: int, seed: int, shift: float = 0.0) -> pl.DataFrame:
    """Return rows of three classes in the plane, all moved by `shift`."""
    rng = np.random.default_rng(seed)
    class_n = rng.integers(0, 3, rows)
    place = np.array([[0.0, 0.0], [4.0, 0.0], [2.0, 4.0]])
    x_n2 = place[class_n] + rng.normal(size=(rows, 2)) + shift
    return pl.DataFrame({"x": x_n2[:, 0], "y": x_n2[:, 1], "kind": np.array(["a", "b", "c"])[class_n]})


def without(frame: pl.DataFrame, kept: int) -> pl.DataFrame:
    """Return rows of which only the first few have their class."""
    here = pl.int_range(pl.len()) < kept
    return frame.with_columns(pl.when(here).then("kind").otherwise(None).alias("kind"))


def found(run: str, name: str, split: str = "test", group: str | None = None) -> float:
    report = Report.read(Path(run) / "report.json")
    (finding,) = (f for f in report.findings if f.name == name and f.split == split and f.group == group)
    assert finding.value is not None
    return finding.value


def test_few_labels_in_a_table(cli) -> None:
    pl.concat(
        [
            without(blobs(400, 0), 20).with_columns(split=pl.lit("train")),
            blobs(200, 1).with_columns(split=pl.lit("test")),
        ]
    ).write_csv("few.csv")
    code = cli(
        *(
            "train",
            "few.csv",
            "--target",
            "kind",
            "--split",
            "column:split",
            "--objective",
            "fixmatch",
            "--out",
            "run",
            *FAST,
        ),
        *("--set", "data.split.validation=0", "--set", "training.epochs=12", "--require", "accuracy >= 0.8"),
    )
    assert code == 0
    assert found("run", "rows_labelled", "train") == 20
    assert found("run", "rows", "train") == 400
    assert found("run", "accuracy", group="baseline=linear") > 0.7, "it is fitted to the rows that have a class"
    history = pl.read_parquet("run/history.parquet")
    assert {"supervised", "unlabelled", "sure"} <= set(history.columns)
    assert history["sure"].is_between(0, 1).all()
    assert "Labelled examples" in Path("run/report.html").read_text(encoding="utf-8")
    assert leadline.predict("run", "few.csv", quiet=True)["predicted_kind"].null_count() == 0
    assert cli("evaluate", "run", "--quiet") == 0


def test_all_labels_are_said_to_be_there(cli, capsys: pytest.CaptureFixture[str]) -> None:
    blobs(80, 0).write_csv("all.csv")
    quick = FAST[: FAST.index("--quiet")]
    assert (
        cli("train", "all.csv", "--target", "kind", "--objective", "fixmatch", "--set", "training.epochs=1", *quick)
        == 0
    )
    assert "no unlabelled rows to learn from" in "".join(capsys.readouterr())


def test_another_domain_in_a_table(cli, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = blobs(300, 0), blobs(300, 1, shift=1.5)
    train = pl.concat([source, without(target, 0)]).with_columns(split=pl.lit("train"))
    pl.concat([train, blobs(200, 2, shift=1.5).with_columns(split=pl.lit("test"))]).write_csv("two.csv")
    code = cli(
        *(
            "train",
            "two.csv",
            "--target",
            "kind",
            "--split",
            "column:split",
            "--objective",
            "adaptation",
            "--out",
            "run",
            *FAST,
        ),
        *("--set", "training.epochs=10", "--require", "domain_accuracy <= 1"),
    )
    assert code == 0
    assert 0.4 < found("run", "domain_accuracy") <= 1
    assert found("run", "rows_labelled", "train") == 270
    assert not any(name.startswith("domains") for name in leadline.Run("run").network.state_dict())
    source.write_csv("one.csv")
    assert cli("train", "one.csv", "--target", "kind", "--objective", "adaptation", "--out", "no", *FAST) == 2
    assert say("objectives.no-target-domain", name="kind").partition(":")[0] in "".join(capsys.readouterr()).replace(
        "\n", " "
    )
    assert not Path("no").exists()


def test_clusters_of_a_table(cli) -> None:
    blobs(300, 0).write_csv("rows.csv")
    code = cli(
        *("train", "rows.csv", "--target", "kind", "--objective", "clustering", "--out", "run", *FAST),
        *("--set", "training.epochs=30", "--require", "adjusted_rand >= 0.3"),
    )
    assert code == 0
    assert found("run", "clusters", split=None) >= 2  # type: ignore[arg-type]
    assert found("run", "silhouette") > 0.2
    assert 0 < found("run", "adjusted_rand", group="baseline=k-means") <= 1
    page = Path("run/report.html").read_text(encoding="utf-8")
    assert say("exhibits.representative") in page
    assert "cluster centres initialised by" in page
    told = leadline.predict("run", "rows.csv", quiet=True)
    assert told["cluster"].min() == 1
    assert told["share"].is_between(0, 1).all()


def test_clusters_of_rows_without_a_target_or_a_difference(cli, capsys: pytest.CaptureFixture[str]) -> None:
    blobs(60, 0).drop("kind").write_csv("rows.csv")
    common = ("--target", "none", "--objective", "clustering", "--set", "training.epochs=2", *FAST)
    assert cli("train", "rows.csv", *common, "--out", "run", "--set", "objective.n_clusters=4") == 0
    assert found("run", "clusters", split=None) == 4  # type: ignore[arg-type]
    assert cli("train", "rows.csv", *common, "--out", "no", "--set", "objective.n_clusters=500") == 2
    assert "500 clusters need more than 48 training examples" in "".join(capsys.readouterr()).replace("\n", " ")
    pl.DataFrame({"x": [1.0] * 40, "y": [2.0] * 40}).write_csv("same.csv")
    code = cli("train", "same.csv", *common, "--out", "same")
    said = "".join(capsys.readouterr())
    assert code in (0, 2)
    assert "Traceback" not in said
    assert "bug in Leadline" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a process can catch")
@pytest.mark.parametrize("stop", [3, 4, 5])
def test_stopped_around_the_placing_of_centres_and_resumed(monkeypatch: pytest.MonkeyPatch, stop: int) -> None:
    blobs(200, 0).write_csv("rows.csv")
    settings = {
        "training.plan.precision": "fp32",
        "training.plan.threads": 1,
        "objective.n_clusters": 3,
        "training.batch": 40,
    }

    def train(out: str) -> leadline.Run:
        made = leadline.train(
            "rows.csv", target="none", objective="clustering", epochs=8, out=out, settings=settings, quiet=True
        )
        assert made is not None
        return made

    whole, take, seen = train("whole"), TrainerState.take, []

    def and_then_a_signal(self: TrainerState, entry) -> None:
        take(self, entry)
        seen.append(entry.step)
        if entry.epoch == stop and len(seen) and entry.epoch_end:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patched, pytest.raises(Interrupted):
        patched.setattr(TrainerState, "take", and_then_a_signal)
        train("run")
    run = resume("run", quiet=True)
    assert run is not None
    assert files.sha256(run.folder / files.WEIGHTS) == files.sha256(whole.folder / files.WEIGHTS)


def test_more_clusters_than_rows_are_refused_before_a_folder_is_made() -> None:
    blobs(30, 0).write_csv("rows.csv")
    with pytest.raises(UsageError, match="99 clusters need more than"):
        leadline.train(
            "rows.csv", target="kind", objective={"name": "clustering", "n_clusters": 99}, out="no", quiet=True
        )
    assert not Path("no").exists()
