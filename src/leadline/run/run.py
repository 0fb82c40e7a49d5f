"""A run: a folder and the network in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from leadline.core.catalogue import say
from leadline.core.entries.foreign_attributes import of_run
from leadline.core.entries.renamed import tensor_name
from leadline.core.experiment import Experiment
from leadline.core.report import Report
from leadline.core.schema import Schema
from leadline.core.wording import shortened
from leadline.errors import RunError
from leadline.objectives.contract import BoundObjective
from leadline.objectives.lookup import objective_for
from leadline.run import folder as files
from leadline.run import notebook
from leadline.run.build import build_network
from leadline.run.own_code_trust import check_code
from leadline.run.parquet import read_parquet


class Run:
    """A finished run on disk; its network is loaded when first asked for, and only if it is what the manifest says.

    `modules` gives a user's own network modules by input name, for runs that were trained with one that no file
    declares. With `trust_code` code that the run names may be run for its network. Raises RunError where the folder is
    missing, unfinished, edited or foreign.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        modules: Mapping[str, Callable[..., nn.Module]] | None = None,
        trust_code: bool = False,
    ) -> None:
        self.folder = Path(folder).expanduser()
        self.modules = modules
        self.trust_code = trust_code
        files.verify(self.folder, (files.EXPERIMENT, files.REPORT))
        self.experiment = Experiment.read(self.folder / files.EXPERIMENT)
        if self.experiment.data.split.every_fold:
            raise RunError(say("run.is-cross-validation", folder=folder, runs=self.folder / files.FOLDS))
        files.verify(self.folder, (files.SCHEMA,))
        self.schema = read_schema(self.folder)
        self.report = Report.read(self.folder / files.REPORT)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @cached_property
    def objective(self) -> BoundObjective:
        """What the network was trained for."""
        assert self.experiment.objective is not None
        return objective_for(self.experiment.objective)

    @cached_property
    def network(self) -> nn.Module:
        """The shipped network in eval mode, on the CPU, in float32."""
        self.check_code()
        files.verify(self.folder, (files.WEIGHTS,))
        return load_shipped(self.folder / files.WEIGHTS, self.experiment, self.schema, self.modules)

    def check_code(self) -> None:
        """Raise RunError where the network needs code that may not be run."""
        check_code(self.folder, self.experiment, self.modules, trusted=self.trust_code)

    @cached_property
    def history(self) -> pl.DataFrame:
        """A row per tick: step, epoch, losses, measures on validation, learning rate, speed."""
        files.verify(self.folder, (files.HISTORY,))
        return read_parquet(self.folder / files.HISTORY)

    def __getattr__(self, name: str) -> Any:
        """Answer an attribute that there is not with the one that is meant."""
        if name.startswith("_"):  # asked for by tools, which read no sentences
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise AttributeError(of_run(name))

    def __repr__(self) -> str:
        """Return in a line, of at most 200 characters, where the run lies, what it is and how good it is."""
        main = self.report.main
        measured = "nothing measured" if main is None else self.report.wording.brief(main)
        return f"Run({shortened(str(self.folder), 50)!r}: {', '.join((self.experiment.brief, measured))})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the measures on the test rows, with intervals."""
        title = f"{shortened(str(self.folder), 80)}: {self.experiment.brief}"
        return notebook.table(self.report.quality(), self.report.wording, title)


def read_schema(folder: Path) -> Schema:
    """Read the fitted schema of a run; raises RunError where it is missing or damaged."""
    file = folder / files.SCHEMA
    try:
        return Schema.recorded(file.read_bytes())
    except FileNotFoundError:
        raise RunError(say("run.not-a-run-no-schema", folder=folder, schema=files.SCHEMA)) from None
    except ValueError:
        raise RunError(say("run.schema-damaged", file=file)) from None


def load_shipped(
    file: Path,
    experiment: Experiment,
    schema: Schema,
    modules: Mapping[str, Callable[..., nn.Module]] | None = None,
) -> nn.Module:
    """Return the network that ships, its weights read from `file`, ready to be used: in eval mode, on the CPU, in
    float32.

    Raises RunError where the file is missing, damaged or belongs to another network.
    """
    assert experiment.objective is not None
    objective = objective_for(experiment.objective)
    network = objective.learning.ship(build_network(experiment, schema, modules, start=False))
    load_weights(network, file)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # as pictures are stored; 2 to 3 times as fast
    return network.eval()


def save_weights(network: nn.Module, file: Path) -> None:
    """Write a network's weights and buffers as safetensors, atomically, in plain memory order; shared tensors are kept
    once.
    """
    network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # missing from the stubs
    with TemporaryDirectory(dir=file.parent) as beside:
        written = Path(beside) / file.name
        safetensors.torch.save_model(network, str(written))
        # a new file with the user's usual permissions: safetensors makes private ones
        files.write(file, written.read_bytes())


def load_weights(network: nn.Module, file: Path) -> None:
    """Load weights into a network; raises RunError where the file is damaged or belongs to another network."""
    try:
        tensors = {tensor_name(name): x for name, x in safetensors.torch.load_file(file).items()}
        # Shared ones are written once, by one of their names. safetensors' own reader takes batch norm's counters for
        # strangers.
        named: dict[int, list[str]] = {}
        for name, x in network.state_dict(keep_vars=True).items():
            named.setdefault(id(x), []).append(name)
        for names in named.values():
            there = next((name for name in names if name in tensors), None)
            tensors |= {} if there is None else dict.fromkeys(names, tensors[there])
        network.load_state_dict(tensors)
    except FileNotFoundError:
        raise RunError(say("run.file-missing", file=file)) from None
    except (SafetensorError, RuntimeError) as error:
        raise RunError(say("run.weights-do-not-fit", file=file, error=error)) from None
