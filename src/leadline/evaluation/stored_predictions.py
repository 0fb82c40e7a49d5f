"""The arrays that a run's measures were computed from, as they were: `predictions.safetensors` in the run folder.

`predictions.parquet` is for people, with labels in words; this file is for `leadline verify`, which computes the same
measures from the same bits where the data is gone, and compares baselines without fitting them again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from leadline.core.catalogue import say
from leadline.errors import RunError
from leadline.evaluation.baselines import Baseline
from leadline.evaluation.input_ablation import AblationPredictions

Decided = Mapping[str, np.ndarray]
MOST_BYTES = 256_000_000  # of arrays that are worth their place on disk
_FACTS = ("name", "rows", "seconds", "params", "size_mb", "latency_ms", "why", "notes", "caveats", "options")


class Targets(NamedTuple):
    """The targets of a split's rows, and the groups that rows come in, where they do."""

    target: np.ndarray
    group: np.ndarray | None


class StoredPredictions(NamedTuple):
    """What was decided: by the network for the rows of each held-out split, by `baselines` and by networks of one
    input `alone` for the test rows; and the targets of the rows.
    """

    network: Mapping[str, Decided]
    targets: Mapping[str, Targets]
    baselines: tuple[Baseline, ...] = ()
    alone: tuple[AblationPredictions, ...] = ()

    @property
    def can_be_written(self) -> bool:
        """Whether all arrays are numbers, and not too many."""
        arrays = [x for _, x in self._tensors()]
        return all(x.dtype.kind in "biuf" for x in arrays) and sum(x.nbytes for x in arrays) <= MOST_BYTES

    def to_bytes(self) -> bytes:
        """Return what the file holds."""
        facts = {
            "baselines": [{key: _plain(getattr(one, key)) for key in _FACTS} for one in self.baselines],
            "alone": [{"input": one.input, "lacking": one.lacking, "why": one.why} for one in self.alone],
        }
        tensors = {"/".join(at): np.ascontiguousarray(x) for at, x in self._tensors()}
        return save(tensors, metadata={"leadline": json.dumps(facts, ensure_ascii=False)})

    def _tensors(self) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
        for split, decided in self.network.items():
            yield from ((("network", split, column), x) for column, x in decided.items())
        for split, known in self.targets.items():
            yield ("targets", split, "target"), known.target
            if known.group is not None:
                yield ("targets", split, "group"), known.group
        others = {"baselines": [one.decided for one in self.baselines], "alone": [one.decided for one in self.alone]}
        for kind, ones in others.items():
            for number, columns in enumerate(ones):
                yield from (((kind, str(number), column), x) for column, x in columns.items())


def read_predictions(file: Path) -> StoredPredictions:
    """Read a file of stored predictions; raises RunError where it is missing or damaged."""
    try:
        tensors = load_file(file)
        with safetensors.safe_open(file, "numpy") as opened:
            facts = json.loads((opened.metadata() or {})["leadline"])
        parts: dict[str, dict[str, dict[str, np.ndarray]]] = {}
        for name, x in tensors.items():
            kind, one, column = name.split("/", 2)
            parts.setdefault(kind, {}).setdefault(one, {})[column] = x
        return StoredPredictions(
            parts.get("network", {}),
            {split: Targets(one["target"], one.get("group")) for split, one in parts.get("targets", {}).items()},
            tuple(_baselines(facts["baselines"], parts.get("baselines", {}))),
            tuple(
                AblationPredictions(
                    one["input"], parts.get("alone", {}).get(str(number), {}), one["lacking"], one["why"]
                )
                for number, one in enumerate(facts["alone"])
            ),
        )
    except FileNotFoundError:
        raise RunError(say("run.file-missing", file=file)) from None
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise RunError(say("verify.predictions-damaged", file=file, error=error)) from None


def _baselines(facts: Sequence[Mapping[str, Any]], decided: Mapping[str, Decided]) -> Iterator[Baseline]:
    for number, one in enumerate(facts):
        known: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in one.items()}
        yield Baseline(decided=decided.get(str(number), {}), **known)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
