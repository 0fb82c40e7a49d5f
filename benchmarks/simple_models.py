"""The models that networks are compared with: on texts no worse than scikit-learn's TF-IDF pipeline by 0.5 points, on
MNIST in 30 seconds.

``LEADLINE_DATA=FOLDER python -m benchmarks.simple_models``, with ``mr.csv``, ``trec.train.csv``, ``trec.test.csv`` and
``mnist.npz`` in the folder.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.common import Figure, dataset, leadline, publish, report
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

FOLDS = 10  # of the movie reviews
MARGIN = 0.005


def main() -> None:
    """Fit both models to the same rows, Leadline's as a user would, and the linear one to pictures."""
    folder = dataset("mr.csv").parent
    reviews = pl.read_csv(folder / "mr.csv").select("text", pl.col("label").cast(pl.String))
    questions = pl.concat(
        [
            pl.read_csv(folder / f"trec.{split}.csv").select("text", "label", split=pl.lit(split))
            for split in ("train", "test")
        ]
    )
    with tempfile.TemporaryDirectory() as place:
        trec = _compared(questions, Path(place) / "trec")
        folds = []
        folding = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
        for fold, (_, test) in enumerate(folding.split(reviews["text"], reviews["label"])):
            split = np.full(len(reviews), "train")
            split[test] = "test"
            folds.append(_compared(reviews.with_columns(split=pl.Series(split)), Path(place) / f"mr-{fold}"))
        run = Path(place) / "mnist"
        words = ("--network", "linear", "--set", "baselines=[]")
        seconds = leadline("train", folder / "mnist.npz", *words, "--out", run)
        found = report(run)
    figures = [*_figures("TREC", [trec]), *_figures("MR", folds)]
    for name, unit, target in (("train_seconds", "s", "<= 30"), ("accuracy", "", None)):
        one = found.find(name)
        assert one is not None
        assert one.value is not None
        figures.append(
            Figure(f"{name} of MNIST, linear", one.value, unit, one.n or 1, one.method or "", one.interval, target)
        )
    figures.append(Figure("seconds of MNIST, start to report", seconds, "s", 1, "one run"))
    publish("simple_models", figures)


def _compared(rows: pl.DataFrame, place: Path) -> tuple[float, float]:
    """Return the accuracy of Leadline's model and of scikit-learn's on the test rows."""
    source = place.with_suffix(".csv")
    rows.write_csv(source)
    words = ("--target", "label", "--network", "tfidf", "--set", "data.split=column:split", "--set", "baselines=[]")
    leadline("train", source, *words, "--out", place)
    found = report(place).find("accuracy")
    assert found is not None
    assert found.value is not None
    train, test = (rows.filter(pl.col("split") == name) for name in ("train", "test"))
    theirs = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000))
    theirs.fit(train["text"].to_list(), train["label"].to_list())
    return found.value, float(theirs.score(test["text"].to_list(), test["label"].to_list()))


def _figures(name: str, pairs: list[tuple[float, float]]) -> list[Figure]:
    mine, theirs = np.mean(pairs, axis=0).tolist()
    count, method = len(pairs), f"mean of {len(pairs)} test sets; words and pairs of words, C = 1, is scikit-learn's"
    return [
        Figure(f"accuracy of {name}, tfidf", mine, "", count, method, None, f">= {theirs - MARGIN:.4f}"),
        Figure(f"accuracy of {name}, scikit-learn", theirs, "", count, method),
    ]


if __name__ == "__main__":
    main()
