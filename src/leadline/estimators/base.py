"""What both estimators share: a network trained as ever, on all rows that are given, behind scikit-learn's contract.

n rows, p columns.
"""

from __future__ import annotations

import inspect
import json
import signal
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Literal, Self

import numpy as np
import polars as pl
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
from torch import nn

from leadline.core import yaml_io
from leadline.core.catalogue import say
from leadline.core.entries.surface import call, speaking
from leadline.core.experiment import Experiment
from leadline.core.schema import Schema
from leadline.data.checks.unseen import UnseenValues
from leadline.data.dataset import prepare
from leadline.data.sources import frames
from leadline.errors import Interrupted, LeadlineError, RunError, UnknownKeyword, UsageError, did_you_mean
from leadline.objectives.lookup import objective_for
from leadline.objectives.own_loss import component_of as loss_component
from leadline.pipeline.calibrate import calibrate_run
from leadline.pipeline.context import RunContext
from leadline.pipeline.fit import fit
from leadline.pipeline.resolving.compose import compose
from leadline.pipeline.resolving.keywords import current
from leadline.pipeline.train import start
from leadline.run import folder as files
from leadline.run.inference import not_finite, predict_subset
from leadline.run.run import load_shipped
from leadline.training.optim.own import component_of as optimizer_component

TARGET, WEIGHT = "target", "sample weight"  # columns beside those of X, which are called x0, x1 …
SEEDS = 2**31 - 1
ESTIMATOR = "estimator.json"
OWN = {"own": True}  # in the place of a network of the user's own, which no file of ours holds
ARRAYS = ("classes_", "feature_names_in_")  # what `fit` learns beside the network


class Estimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A network from `fit` to `predict`, with the entries of an experiment as parameters.

    `network` is a name, a name with options (``{"name": "mlp", "hidden": [64]}``), or a network of your own, from
    columns (n,F) to features: an ``nn.Module``, its class, or a function or `partial` that makes one. What is None is
    chosen from the data. `members` networks are trained side by side, and what they predict is averaged. `loss` is a
    function of scores and targets, or an ``nn.Module``, that gives a value for each row, in the place of the usual one;
    `optimizer` a name, a name with options, or a class of `torch.optim.Optimizer`.
    Every row given trains the network, except for a share `validation`, which early stopping then watches. `settings`
    are further entries of the experiment by dotted path (``{"training.clip": 1.0}``). Missing values may be NaN;
    `missing_values` are numbers that stand for one too, in all columns of numbers (``-999``) or in some (``{"insulin":
    0}``; columns of an array by position). Columns of a data frame may also be text, dates or booleans; `nulls` are the
    words in their text that stand for a missing value, none with ``[]``.
    """

    objective: ClassVar[str]

    def __new__(cls, *_: Any, **given: Any) -> Self:
        with speaking("estimator"):
            current(given, inspect.signature(cls).parameters, f"leadline.{cls.__name__}")
        made: Self = super().__new__(cls)
        return made

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        _, *others = inspect.signature(cls.__init__).parameters.values()
        cls.__signature__ = inspect.Signature(others)

    def __init__(
        self,
        network: str | Mapping[str, Any] | Callable[..., nn.Module] | None = None,
        *,
        epochs: int | None = None,
        batch: int | None = None,
        members: int | None = None,
        lr: float | Literal["auto"] | None = None,
        loss: str | Mapping[str, Any] | Callable[..., Any] | None = None,
        optimizer: str | Mapping[str, Any] | Callable[..., torch.optim.Optimizer] | None = None,
        schedule: str | Mapping[str, Any] | None = None,
        device: str | None = None,
        threads: int | None = None,
        validation: float = 0.0,
        missing_values: float | Sequence[float] | Mapping[Any, float | Sequence[float]] | None = None,
        nulls: Sequence[str] | None = None,
        settings: Mapping[str, Any] | None = None,
        random_state: Any = 0,
    ) -> None:
        self.network = network
        self.epochs = epochs
        self.batch = batch
        self.members = members
        self.lr = lr
        self.loss = loss
        self.optimizer = optimizer
        self.schedule = schedule
        self.device = device
        self.threads = threads
        self.validation = validation
        self.missing_values = missing_values
        self.nulls = nulls
        self.settings = settings
        self.random_state = random_state

    def _train(self, frame: pl.DataFrame, target_n: np.ndarray, kind: str, sample_weight: Any) -> None:
        """Fit on a frame (n,p) and an encoded target (n,).

        Raises ValueError where the data cannot be learned from, KeyboardInterrupt after Ctrl-C.
        """
        if frame.height < 2:
            raise ValueError(say("estimators.too-few-samples", rows=frame.height))
        weight_n = (
            None
            if sample_weight is None
            else _check_sample_weight(sample_weight, frame.to_numpy(), ensure_non_negative=True)
        )
        if weight_n is not None and not weight_n.any():
            raise ValueError(say("estimators.zero-weights"))
        beside = {TARGET: target_n} if weight_n is None else {TARGET: target_n, WEIGHT: weight_n}
        frame = frame.with_columns(pl.Series(name, values) for name, values in beside.items())
        try:
            with speaking("estimator"), call(), TemporaryDirectory(prefix="leadline-") as folder:
                entries = self._entries(frame, kind, weighted=weight_n is not None)
                run_context = RunContext(*compose(frame, **entries))
                begun = start(run_context, Path(folder))
                trained = calibrate_run(begun, fit(begun))
                self.weights_ = (begun.folder / files.WEIGHTS).read_bytes()
        except Interrupted as stopped:
            # No checkpoint is kept here, so Ctrl-C is what it is in any estimator; a search would go on after an error.
            signal.raise_signal(stopped.exit_code - 128)
            raise KeyboardInterrupt from None  # where the caller's own handler of the signal has returned
        except LeadlineError as error:
            raise ValueError(str(error)) from error
        self.experiment_ = begun.run_context.experiment.to_yaml()
        self.schema_ = begun.dataset.schema.model_dump_json()
        self.history_ = trained.history
        self._load()

    def _entries(self, frame: pl.DataFrame, kind: str, *, weighted: bool) -> dict[str, Any]:
        given = {
            "data.split": {"by": "random", "test": 0.0, "validation": self.validation},
            "data.weight": WEIGHT if weighted else None,
            "data.types": {**{c: "number" for c in frame.columns if frame[c].dtype.is_numeric()}, TARGET: kind},
            "data.missing_values": self._missing_values(frame),
            "data.nulls": self.nulls,
            "baselines": (),
            **(self.settings or {}),
        }
        return {
            "network": self.network,
            "objective": self.objective,
            "loss": self.loss,
            "epochs": self.epochs,
            "batch": self.batch,
            "members": self.members,
            "lr": self.lr,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "device": self.device,
            "threads": self.threads,
            "seed": int(check_random_state(self.random_state).randint(SEEDS)),
            "target": TARGET,
            # nothing is timed: the same call gives the same bits, on a busy machine too
            "deterministic": None if "training.deterministic" in given else True,
            "settings": {path: value for path, value in given.items() if value is not None},
        }

    def _missing_values(self, frame: pl.DataFrame) -> dict[str, Any] | None:
        """Return which numbers stand for a missing value, by column of the frame; raises ValueError for a column that X
        has not.
        """
        columns = [name for name in frame.columns if name not in (TARGET, WEIGHT)]
        if self.missing_values is None or not isinstance(self.missing_values, Mapping):
            numbers = [name for name in columns if frame[name].dtype.is_numeric()]
            return None if self.missing_values is None else dict.fromkeys(numbers, self.missing_values)
        names = [str(name) for name in getattr(self, "feature_names_in_", range(len(columns)))]
        unknown = [key for key in self.missing_values if str(key) not in names]
        if unknown:
            suggestion = did_you_mean(str(unknown[0]), names)
            raise ValueError(say("estimators.missing-values-of-no-column", column=unknown[0], suggestion=suggestion))
        found = {columns[names.index(str(key))]: value for key, value in self.missing_values.items()}
        for key, name in zip(self.missing_values, found, strict=True):
            if not frame[name].dtype.is_numeric():
                raise ValueError(say("data.missing-values-of-no-numbers", column=key, dtype=frame[name].dtype))
        return found

    def set_params(self, **params: Any) -> Self:
        """Change parameters; raises ValueError for a name that there is not, with the right one."""
        try:
            with speaking("estimator"):
                current(params, inspect.signature(type(self)).parameters, f"leadline.{type(self).__name__}")
        except UnknownKeyword as error:
            raise ValueError(str(error)) from None
        super().set_params(**params)
        return self

    def _decisions(self, X: Any) -> Mapping[str, np.ndarray]:
        """Return what the network decides for the rows of X, as the objective's columns; raises ValueError for unusable
        rows.
        """
        check_is_fitted(self, "weights_")
        frame = self._frame(X, reset=False)
        experiment, schema, network = self._network
        try:
            dataset = prepare(experiment.data, frame, schema=schema, labelled=False)
        except LeadlineError as error:
            raise ValueError(str(error)) from error
        if dataset.invalid_rows.height:
            row = dataset.invalid_rows.row(0, named=True)
            raise ValueError(say("estimators.row-unusable", row=row["row"], reason=row["reason"]))
        self._warn_of_unseen(dataset.unseen)
        (part,) = dataset.splits.values()
        assert experiment.objective is not None
        decided = predict_subset(network, objective_for(experiment.objective), part)
        wrong_n = not_finite(decided, part)
        if wrong_n.any():
            first, reason = int(wrong_n.argmax()) + 1, say("evaluation.output-not-finite")
            raise ValueError(say("estimators.row-unusable", row=first, reason=reason))
        return decided

    def _warn_of_unseen(self, found: Sequence[UnseenValues]) -> None:
        """Warn once of all that the rows of a call hold and those of `fit` did not; columns are called as in X."""
        if not found:
            return
        own = getattr(self, "feature_names_in_", None)
        names = {f"x{at}": str(name) for at, name in enumerate(own)} if own is not None else {}
        told = " ".join(one.said(names.get(one.column)) for one in found)
        warnings.warn(told, UserWarning, stacklevel=4)  # at the line that calls `predict`

    def _load(self) -> None:
        """Build the network of the bytes that are kept."""
        experiment = Experiment.recorded(yaml_io.load(self.experiment_, "experiment_"))
        schema = Schema.recorded(self.schema_)
        with TemporaryDirectory(prefix="leadline-") as folder:
            file = Path(folder) / files.WEIGHTS
            file.write_bytes(self.weights_)
            modules = {schema.inputs[0].name: self.network} if callable(self.network) else None
            network = load_shipped(file, experiment, schema, modules)
        # In float64 a row's prediction does not depend on the rows beside it.
        self._network = experiment, schema, network.double()

    def _frame(self, X: Any, *, reset: bool) -> pl.DataFrame:
        """Return X (n,p) as a frame with columns x0, x1 …, checked as scikit-learn's estimators do; raises
        ValueError.
        """
        if hasattr(X, "columns"):
            validate_data(self, X, reset=reset, skip_check_array=True)
            read = frames.read(X)
            named = read.frame.with_columns(pl.col(list(read.kinds)).cast(pl.Categorical))  # as X declares them
        else:
            array_np = validate_data(self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
            named = pl.DataFrame(array_np)
        return named.rename({name: f"x{at}" for at, name in enumerate(named.columns)})

    def save(self, folder: str | Path) -> None:
        """Write the fitted estimator into a new folder, as safetensors, YAML and JSON: nothing that is read again is
        unpickled.
        """
        check_is_fitted(self, "weights_")
        where = files.create(Path(folder), "")
        files.write(where / files.WEIGHTS, self.weights_)
        files.write_experiment(where, self.experiment_)
        files.write(where / files.SCHEMA, self.schema_)
        learned = {name: value.tolist() for name in ARRAYS if (value := getattr(self, name, None)) is not None}
        params = self.get_params(deep=False)
        kept = {
            "class": type(self).__name__,
            "n_features_in_": self.n_features_in_,
            "params": {**params, **self._named()},
            **learned,
        }
        files.write(where / ESTIMATOR, json.dumps(kept, indent=1, ensure_ascii=False))

    def _named(self) -> dict[str, Any]:
        """Return, of parameters that are code of the user's own, how it is named."""
        own: dict[str, Any] = {"network": OWN} if callable(self.network) else {}
        for name, component_of in (("loss", loss_component), ("optimizer", optimizer_component)):
            if callable(getattr(self, name)):
                own[name] = component_of(getattr(self, name)).model_dump(mode="json")
        return own

    @classmethod
    def load(cls, folder: str | Path, *, network: Callable[..., nn.Module] | None = None) -> Self:
        """Return the estimator that `save` wrote; `network` is the network of your own again, if it had one.

        Raises RunError where the folder holds none, or one of another class; UsageError where the network is missing.
        """
        where = Path(folder)
        try:
            kept = json.loads((where / ESTIMATOR).read_text(encoding="utf-8"))
            texts = {name: (where / name).read_text(encoding="utf-8") for name in (files.EXPERIMENT, files.SCHEMA)}
            weights = (where / files.WEIGHTS).read_bytes()
        except (OSError, ValueError) as error:
            raise RunError(say("estimators.not-saved", folder=where, error=error)) from None
        if kept["class"] != cls.__name__:
            raise RunError(say("estimators.other-estimator", folder=where, found=kept["class"], wanted=cls.__name__))
        if kept["params"]["network"] == OWN:
            if network is None:
                raise UsageError(say("estimators.own-network-missing", folder=str(where), type=cls.__name__))
            kept["params"]["network"] = network
        loaded = cls(**kept["params"])
        loaded.n_features_in_ = kept["n_features_in_"]
        for name in ARRAYS:
            if name in kept:
                setattr(loaded, name, np.array(kept[name], dtype=object if name == "feature_names_in_" else None))
        loaded.weights_, loaded.experiment_, loaded.schema_ = weights, texts[files.EXPERIMENT], texts[files.SCHEMA]
        loaded._load()
        return loaded

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: parameters, and the network as bytes in safetensors' form."""
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_network", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if hasattr(self, "weights_"):
            self._load()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
