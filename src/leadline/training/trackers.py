"""Trackers that are told how training goes, in formats that other tools show: TensorBoard's event files, an MLflow
server.
"""

from __future__ import annotations

import importlib
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.experiment import Experiment
from leadline.core.registry import lookup
from leadline.errors import MissingExtra, UsageError
from leadline.run.environment import environment_for, write_environment
from leadline.training.options import read_options

PARAMETER = 500  # letters that MLflow takes for the value of one


class Tracker(ABC):
    """Takes numbers by name, for steps that only rise."""

    @abstractmethod
    def begin(self, step: int) -> None:
        """Get ready for what follows a step; what was logged of later ones, before an interruption, is void."""

    @abstractmethod
    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Take the numbers after a step."""

    @abstractmethod
    def close(self) -> None:
        """Write what is not written yet."""


class TrackerOptions(Fact):
    """Options of a tracker, and how it is made."""

    def check(self) -> None:
        """Raise MissingExtra where its library is missing."""

    @abstractmethod
    def tracker(self, folder: Path, experiment: Experiment) -> Tracker:
        """Return the tracker of a run."""


class TensorBoard(TrackerOptions):
    """Event files in the folder ``tensorboard`` of the run."""

    def check(self) -> None:
        _needed("tensorboard")

    def tracker(self, folder: Path, experiment: Experiment) -> Tracker:
        return _EventFiles(folder / "tensorboard")


class MLflow(TrackerOptions):
    """A run on the MLflow server at `tracking_uri`, in the experiment of that name."""

    tracking_uri: str = Field(description="address of the tracking server")
    experiment_name: str = Field(default="leadline", description="name of the experiment")

    def check(self) -> None:
        try:
            self.client().get_experiment_by_name(self.experiment_name)
        except MissingExtra:
            raise
        except Exception as error:  # noqa: BLE001  the library raises its own, its server's and the network's
            raise UsageError(say("training.mlflow-unreachable", uri=self.tracking_uri, error=error)) from None

    def client(self) -> Any:
        """Return the library's client."""
        # else a server that is away is waited for for minutes
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        return _needed("mlflow").MlflowClient(tracking_uri=self.tracking_uri)

    def tracker(self, folder: Path, experiment: Experiment) -> Tracker:
        return _Server(self, folder, experiment)


def tracker_options(component: Component) -> TrackerOptions:
    """Return a tracker's options by name; raises UsageError where the name or an option is unknown or wrong."""
    kind: type[TrackerOptions] = lookup("trackers", component.name)
    return read_options("log", component, kind)


def resolved_trackers(components: Sequence[Component]) -> tuple[Component, ...]:
    """Return trackers with every default written out.

    Raises UsageError where a name or an option is unknown or wrong, MissingExtra where a library is missing.
    """
    resolved = []
    for component in components:
        options = tracker_options(component)
        options.check()
        resolved.append(Component(name=component.name, options=options.model_dump(mode="json")))
    return tuple(resolved)


class Trackers:
    """All trackers of a run, told of the rows of its history: train losses, validation measures, the learning rate, the
    speed.

    One that fails while training goes on is left out from then on, and `note` says so.
    """

    def __init__(
        self,
        components: Sequence[Component],
        folder: Path,
        experiment: Experiment,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._all = {one.name: tracker_options(one).tracker(folder, experiment) for one in components}
        self._told = note

    def begin(self, step: int) -> None:
        """Get ready for what follows a step."""
        self._each(lambda tracker: tracker.begin(step))

    def log(self, row: Mapping[str, Any]) -> None:
        """Take a row of the history."""
        values = {_named(name): float(value) for name, value in row.items() if _is_number(value) and name != "step"}
        self._each(lambda tracker: tracker.log(row["step"], values))

    def close(self) -> None:
        """Write what is not written yet."""
        self._each(lambda tracker: tracker.close())

    def _each(self, act: Callable[[Tracker], None]) -> None:
        for name, tracker in list(self._all.items()):
            try:
                act(tracker)
            except Exception as error:  # noqa: BLE001  whatever a server or a disk says: hours of training are worth more than a log
                del self._all[name]
                self._told(say("training.tracker-failed", tracker=name, error=error))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _named(name: str) -> str:
    if name.startswith("val_"):
        return f"validation/{name.removeprefix('val_')}"
    return name if name in ("epoch", "seconds", "examples_per_second") else f"train/{name}"


def _needed(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtra(say("training.tracker-missing", module=module, error=error)) from None


class _EventFiles(Tracker):
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None

    def begin(self, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.close()
        # What an interrupted run had logged beyond its checkpoint comes again; readers leave out the first of it.
        purge = step + 1 if self._folder.exists() else None
        self._writer = SummaryWriter(str(self._folder), purge_step=purge)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class _Server(Tracker):
    """The id of the run on the server is kept in environment.json, so that a resumed run goes on there."""

    def __init__(self, options: MLflow, folder: Path, experiment: Experiment) -> None:
        self._options, self._folder, self._experiment = options, folder, experiment
        self._done = -1
        self._client: Any = None
        self._id = ""

    def begin(self, step: int) -> None:
        # training went back: the server keeps what it has, and gets the steps that come after it
        if self._client is not None:
            return
        environment = environment_for(self._folder)
        known = environment.get("mlflow", {}).get(self._options.tracking_uri)
        self._client = self._options.client()
        self._id = known or self._new_run()
        logged = self._client.get_metric_history(self._id, "epoch") if known else ()
        self._done = max((one.step for one in logged), default=-1)
        if not known:
            servers = {**environment.get("mlflow", {}), self._options.tracking_uri: self._id}
            write_environment(self._folder, {**environment, "mlflow": servers})

    def _new_run(self) -> str:
        client = self._client
        found = client.get_experiment_by_name(self._options.experiment_name)
        where = found.experiment_id if found else client.create_experiment(self._options.experiment_name)
        run = client.create_run(where, tags={"mlflow.runName": self._folder.name})
        for name, value in _flat(self._experiment.model_dump(mode="json")):
            client.log_param(run.info.run_id, name, str(value)[:PARAMETER])
        return str(run.info.run_id)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        if step <= self._done:  # before the interruption
            return
        mlflow = _needed("mlflow")
        now = int(mlflow.utils.time.get_current_time_millis())
        metrics = [mlflow.entities.Metric(name, value, now, step) for name, value in values.items()]
        self._client.log_batch(self._id, metrics=metrics)
        self._done = step

    def close(self) -> None:
        if self._client is not None:
            self._client.set_terminated(self._id)


def _flat(value: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        return [pair for key, below in value.items() for pair in _flat(below, f"{name}.{key}" if name else str(key))]
    return [(name, value)]
