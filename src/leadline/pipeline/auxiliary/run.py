"""A further network that is trained beside a run's own, in a folder below it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import nn

from leadline.core.catalogue import say
from leadline.data.dataset import Dataset
from leadline.errors import DiskFull, Interrupted, TrainingFailed, UsageError
from leadline.pipeline.begin import Begun
from leadline.pipeline.calibrate import calibrate_run
from leadline.pipeline.context import RunContext
from leadline.pipeline.fit import fit
from leadline.run import folder as files
from leadline.run.environment import environment_for, write_environment


def train_auxiliary(
    folder: Path,
    where: Path,
    run_context: RunContext,
    dataset: Dataset,
    begin: Callable[[], nn.Module],
    words: str,
    *,
    planned: bool = True,
) -> str | None:
    """Train the network that `begin` returns in `where`, below the run's `folder`; returns why it could not be trained,
    or None.

    With `planned` it is executed as the run's own is: what is sound for the whole is so for a part. `words` say what it
    is. Raises Interrupted after a signal, DiskFull; goes on where it stopped.
    """
    if run_context.world.is_main and not (where / files.ENVIRONMENT).exists():
        where.mkdir(parents=True, exist_ok=True)
        environment = environment_for(folder)
        write_environment(where, {key: value for key, value in environment.items() if planned or key != "plan"})
    try:
        begun = Begun(where, run_context, dataset, begin())
        calibrate_run(begun, fit(begun))
    except Interrupted as error:
        raise Interrupted(say("pipeline.stopped-during", run=words, folder=folder), error.exit_code - 128) from None
    except DiskFull:
        raise
    except (TrainingFailed, UsageError) as error:
        run_context.shown.note(say("pipeline.in-run", run=words, error=error))
        return str(error)
    return None
