"""What a finished run says in bits: its tensors, findings and predictions, as plain values that do not depend on
names of files.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from leadline.core.entries.renamed import FINDINGS

REPEATED = ("exact", "sampled")  # findings that come out the same when measured again; others are timed or recorded
KINDS = ("tensor", "finding", "prediction")


@dataclass(frozen=True)
class Bits:
    """What is compared, by kind: entries that are equal where what they stand for is, and how people are told of each.

    Tensors are told apart by type, shape and bytes and not by name, as names may change; findings by name, split and
    group.
    """

    entries: Mapping[str, Counter[str]]
    told: Mapping[str, str]

    def digests(self) -> dict[str, str]:
        """Return one sha256 (hex) for each kind."""
        return {kind: _sha256("\n".join(sorted(self.entries[kind].elements())).encode()) for kind in KINDS}

    def counts(self) -> dict[str, int]:
        """Return how many entries there are of each kind."""
        return {kind: self.entries[kind].total() for kind in KINDS}


@dataclass(frozen=True)
class Difference:
    """One thing that differs: what it is, and what either tree has (None: nothing)."""

    what: str
    before: str | None
    now: str | None

    def __str__(self) -> str:
        return f"{self.what}: {self.before or 'nothing'} → {self.now or 'nothing'}"


def read(run: Path) -> Bits:
    """Read all that lies in a run's folder and in those of its repeats, folds and processes below it."""
    found = {"tensor": tensors(run), "finding": findings(run), "prediction": predictions(run)}
    pairs = {kind: list(each) for kind, each in found.items()}
    told = {entry: words for each in pairs.values() for entry, words in each}
    return Bits({kind: Counter(entry for entry, _ in each) for kind, each in pairs.items()}, told)


def tensors(run: Path) -> Iterator[tuple[str, str]]:
    """Yield type, shape and sha256 of every tensor of every weights file, and its name."""
    for file in sorted(run.rglob("model.safetensors")):
        data = file.read_bytes()
        start = 8 + int.from_bytes(data[:8], "little")
        for name, one in json.loads(data[8:start]).items():
            if name != "__metadata__":
                low, high = one["data_offsets"]
                shape = "×".join(map(str, one["shape"])) or "scalar"
                entry = f"{one['dtype']} {shape} {_sha256(data[start + low : start + high])}"
                yield entry, f"tensor {one['dtype']} {shape} {_place(file, run)}{name}"


def findings(run: Path) -> Iterator[tuple[str, str]]:
    """Yield value and interval of every finding of every report that can be had again, and what it is called."""
    for file in sorted(run.rglob("report.json")):
        for given in json.loads(file.read_text(encoding="utf-8"))["findings"]:
            name, split, group, value, interval, repeat = finding(given)
            if repeat in REPEATED:
                told = f"finding {_place(file, run)}{name}, {split or 'no split'}{f', {group}' if group else ''}"
                yield json.dumps([told, value, interval], ensure_ascii=False), told


def finding(
    given: Mapping[str, Any],
) -> tuple[str, str | None, str | None, float | None, list[float] | None, str | None]:
    """Return name, split, group, value, interval and repeat of a finding as any version writes it: all that depends on
    versions.

    The group is text such as ``class=cat``, also where it is written as an object of a column and a value.
    """
    group, again, value, interval = (given.get(name) for name in ("group", "again", "value", "interval"))
    if isinstance(group, Mapping):
        group = f"{group['column']}={group['value']}"
    repeat = again.get("repeat") if isinstance(again, Mapping) else again
    number = None if value is None else float(value)
    name = FINDINGS.get(given["name"], given["name"])
    return name, given.get("split"), group, number, interval and [float(end) for end in interval], repeat


def predictions(run: Path) -> Iterator[tuple[str, str]]:
    """Yield type, length and sha256 of every column of numbers that are not whole in every table of predictions,
    and its name.
    """
    for file in sorted(run.rglob("predictions.parquet")):
        for column in pl.read_parquet(file):
            if column.dtype.is_float():
                values = column.to_numpy()
                entry = f"{values.dtype} {len(values)} {_sha256(values.tobytes())}"
                yield entry, f"prediction {_place(file, run)}{column.name}"


def differences(before: Bits, now: Bits) -> Iterator[Difference]:
    """Yield what differs between two runs of one job, those first that both have under one name."""
    for kind in KINDS:
        lost = _by_words(before, before.entries[kind] - now.entries[kind])
        new = _by_words(now, now.entries[kind] - before.entries[kind])
        for what in sorted(set(lost) | set(new), key=lambda what: (what not in lost or what not in new, what)):
            yield Difference(what, lost.get(what), new.get(what))


def equal(before: Bits, now: Bits, kind: str) -> int:
    """Return how many entries of a kind two runs have in common."""
    return (before.entries[kind] & now.entries[kind]).total()


def _by_words(bits: Bits, entries: Counter[str]) -> dict[str, str]:
    """Return what stands in entries by what people are told of them, those that share their words together."""
    found: dict[str, list[str]] = {}
    for entry in sorted(entries.elements()):
        told = bits.told[entry]
        found.setdefault(told, []).append(_value(entry) if told.startswith("finding") else entry.rsplit(" ", 1)[1][:12])
    return {told: " and ".join(values) for told, values in found.items()}


def _value(entry: str) -> str:
    _, value, interval = json.loads(entry)
    return f"{value!r} {interval!r}" if interval else repr(value)


def _place(file: Path, run: Path) -> str:
    """Return where below a run's folder a file lies, with a slash; nothing for the run's own."""
    at = file.parent.relative_to(run).as_posix()
    return "" if at == "." else f"{at}/"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
