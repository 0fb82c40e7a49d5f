"""When checkpoints of a run are written, and what is in them: the state of each part of a training, by its name."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from leadline.core.catalogue import say
from leadline.errors import RunError
from leadline.run import folder as files
from leadline.training.state.checkpoint import Checkpoints, below


@runtime_checkable
class Resumable(Protocol):
    """A part of a training that goes on from where it was: what it returns is what it is given back."""

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return all that its future depends on: tensors by name, and plain values that JSON can hold."""

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Put a state back."""


class Checkpointing:
    """Checkpoints of a run's parts, about every so many `seconds`; parts are put back in their order."""

    def __init__(self, folder: Path, parts: Mapping[str, Resumable], seconds: float) -> None:
        self.folder, self.parts, self.seconds = folder, parts, seconds
        self._checkpoints = Checkpoints(folder / files.CHECKPOINTS)
        self._saved_at = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the last one is so old that the next one should be written."""
        return time.monotonic() - self._saved_at > self.seconds

    def save(self, step: int) -> None:
        """Write the state of all parts after so many steps."""
        tensors: dict[str, Tensor] = {}
        scalars: dict[str, Any] = {}
        for name, part in self.parts.items():
            own, scalars[name] = part.state()
            tensors |= {f"{name}.{key}": x for key, x in own.items()}
        self._checkpoints.save(step, tensors, {"parts": scalars})
        self._saved_at = time.monotonic()

    def restore(self, note: Callable[[str], None]) -> None:
        """Go back to the newest intact checkpoint, if there is one.

        Raises RunError where it is of an earlier version, whose training cannot be gone on with to the same bits.
        """
        saved = self._checkpoints.latest()
        if saved is None:
            return
        for what in saved.notes:
            note(what)
        held = saved.scalars.get("parts", {})
        if held.keys() != self.parts.keys():
            raise RunError(
                say(
                    "training.checkpoints-of-another-version",
                    folder=self._checkpoints.folder,
                    experiment=self.folder / files.EXPERIMENT,
                )
            )
        for name, part in self.parts.items():
            part.load(below(f"{name}.", saved.tensors), held[name])
        note(say("training.resuming-from-step", step=saved.step))

    def forget(self, after: int) -> None:
        """Remove the checkpoints of later steps: training has gone back behind them."""
        self._checkpoints.forget(after)
