"""Attributes, functions and keywords of other tools are answered in one sentence that names ours."""

from __future__ import annotations

import copy
import inspect
import re
from typing import Any

import numpy as np
import pytest

import leadline
from leadline.core.entries.foreign_attributes import COMMANDS, PACKAGE, RUN, of_package
from leadline.core.registry import COMMANDS as LISTS
from leadline.errors import UnknownKeyword
from leadline.run.run import Run as StoredRun
from sentences import says


@pytest.fixture
def run() -> Any:
    return leadline.Run.__new__(leadline.Run)  # no attribute is there yet, but those of the class


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("model", "run.network"),
        ("best_epoch", "run.report['best_epoch']"),
        ("metrics", "run.report.findings"),
        ("save", "run.folder"),
        ("score", "run.evaluate(rows)"),
        ("predict_proba", "run.predict(rows)"),
    ],
)
def test_an_attribute_that_a_run_does_not_have_is_answered_with_ours(run: Any, name: str, right: str) -> None:
    with pytest.raises(AttributeError) as error:
        getattr(run, name)
    assert re.fullmatch(says("options.no-attribute", owner="A Run", name=name), str(error.value))
    assert right in str(error.value)


def test_what_is_written_instead_is_there() -> None:
    held = {"folder", "experiment", "report", "schema"}
    for right in RUN.values():
        owner, name = re.findall(r"\w+", right)[:2]
        assert hasattr(leadline, name) if owner == "leadline" else name in held or hasattr(leadline.Run, name)
    for right in PACKAGE.values():
        assert right.split("(")[0].removeprefix("leadline.") in leadline.__all__
    assert not set(RUN) & ({*vars(leadline.Run), *vars(StoredRun)} | held)
    assert not set(PACKAGE) & set(leadline.__all__)
    assert set(LISTS) <= set(COMMANDS)


def test_a_run_answers_tools_that_ask_for_hidden_names(run: Any) -> None:
    assert not hasattr(run, "_repr_png_")
    assert isinstance(copy.deepcopy(run), leadline.Run)


@pytest.mark.parametrize("name", ["fit", "load_model", "MLPClassifier", "models", "crosval"])
def test_a_name_that_the_package_does_not_have_is_answered_with_ours(name: str) -> None:
    said = of_package(name, leadline.__all__)  # a folder of the package that was imported is an attribute of it
    if name not in COMMANDS:
        with pytest.raises(AttributeError, match=re.escape(said)):
            getattr(leadline, name)
    right = PACKAGE.get(name) or {"models": "'leadline models'", "crosval": "'crossval'"}[name]
    assert right in said


@pytest.mark.parametrize(
    ("keyword", "value", "right"),
    [
        ("validation_data", ([], []), "Classifier(validation=0.2)"),
        ("eval_set", [], "Classifier(validation=0.2)"),
        ("epochs", 3, "Classifier(epochs=3)"),
        ("learning_rate", 0.1, "lr=0.1"),
        ("qqqqqqqq", 1, "sample_weight"),
    ],
)
def test_a_keyword_that_fit_does_not_have_is_answered_with_ours(keyword: str, value: object, right: str) -> None:
    with pytest.raises(TypeError) as error:
        leadline.Classifier().fit(np.zeros((4, 1)), [0, 1, 0, 1], **{keyword: value})
    assert str(error.value).startswith(f"Classifier.fit() has no keyword {keyword!r}.")
    assert right in str(error.value)


def test_fit_shows_its_own_signature() -> None:
    assert list(inspect.signature(leadline.Regressor.fit).parameters) == ["self", "X", "y", "sample_weight"]


def test_a_target_is_given_by_its_keyword() -> None:
    with pytest.raises(UnknownKeyword, match=r"target='Churn'"):
        leadline.train("iris", "Churn")  # type: ignore[call-arg]
    with pytest.raises(UnknownKeyword, match=r"leadline\.train\(\(X, y\)\)"):
        leadline.train(np.zeros((3, 2)), np.zeros(3))  # type: ignore[call-arg]
