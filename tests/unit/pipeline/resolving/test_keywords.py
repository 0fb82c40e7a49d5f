"""Wrong keywords of verbs and estimators are answered with the right ones, old ones are read with a warning."""

from __future__ import annotations

import pytest

import leadline
from leadline.core.catalogue import say
from leadline.core.entries.renamed import Renamed
from leadline.core.entries.train_options import CrossvalOptions, TrainOptions, declared
from leadline.errors import UnknownKeyword, UsageError
from leadline.pipeline.resolving.keywords import current, keywords
from sentences import says


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("learning_rate", 0.1, "Write lr=0.1."),
        ("n_epochs", 3, "Write epochs=3."),
        ("lr_scheduler", "cosine", "Write schedule='cosine'."),
        ("folds", 3, "It is an option of leadline.crossval."),
    ],
)
def test_a_wrong_keyword_says_the_right_one(name: str, value: object, hint: str) -> None:
    said = says("options.unknown-keyword", function="leadline.train", name=name, hint=hint)
    with pytest.raises(UnknownKeyword, match=said):
        leadline.train("iris", **{name: value})  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        leadline.train("iris", **{name: value})  # type: ignore[arg-type]


def test_a_keyword_like_no_other_lists_those_there_are() -> None:
    with pytest.raises(UnknownKeyword, match="Available: batch, context_length"):
        leadline.crossval("iris", qqqqqq=1)  # type: ignore[call-arg]


def test_an_old_keyword_is_read_with_a_warning() -> None:
    with pytest.warns(Renamed, match=says("options.renamed", old="lookback=", new="context_length=")):
        assert current({"lookback": 4}, declared(TrainOptions), "f") == {"context_length": 4}


def test_what_is_decorated_gets_its_options() -> None:
    @keywords(CrossvalOptions)
    def verb(source: object, **options: object) -> object:
        """Do something."""
        return source, options

    assert verb("a", lr=0.1, folds=3) == ("a", {"lr": 0.1, "folds": 3})
    assert (verb.__doc__ or "").startswith("Do something.\n")


def test_a_wrong_value_is_named_by_its_keyword() -> None:
    with pytest.raises(UsageError) as refused:
        leadline.train("iris", batch="many")  # type: ignore[arg-type]
    said = say("options.wrong", entry="batch", wanted="a whole number of at least 1", example="64", given="'many'")
    assert str(refused.value) == said


@pytest.mark.parametrize("estimator", [leadline.Classifier, leadline.Regressor])
def test_estimators_answer_too(estimator: type) -> None:
    said = says("options.unknown-keyword", name="hidden_layer_sizes", hint="Write settings={'network.hidden': (9,)}.")
    with pytest.raises(UnknownKeyword, match=said):
        estimator(hidden_layer_sizes=(9,))
    with pytest.raises(ValueError, match=says("options.unknown-keyword", name="early_stopping_patience")):
        estimator().set_params(early_stopping_patience=3)
    assert estimator(lr=0.1, device="cpu", threads=1).get_params()["lr"] == 0.1
