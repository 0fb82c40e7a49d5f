"""What other tools call attributes of a run, functions of the package and keywords of `fit`, and what each is here.

Read where an attribute or a call is wrong, as `foreign_names.py` is for entries of the experiment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

from leadline.core.catalogue import say
from leadline.core.entries.did_you_mean import answer
from leadline.core.entries.surface import speaking
from leadline.core.entries.writing import LONG, shown
from leadline.errors import UnknownKeyword, did_you_mean

Method = TypeVar("Method", bound=Callable[..., Any])

_NETWORK = dict.fromkeys(
    ("model", "net", "module", "estimator", "state_dict", "parameters", "forward", "eval", "to", "summary"),
    "run.network",
)
_MEASURE = {name: f"run.report[{name!r}]" for name in ("accuracy", "best_epoch", "r2", "mae", "f1_macro")}
RUN: Mapping[str, str] = {
    **_NETWORK,
    **_MEASURE,
    "loss": "run.report['nll'], or run.history",
    **dict.fromkeys(("metrics", "results", "scores", "findings", "best_score_"), "run.report.findings"),
    **dict.fromkeys(("score", "test", "validate", "evaluation"), "run.evaluate(rows)"),
    **dict.fromkeys(("predict_proba", "predictions", "transform", "infer"), "run.predict(rows)"),
    **dict.fromkeys(("path", "dir", "output_dir", "log_dir"), "run.folder"),
    **dict.fromkeys(("save", "save_model", "checkpoint"), "run.folder, where it is saved; leadline.load opens it"),
    **dict.fromkeys(("config", "params", "hparams", "get_params", "args"), "run.experiment"),
    **dict.fromkeys(("losses", "log", "logs", "history_", "plot"), "run.history"),
    **dict.fromkeys(("columns", "classes_", "features", "feature_names_in_"), "run.schema"),
    **dict.fromkeys(("embed", "embeddings", "encode"), "leadline.embed(run, rows)"),
    **dict.fromkeys(("fit", "train"), "leadline.train(source)"),
}
PACKAGE: Mapping[str, str] = {
    **dict.fromkeys(("fit", "learn", "Trainer", "Model", "AutoML"), "leadline.train(source, target='…')"),
    **dict.fromkeys(("cv", "cross_validate", "cross_val_score", "kfold"), "leadline.crossval(source, folds=5)"),
    **dict.fromkeys(("load_model", "load_run", "open", "from_pretrained", "restore"), "leadline.load(folder)"),
    **dict.fromkeys(("score", "test", "eval", "validate"), "leadline.evaluate(run, rows)"),
    **dict.fromkeys(("predict_proba", "infer", "forecast"), "leadline.predict(run, rows)"),
    **dict.fromkeys(("transform", "encode", "embeddings"), "leadline.embed(run, rows)"),
    **dict.fromkeys(("generate",), "leadline.sample(run)"),
    **dict.fromkeys(("LeadlineClassifier", "NetworkClassifier", "MLPClassifier"), "leadline.Classifier"),
    **dict.fromkeys(("LeadlineRegressor", "NetworkRegressor", "MLPRegressor"), "leadline.Regressor"),
    **dict.fromkeys(("Config", "config"), "leadline.Experiment"),
}
# Lists that commands alone print.
COMMANDS = ("models", "objectives", "optimizers", "schedules", "augmentations", "analyses", "datasets")
# Keywords of `fit` elsewhere that say which rows validate.
_VALIDATION = ("validation_data", "eval_set", "validation_split", "X_val", "y_val", "valid_set", "validation_fraction")


def of_run(name: str) -> str:
    """Return what is wrong with an attribute that a run does not have, and what to write instead."""
    known = ("folder", "experiment", "report", "schema", "network", "history", "predict", "evaluate", "name")
    return _said("A Run", name, RUN, known)


def of_package(name: str, known: Collection[str]) -> str:
    """Return what is wrong with a name that the package does not have, and what to write instead; `known` are
    those that it has."""
    if name in COMMANDS:
        return say("options.command-alone", name=name)
    return _said("leadline", name, PACKAGE, known)


def _said(owner: str, name: str, table: Mapping[str, str], known: Collection[str]) -> str:
    hint = say("options.write", what=table[name]) if name in table else did_you_mean(name, known)
    return say("options.no-attribute", owner=owner, name=name, hint=hint)


def fit_keywords(fit: Method) -> Method:
    """Make a `fit` answer keywords that it does not have: parameters are given to the class."""

    @wraps(fit)
    def call(self: Any, *values: Any, **given: Any) -> Any:
        for name, value in given.items():
            if name not in fit.__code__.co_varnames[: fit.__code__.co_argcount]:
                raise UnknownKeyword(_of_fit(self, name, value))
        return fit(self, *values, **given)

    return cast(Method, call)


def _of_fit(estimator: Any, name: str, value: Any) -> str:
    owner = type(estimator).__name__
    with speaking("estimator"):
        if name in _VALIDATION:
            hint = say("estimators.validation-is-a-share", owner=owner)
        elif name in estimator.get_params():
            text = shown(value)
            hint = say("estimators.given-to-class", owner=owner, what=f"{name}={text if len(text) <= LONG else '…'}")
        else:
            hint = answer(name, value) or say("estimators.fit-takes", owner=owner)
    return say("options.unknown-keyword", function=f"{owner}.fit", name=name, hint=hint)


def positional(verb: str, values: tuple[Any, ...]) -> str:
    """Return what is wrong with values that are given to a verb after its source, without a keyword."""
    names = isinstance(values[0], str) or (
        isinstance(values[0], list | tuple) and all(isinstance(one, str) for one in values[0])
    )
    if not names:
        return say("options.target-as-values", type=type(values[0]).__name__)
    return say("options.target-by-keyword", function=f"leadline.{verb}", target=shown(values[0]))
