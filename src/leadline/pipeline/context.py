"""What one run is made from, and whom it talks to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from torch import nn

from leadline.core.experiment import Experiment
from leadline.objectives.contract import BoundObjective
from leadline.objectives.lookup import objective_for
from leadline.pipeline.progress import Progress, Silent
from leadline.training.distributed import ALONE, World


@dataclass(frozen=True)
class RunContext:
    """An experiment with what no file can hold: data in memory, a user's own modules by input name, processes, a
    listener.

    While a job `shares_machine` with other runs nothing about it is timed. `moved` says where the data of a finished or
    interrupted run lies now, by entry of the experiment, where that is elsewhere.
    """

    experiment: Experiment
    memory: object | None = None
    modules: Mapping[str, nn.Module] = field(default_factory=dict)
    world: World = ALONE
    shown: Progress = field(default_factory=Silent)
    shares_machine: bool = False
    moved: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def objective(self) -> BoundObjective:
        """What the network is trained for; only a resolved experiment says so."""
        assert self.experiment.objective is not None
        return objective_for(self.experiment.objective)

    @property
    def names(self) -> Mapping[str, str]:
        """What files of data that lie elsewhere now were called when the run began, by path."""
        data = self.experiment.data
        found = {path: str(getattr(data, entry)) for entry, path in self.moved.items()}
        given = self.memory if isinstance(self.memory, str | Path) and data.source else None
        return found if given is None else {**found, str(given): data.source}

    def of(self, experiment: Experiment, modules: Mapping[str, nn.Module] | None = None) -> RunContext:
        """Return the same job for another experiment."""
        return replace(self, experiment=experiment, modules=self.modules if modules is None else modules)
