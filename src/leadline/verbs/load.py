"""Open a finished run, with the verbs that a run has as methods.

The floors below know a run by its folder and its network (`run/run.py`); what predicts and evaluates stands above them,
so `Run` as users see it is of this floor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, overload

import polars as pl
from torch import nn

from leadline.run import run as stored
from leadline.verbs.evaluate import Evaluation, evaluate
from leadline.verbs.predict import predict


class Run(stored.Run):
    """A finished run: a folder, the network in it, and what was measured of it.

    ``leadline.train`` returns one, and ``leadline.load("runs/iris-1")`` opens one again.

    - `folder`: where it lies.
    - `experiment`: all that decides it, with every default written out; ``run.experiment.to_yaml()``.
    - `report`: what was measured; ``run.report.find("accuracy")`` is a `Finding` with its interval.
    - `schema`: the columns as they were fitted on the train rows.
    - `network`: the shipped network, an ``nn.Module`` in eval mode.
    - `history`: a row for each log entry of the training.

    `modules` gives a user's own network modules by input name, for runs that were trained with one that no file
    declares; `trust_code` lets code that the run names be run for its network. Raises RunError where the folder is
    missing, unfinished, edited or foreign.
    """

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        modules: Mapping[str, Callable[..., nn.Module]] | None = None,
        trust_code: bool = False,
    ) -> Self:
        """Open a finished run; the same as ``leadline.load``."""
        return cls(folder, modules=modules, trust_code=trust_code)

    def predict(self, rows: object, *, quiet: bool = False) -> pl.DataFrame:
        """Return a row for each row of `rows`, in its order: the prediction, and for classes the probability of each.

        `rows` is a path, a bundled name, a polars or pandas frame, a mapping of arrays, or an array like the X of the
        ``(X, y)`` that the run was trained on; the target may be left out. Rows that cannot be read have no prediction,
        and the reason. The same as ``leadline.predict(run, rows)``. Raises DataError where columns are missing.
        """
        return predict(self, rows, quiet=quiet)

    def evaluate(self, rows: object = None, *, require: Sequence[str] = (), quiet: bool = False) -> Evaluation:
        """Return the measures on labelled `rows`, with intervals, or on the run's own test rows where none are given.

        `require` are requirements to judge (``"accuracy >= 0.9"``); None given, they are the run's own. Each access
        to test rows is counted. The same as ``leadline.evaluate(run, rows)``. Raises RunError, DataError or UsageError.
        """
        return evaluate(self, rows, require=require, quiet=quiet)


def load(
    folder: str | Path,
    *,
    modules: Mapping[str, Callable[..., nn.Module]] | None = None,
    trust_code: bool = False,
) -> Run:
    """Open a finished run by its folder: its report, and the network for predicting and evaluating.

    `modules` gives a user's own network modules by input name, for runs that were trained with one that no file
    declares. Nothing is unpickled, and code that the run names is run only with `trust_code`. Raises RunError where the
    folder is missing, unfinished, edited or foreign.
    """
    return Run(folder, modules=modules, trust_code=trust_code)


@overload
def opened(run: stored.Run) -> Run: ...
@overload
def opened(run: None) -> None: ...
def opened(run: stored.Run | None) -> Run | None:
    """Return a run of the floors below as users see it; None, in processes that are not the first, stays None."""
    return None if run is None else Run(run.folder, modules=run.modules)
