"""Train CatBoost or RealMLP on a table and print its score on the test rows; runs in an environment that has them.

``python tables.py catboost|realmlp table.csv``: columns `split` and `target` beside the inputs. Accuracy of classes,
else the mean absolute error; seconds are those of fitting.
"""

import argparse
import json
import time

import numpy as np
import pandas as pd


def main() -> None:
    """Read the table, fit, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=("catboost", "realmlp"))
    parser.add_argument("table")
    options = parser.parse_args()
    table = pd.read_csv(options.table, na_values=["?"], keep_default_na=True)
    classes = table["target"].dtype == object
    inputs = table.drop(columns=["split", "target"])
    words = [name for name in inputs if inputs[name].dtype == object or inputs[name].nunique() <= 2]
    inputs[words] = inputs[words].astype(str)
    rows = {name: (table["split"] == name).to_numpy() for name in ("train", "validation", "test")}
    start = time.perf_counter()
    predicted = globals()[f"_{options.model}"](inputs, table["target"], rows, words, classes)
    seconds = time.perf_counter() - start
    actual = table["target"][rows["test"]].to_numpy()
    score = float(np.mean(predicted == actual)) if classes else float(np.mean(np.abs(predicted - actual)))
    print(json.dumps({"score": score, "seconds": seconds}))


def _catboost(inputs, target, rows, words, classes):
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostClassifier if classes else CatBoostRegressor
    model = kind(verbose=0, thread_count=2, early_stopping_rounds=100, random_seed=0, allow_writing_files=False)
    held = (inputs[rows["validation"]], target[rows["validation"]])
    model.fit(inputs[rows["train"]], target[rows["train"]], cat_features=words, eval_set=held)
    return np.ravel(model.predict(inputs[rows["test"]]))


def _realmlp(inputs, target, rows, words, classes):
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    kind = RealMLP_TD_Classifier if classes else RealMLP_TD_Regressor
    model = kind(random_state=0, n_threads=2, device="cpu")
    inputs[words] = inputs[words].astype("category")
    model.fit(
        inputs[rows["train"]],
        target[rows["train"]],
        X_val=inputs[rows["validation"]],
        y_val=target[rows["validation"]],
        cat_col_names=words,
    )
    return np.ravel(model.predict(inputs[rows["test"]]))


if __name__ == "__main__":
    main()
