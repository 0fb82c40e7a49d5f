"""Leadline inside scikit-learn: a pipeline, a grid search over its parameters, and a network saved without pickle."""

import tempfile
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

import leadline

if __name__ == "__main__":
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

    pipeline = make_pipeline(SelectKBest(k=20), leadline.Classifier(epochs=15, optimizer={"name": "adamw", "lr": 0.01}))
    widths = [{"name": "mlp", "hidden": [units]} for units in (4, 32)]
    search = GridSearchCV(pipeline, {"classifier__network": widths}, cv=3).fit(X_train, y_train)
    print("chosen by cross-validation:", search.best_params_)
    print(f"accuracy on rows held out: {search.score(X_test, y_test):.3f}")

    with tempfile.TemporaryDirectory() as folder:
        network = search.best_estimator_[-1]
        network.save(Path(folder) / "network")  # safetensors, YAML and JSON
        again = leadline.Classifier.load(Path(folder) / "network")
        chosen = search.best_estimator_[:-1].transform(X_test)
        assert (again.predict(chosen) == network.predict(chosen)).all()
