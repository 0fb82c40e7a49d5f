"""Several inputs in one network: any mix of kinds, rows that lack some, what each is worth alone and what its absence
costs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from leadline.core.catalogue import say
from leadline.core.finding import Finding
from leadline.core.report import Report
from leadline.errors import Interrupted, UsageError
from leadline.pipeline.auxiliary import run
from leadline.pipeline.begin import Begun
from leadline.rendering.summary_text import summary_text
from leadline.run import folder as files
from leadline.run.run import Run

ROWS = 160
WORDS = (
    "small",
    "quiet",
    "house",
    "with",
    "an",
    "old",
    "garden",
    "near",
    "the",
    "sea",
    "four",
    "bright",
    "rooms",
    "and",
    "view",
)
NETWORK = "{encoders: {'*': {name: mlp, hidden: [16]}}}"
QUICK = (
    *("--deterministic", "--target", "price", "--set", f"network={NETWORK}", "--set", "baselines=[]"),
    *("--set", "data.split.near_duplicates=ignore", "-q"),
)

Price = Callable[[float, float], float]


def houses(folder: Path, price: Price, *, lacking: int = 0, rows: int = ROWS, text: bool = False) -> Path:
    """Write a table of photos as bright as `bright`, a `size` and texts; every so many rows lack their photo."""
    rng = np.random.default_rng(0)
    (folder / "photos").mkdir()
    table = []
    for row in range(rows):
        bright, size = rng.uniform(), rng.normal()
        pixels = np.clip(bright + rng.normal(0, 0.1, (6, 6)), 0, 1)
        Image.fromarray((255 * pixels).astype(np.uint8)).save(folder / "photos" / f"{row}.png")
        absent = lacking and row % lacking == 0
        own = {
            "photo": None if absent else f"photos/{row}.png",
            "size": size,
            "price": price(size, bright) + 0.1 * rng.normal(),
        }
        table.append(own | ({"text": None if row % 7 == 3 else " ".join(rng.choice(WORDS, 9))} if text else {}))
    file = folder / "houses.csv"
    pl.DataFrame(table).write_csv(file)
    return file


def report(run: str = "run") -> Report:
    return Report.read(Path(run) / files.REPORT)


def found(made: Report, name: str, group: str | None = None) -> Finding:
    one = made.find(name, split="test", group=group and f"input={group}")
    assert one is not None
    return one


def test_photo_numbers_and_text_with_missing_ones(cli, place: Path, capsys) -> None:
    source = houses(place, lambda size, bright: 2 * size + 3 * bright, lacking=5, text=True)
    options = ("--epochs", 2, "--set", "network.encoders.text={name: rnn, hidden: 8}", "--set", "network.fusion=gated")
    assert cli("train", source, *QUICK, *options, "--out", "run") == 0
    made = report()
    assert {f.group for f in made.findings if f.name == "mae" and f.group} >= {
        f"input={name}" for one in ("photo", "text", "table") for name in (f"{one} alone", f"without {one}")
    }
    lacking = {(f.split, f.group): f.value for f in made.findings if f.name == "rows_missing_input"}
    assert sum(value for (_, group), value in lacking.items() if group == "input=photo") == ROWS / 5
    notes = json.loads((Path("run") / "exhibits" / "notes.json").read_text())
    assert any("Input 'photo' is missing in" in cell for row in notes["rows"] for cell in row)
    experiment = Run("run").experiment
    assert experiment.network.fusion.options == {"modality_dropout": 0.1, "feature_dropout": 0.5, "width": 128}
    assert not (Path("run") / files.CHECKPOINTS).exists()

    capsys.readouterr()
    pl.DataFrame(
        {"photo": ["photos/1.png", None, None], "size": [1.0, 0.5, None], "text": [None, "old house", None]}
    ).write_csv("new.csv")
    assert cli("predict", "run", "new.csv", "-o", "p.csv", "-q") == 0
    assert pl.read_csv("p.csv")["predicted_price"].is_not_null().all()
    assert cli("evaluate", "run", "-q") == 0


def test_the_report_says_that_two_inputs_are_better_than_one(cli, place: Path) -> None:
    source = houses(place, lambda size, bright: size + 4 * bright, rows=300)
    assert cli("train", source, "--epochs", 12, *QUICK, "--out", "run", "--require", "fusion_gain > 0") == 0
    made = report()
    gain = found(made, "fusion_gain")
    best, best_name = min((found(made, "mae", f"{name} alone").value or 0, name) for name in ("photo", "table"))
    assert gain.interval is not None and gain.interval[0] > 0
    assert gain.value == pytest.approx(best - (found(made, "mae").value or 0))
    assert any(
        str(sentence).startswith(say("summary.fusion-better", count=2, best=f"‘{best_name}’"))
        for sentence in summary_text(made)
    )
    worse = found(made, "mae_difference", "without photo")
    assert worse.interval is not None and worse.interval[1] < 0
    page = (Path("run") / files.PAGE).read_text()
    assert say("sections.inputs") in page and say("exhibits.missing-inputs") in page


def test_the_report_says_that_fusion_does_not_help_where_it_does_not(cli, place: Path) -> None:
    """Planted: the price has nothing to do with the photo."""
    source = houses(place, lambda size, bright: 2 * size, rows=300)
    assert cli("train", source, "--epochs", 12, *QUICK, "--out", "run", "--require", "fusion_gain > 0") != 0
    made = report()
    gain = found(made, "fusion_gain")
    assert gain.interval is not None and gain.interval[0] <= 0
    assert gain.again is not None and gain.again.options["best"] == "table"
    better = say("summary.fusion-better", count=2, best="‘table’")
    assert not any(str(sentence).startswith(better) for sentence in summary_text(made))


def test_inputs_alone_are_trained_where_asked_and_not_on_a_budget(cli, place: Path) -> None:
    source = houses(place, lambda size, bright: size, rows=80)
    assert cli("train", source, "--epochs", 1, *QUICK, "--out", "run", "--set", "single_input_ablation=false") == 0
    assert found(report(), "fusion_gain").why == say(
        "pipeline.no-single-input-ablation", why="as single_input_ablation is false"
    )
    assert found(report(), "mae", "without photo").value is not None
    assert cli("train", source, *QUICK, "--epochs", 1, "--out", "other", "--max-time", "1m") == 0
    assert "budget" in (found(report("other"), "fusion_gain").why or "")


def test_photos_that_share_a_backbone(cli, place: Path) -> None:
    source = houses(place, lambda size, bright: size + bright, rows=80)
    table = pl.read_csv(source)
    table.with_columns(back=pl.col("photo").reverse()).write_csv("two.csv")
    common = ("--epochs", 1, *QUICK, "--set", "single_input_ablation=false")
    assert cli("train", "two.csv", *common, "--out", "apart") == 0
    assert cli("train", "two.csv", *common, "--out", "run", "--set", "network.share=[[photo, back]]") == 0
    first, second = (report(run).find("params", split=None) for run in ("apart", "run"))
    assert first is not None and second is not None and (first.value or 0) > (second.value or 0)
    network = Run("run").network
    assert network.encoders[0].backbone is network.encoders[1].backbone
    assert cli("evaluate", "run", "-q") == 0


@pytest.mark.parametrize(
    ("share", "words"),
    [
        ("[[photo, table]]", "'photo' is image 1×6×6 and 'table' is table 1|different networks"),
        ("[[photo, phto]]", "there is no input 'phto'. Did you mean 'photo'"),
        ("[[photo, photo]]", "'photo' appears twice"),
    ],
)
def test_inputs_that_cannot_share_a_backbone(place: Path, share: str, words: str) -> None:
    from leadline import train

    source = houses(place, lambda size, bright: size, rows=40)
    with pytest.raises(UsageError, match=words):
        train(str(source), target="price", settings=[f"network={NETWORK}", f"network.share={share}"], quiet=True)


def test_an_input_that_all_test_rows_lack_is_named(cli, place: Path, capsys) -> None:
    source = houses(place, lambda size, bright: size, rows=80)
    part = pl.Series("split", ["train"] * 50 + ["validation"] * 10 + ["test"] * 20)
    table = pl.read_csv(source).with_columns(part)
    table.with_columns(photo=pl.when(pl.col("split") != "test").then("photo")).write_csv("s.csv")
    assert cli("train", "s.csv", "--split", "split", "--epochs", 1, *QUICK[:-1], "--out", "run") == 0
    assert "no test row has the input 'photo'" in capsys.readouterr().err
    assert found(report(), "mae", "photo alone").why == "no test row has it"
    assert found(report(), "fusion_gain").value is not None


def test_fitted_models_take_rows_that_lack_an_input(cli, place: Path) -> None:
    source = houses(place, lambda size, bright: size + bright, lacking=4, rows=120)
    assert cli("train", source, *QUICK, "--set", "network=linear", "--out", "run") == 0
    made = report()
    assert found(made, "fusion_gain").value is not None
    assert (found(made, "mae", "without table").value or 0) > (found(made, "mae").value or 0)


def test_repeats_train_inputs_alone_where_asked(cli, place: Path) -> None:
    source = houses(place, lambda size, bright: size + bright, rows=80)
    assert (
        cli(
            "train",
            source,
            "--epochs",
            1,
            *QUICK,
            "--repeats",
            2,
            "--set",
            "single_input_ablation=true",
            "--out",
            "run",
        )
        == 0
    )
    over = [
        f
        for f in report().findings
        if f.name in ("mae_over_repeats", "fusion_gain_over_repeats") and f.value is not None
    ]
    assert {f.group for f in over} == {None, "input=photo alone", "input=table alone"}
    again = report("run/repeats/seed-1")
    mean = (found(report(), "mae", "photo alone").value or 0) / 2 + (found(again, "mae", "photo alone").value or 0) / 2
    assert next(f.value for f in over if f.group == "input=photo alone") == pytest.approx(mean)


def test_a_run_stopped_at_an_input_alone_goes_on_there(cli, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = houses(place, lambda size, bright: size + bright, rows=80)
    common = ("train", source, "--epochs", 2, *QUICK)
    assert cli(*common, "--out", "whole") == 0
    real, calls = run.fit, []

    def stopped(begun: Begun) -> Any:
        calls.append(begun)
        if len(calls) == 2:
            raise Interrupted("Stopped.", 15)
        return real(begun)

    monkeypatch.setattr(run, "fit", stopped)
    assert cli(*common, "--out", "run") == 143
    monkeypatch.setattr(run, "fit", real)
    assert cli("resume", "run", "-q") == 0
    one, other = ({f.label: f.value for f in report(run).findings if f.split == "test"} for run in ("whole", "run"))
    assert one == other


def test_an_input_that_no_train_row_has_is_refused(cli, place: Path, capsys) -> None:
    source = houses(place, lambda size, bright: size, rows=80)
    part = pl.Series("split", ["train"] * 50 + ["validation"] * 10 + ["test"] * 20)
    table = pl.read_csv(source).with_columns(part)
    table.with_columns(photo=pl.when(pl.col("split") == "test").then("photo")).write_csv("s.csv")
    assert cli("train", "s.csv", "--split", "split", "--epochs", 1, *QUICK, "--out", "run") == 2
    assert "photo" in capsys.readouterr().err
