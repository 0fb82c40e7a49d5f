"""Every form of target through the command line, from the file to the report and to predictions; and targets that are
none.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.run import folder as files

RUN = ("--epochs", "2", "-q", "--deterministic", "--set", "network.size=small")
N = 120
RNG = np.random.default_rng(0)
X = {f"x{at}": RNG.normal(size=N) for at in range(3)}
GENRES = [
    ";".join(name for name, at in (("war", 0), ("love", 1), ("art", 2)) if X[f"x{at}"][row] > 0.3) or "[]"
    for row in range(N)
]
SHARE = 1 / (1 + np.exp(-X["x0"]))


def table(name: str = "t.csv", **columns: object) -> str:
    frame = pl.DataFrame({**X, **columns})
    frame.write_parquet(name) if name.endswith(".parquet") else frame.write_csv(name)
    return name


def trained(cli, *arguments: object) -> dict[str, dict]:
    """Train and return the findings on the test split by label."""
    assert cli("train", *arguments, *RUN, "--out", "run") in (0, 1, 3)
    report = json.loads(Path("run", files.REPORT).read_text(encoding="utf-8"))
    assert "could not be shown" not in Path("run", files.PAGE).read_text(encoding="utf-8")
    found = {}
    for f in report["findings"]:
        if f["split"] == "test":
            group = (f["group"] or "").partition("=")[2]
            found[f"{f['name']}({group})" if group else f["name"]] = f
    return found


def predicted(cli, source: str) -> pl.DataFrame:
    assert cli("predict", "run", source, "-q", "-o", "p.parquet") == 0
    return pl.read_parquet("p.parquet")


def test_several_targets_some_of_them_missing(cli) -> None:
    income = ["rich" if value > 0 else "poor" for value in X["x0"]]
    age = [None if row % 3 == 0 else float(40 + 10 * value) for row, value in enumerate(X["x1"])]
    source = table("t.csv", income=income, age=age)
    requirement = ("--require", "accuracy(income) >= 0.3", "--require", "mae(age) <= 100")
    found = trained(cli, source, "--target", "income,age", *requirement)
    assert found["accuracy(income)"]["n"] > found["mae(age)"]["n"] > 0
    assert found["recall(income: rich)"]["interval"]
    experiment = Path("run", files.EXPERIMENT).read_text(encoding="utf-8")
    assert "name: multitask" in experiment
    assert list(predicted(cli, source).columns)[2:] == [
        *("predicted_income", "p(income: poor)", "p(income: rich)"),
        "predicted_age",
    ]
    held_out = pl.read_parquet("run/predictions.parquet")
    assert held_out["target_age"].null_count() > 0
    assert cli("evaluate", "run", "-q") == 0


def test_a_task_may_have_an_objective_of_its_own(cli) -> None:
    visits = RNG.poisson(np.exp(X["x1"]))
    source = table("t.csv", visits=visits, price=X["x2"] * 3)
    options = (
        "--objective",
        "multitask",
        "--set",
        "objective.tasks.visits=poisson",
        "--set",
        "objective.tasks.price=gaussian",
    )
    found = trained(cli, source, "--target", "visits,price", *options)
    assert found["deviance(visits)"]["value"] > 0
    assert found["coverage(price)"]["interval"]


def test_a_distribution_and_its_spread(cli) -> None:
    found = trained(cli, "diabetes", "--objective", "gaussian")
    assert {"nll", "crps", "coverage", "interval_width", "mae"} <= set(found)
    assert list(predicted(cli, "diabetes").columns) == ["file", "row", "predicted_progression", "std"]
    assert Path("run/exhibits/calibration.test.json").exists()


def test_quantiles_with_chosen_levels(cli) -> None:
    found = trained(cli, "diabetes", "--objective", "quantiles", "--set", "objective.levels=[0.1, 0.5, 0.9]")
    assert {"pinball", "pinball(q10)", "coverage"} <= set(found)
    table_ = predicted(cli, "diabetes")
    assert bool(((table_["q10"] < table_["q50"]) & (table_["q50"] < table_["q90"])).all())


def test_counts_weighed(cli, capsys) -> None:
    source = table("t.csv", visits=RNG.poisson(np.exp(X["x1"])), w=RNG.random(N))
    found = trained(cli, source, "--target", "visits", "--objective", "poisson", "--set", "data.weight=w")
    assert found["deviance_explained"]["value"] is not None
    assert bool((predicted(cli, source)["predicted_visits"] > 0).all())
    assert (
        cli(
            "train",
            source,
            "--target",
            "visits",
            "--set",
            "data.weight=w",
            "--epochs",
            "1",
            "--deterministic",
            "--out",
            "two",
        )
        == 0
    )
    assert say("data.weighted", column="w") in capsys.readouterr().err


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_sets_of_labels(cli, name: str) -> None:
    lists = [[] if value == "[]" else value.split(";") for value in GENRES]
    source = table(name, genres=pl.Series(lists, dtype=pl.List(pl.String)) if name.endswith("parquet") else GENRES)
    found = trained(cli, source, "--target", "genres", "--set", "objective.pos_weight=balanced")
    assert {"subset_accuracy", "hamming_loss", "f1_micro", "roc_auc", "recall(love)"} <= set(found)
    assert {"predicted_genres", "p(art)", "p(love)", "p(war)"} <= set(predicted(cli, source).columns)


def test_sets_of_labels_as_an_input(cli) -> None:
    source = table("t.csv", genres=GENRES, warlike=["yes" if "war" in value else "no" for value in GENRES])
    assert (
        cli(
            "train",
            source,
            "--target",
            "warlike",
            "--epochs",
            "30",
            "-q",
            "--deterministic",
            "--inputs",
            "genres",
            "--out",
            "run",
        )
        == 0
    )
    report = json.loads(Path("run", files.REPORT).read_text(encoding="utf-8"))
    accuracy = next(
        f for f in report["findings"] if f["name"] == "accuracy" and f["split"] == "test" and f["group"] is None
    )
    assert accuracy["value"] == 1


def test_probabilities_of_classes_and_of_an_event(cli) -> None:
    source = table("t.csv", a=SHARE * 0.5, b=1 - SHARE, c=SHARE * 0.5)
    found = trained(cli, source, "--target", "a,b,c")
    assert {"nll", "kl", "brier", "probability_mae", "agreement"} <= set(found)
    shares = predicted(cli, source).select("p(a)", "p(b)", "p(c)").to_numpy()
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-5)
    Path("run").rename("first")
    found = trained(cli, table("e.csv", rain=SHARE), "--target", "rain", "--objective", "probabilities")
    assert found["kl"]["value"] < 0.5
    assert "p(rain)" in predicted(cli, "e.csv").columns


def test_a_huber_loss_is_written_out(cli) -> None:
    found = trained(cli, "diabetes", "--objective", "regression", "--set", "objective.loss=huber")
    assert found["mae"]["value"] > 0
    text = Path("run", files.EXPERIMENT).read_text(encoding="utf-8")
    assert "loss: huber" in text
    assert "delta: 1.0" in text


KIND = ["x", "y"] * (N // 2)
BAD = {
    "probability outside": (
        {"p": [*SHARE[:-1], 1.5]},
        ("--target", "p", "--objective", "probabilities"),
        ("t.csv, row 120, column 'p': 1.5 is not a probability",),
    ),
    "probabilities that do not add up": (
        {"a": [*SHARE[:-1], 0.9], "b": [*(1 - SHARE[:-1]), 0.9]},
        ("--target", "a,b"),
        ("t.csv, row 120", "sum to 1.8, not 1"),
    ),
    "negative weight": (
        {"kind": KIND, "w": [1.0] * (N - 1) + [-1.0]},
        ("--target", "kind", "--set", "data.weight=w", "--set", "data.split={validation: 0, test: 0}"),
        ("t.csv, row 120, column 'w': the weight cannot be -1.0",),
    ),
    "missing weight": (
        {"kind": KIND, "w": [None, *[1.0] * (N - 1)]},
        ("--target", "kind", "--set", "data.weight=w", "--set", "data.split={validation: 0, test: 0}"),
        ("t.csv, row 1, column 'w': the weight is missing",),
    ),
    "unknown weight": (
        {"kind": KIND},
        ("--target", "kind", "--set", "data.weight=w"),
        ("data.weight", "no column 'w'"),
    ),
    "labels all empty": (
        {"tags": ["[]"] * N},
        ("--target", "tags", "--objective", "multilabel"),
        ("no row has a label in the target 'tags'",),
    ),
    "labels all missing": (
        {"tags": [""] * N},
        ("--target", "tags", "--objective", "multilabel"),
        ("the target 'tags' has no values",),
    ),
    "unknown task": ({"kind": KIND}, ("--target", "kind,x9"), ("no column 'x9'", "x0")),
    "task twice": ({"kind": KIND}, ("--target", "kind,x0,kind"), ("'kind' twice",)),
    "negative count": (
        {"visits": [*range(N - 1), -2]},
        ("--target", "visits", "--objective", "poisson"),
        ("t.csv, row 120, column 'visits': -2 is not a count",),
    ),
    "fractional count": (
        {"visits": [0.5, *range(1, N)]},
        ("--target", "visits", "--objective", "poisson"),
        ("t.csv, row 1, column 'visits': 0.5 is not a count",),
    ),
    "objective for one of several": (
        {"kind": KIND},
        ("--target", "kind,x0", "--objective", "classification"),
        ("several targets", "'multitask'"),
    ),
    "a task whose objective does not suit": (
        {"kind": KIND},
        ("--target", "kind,x0", "--objective", "multitask", "--set", "objective.tasks.kind=gaussian"),
        ("task 'kind'", "'classification'"),
    ),
    "a requirement on no task": (
        {"kind": KIND},
        ("--target", "kind,x0", "--require", "accuracy(x0) >= 0.5"),
        ("accuracy(x0)", "accuracy(kind)"),
    ),
    "text for a number": ({"kind": KIND}, ("--target", "kind", "--objective", "gaussian"), ("one of several classes",)),
}


@pytest.mark.parametrize("name", BAD)
def test_targets_that_are_none(cli, capsys, name: str) -> None:
    columns, arguments, words = BAD[name]
    source = table("t.csv", **columns)
    assert cli("train", source, *arguments, *RUN, "--out", "run") == 2
    said = capsys.readouterr().err
    for word in words:
        assert word in said, said
    assert "Traceback" not in said
    assert not Path("run").exists()
