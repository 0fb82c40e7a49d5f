"""Checkpoints that survive being killed at any moment: tensors in a safetensors file, and a JSON sidecar that seals
it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from leadline.core.base import canonical_json, digest, parsed_json
from leadline.core.catalogue import say
from leadline.errors import DiskFull, RunError, TrainingFailed
from leadline.machine import disk
from leadline.run.folder import sha256


class Saved(NamedTuple):
    """A checkpoint as it was read: tensors on the CPU, plain values, and what was wrong with newer ones."""

    step: int
    tensors: dict[str, Tensor]
    scalars: dict[str, Any]
    notes: tuple[str, ...]


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): x for name, x in tensors.items() if name.startswith(prefix)}


class Checkpoints:
    """The newest `keep` checkpoints in a folder.

    The sidecar is written last, holds the sha256 of the tensors and one of itself, and without it tensors are nothing:
    so a checkpoint is there as a whole or not at all, and an edited one is noticed.
    """

    def __init__(self, folder: Path, keep: int = 2) -> None:
        self.folder, self.keep = folder, keep

    def save(self, step: int, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> Path:
        """Write a checkpoint and remove what is too old; returns its sidecar.

        `scalars` are JSON-able; numbers that are not finite come back as None. Raises TrainingFailed, saying what is
        left, where it cannot be written.
        """
        weights, sidecar = self.folder / f"step-{step:09d}.safetensors", self.folder / f"step-{step:09d}.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            sidecar.unlink(missing_ok=True)  # from here on an older checkpoint of this step is no more
            with _replacing(weights) as beside:
                save_file(_storable(tensors), beside)
                seal = sha256(beside)
            content = {"step": step, "tensors_sha256": seal, "scalars": _finite(dict(scalars))}
            with _replacing(sidecar) as beside:
                beside.write_text(canonical_json({**content, "sha256": digest(content)}), encoding="utf-8")
            self._prune()
        except (OSError, SafetensorError) as error:
            kind = DiskFull if disk.is_full(error) else TrainingFailed
            raise kind(
                say("training.checkpoint-not-written", step=step, folder=self.folder, error=error, left=self._left())
            ) from error
        return sidecar

    def latest(self) -> Saved | None:
        """Return the newest checkpoint that is intact, or None where none was ever finished.

        Raises RunError where all of them are damaged.
        """
        notes: list[str] = []
        for sidecar in self._sidecars():
            try:
                return self._read(sidecar, tuple(notes))
            except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
                notes.append(say("training.checkpoint-damaged", name=sidecar.stem, error=error))
        if notes:
            raise RunError(say("training.no-usable-checkpoint", folder=self.folder, notes=" ".join(notes)))
        return None

    def forget(self, after: int) -> None:
        """Remove the checkpoints of later steps: training has gone back behind them."""
        for sidecar in self._sidecars():
            if int(sidecar.stem.removeprefix("step-")) > after:
                sidecar.unlink()

    def _read(self, sidecar: Path, notes: tuple[str, ...]) -> Saved:
        content = parsed_json(sidecar.read_text(encoding="utf-8"))
        seal = content.pop("sha256")
        if digest(content) != seal:
            raise ValueError(say("training.checkpoint-changed", file=sidecar.name))
        weights = sidecar.with_suffix(".safetensors")
        if sha256(weights) != content["tensors_sha256"]:
            raise ValueError(say("training.checkpoint-truncated", weights=weights.name))
        return Saved(content["step"], load_file(weights), content["scalars"], notes)

    def _sidecars(self) -> list[Path]:
        return sorted(self.folder.glob("step-*.json"), reverse=True)

    def _prune(self) -> None:
        for old in self._sidecars()[self.keep :]:
            old.unlink()
        kept = {sidecar.stem for sidecar in self._sidecars()}
        for file in self.folder.iterdir():
            if file.name.endswith(".tmp") or (file.suffix == ".safetensors" and file.stem not in kept):
                file.unlink()

    def _left(self) -> str:
        left = self._sidecars()
        return say("training.checkpoint-kept", name=left[0].stem) if left else say("training.no-checkpoint-kept")


@contextmanager
def _replacing(file: Path) -> Iterator[Path]:
    """Yield a path beside a file; what is written there is on the disk before it takes the file's place."""
    beside = file.with_name(f".{file.name}.tmp")
    try:
        yield beside
        with beside.open("rb+") as written:
            os.fsync(written.fileno())
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


def _finite(value: Any) -> Any:
    """Return JSON-able values with None for what JSON has no number for: a loss that is not finite."""
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _storable(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return contiguous tensors that share no memory: tied weights are written once for each name."""
    seen: set[int] = set()
    result = {}
    for name, x in tensors.items():
        stored = x.detach().contiguous()
        if stored.untyped_storage().data_ptr() in seen:
            stored = stored.clone()
        seen.add(stored.untyped_storage().data_ptr())
        result[name] = stored
    return result
