"""The run folder on disk: where things lie, atomic writes, and the manifest that seals it."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from leadline.core.base import parsed_json
from leadline.core.catalogue import say
from leadline.core.entries import experiment_schema
from leadline.core.safe_text import is_unicode
from leadline.errors import RunError, UsageError, did_you_mean

EXPERIMENT = "experiment.yaml"
SCHEMA = "schema.json"
WEIGHTS = "model.safetensors"
HISTORY = "history.parquet"
PREDICTIONS = "predictions.parquet"
DECISIONS = "predictions.safetensors"  # the same as arrays, with those of baselines: what `verify` computes from
REPORT = "report.json"
PAGE = "report.html"
CARD = "MODEL_CARD.md"
ENVIRONMENT = "environment.json"
REQUIREMENTS = "requirements.json"
REFERENCE = "reference_classifier.safetensors"  # trained beside a generative run
MANIFEST = "manifest.json"
VERIFICATION = "verification.json"  # what `verify` found last, outside the manifest
CLAIMS = "claims.intoto.json"  # signed claims, outside the manifest, which they sign
# what a report rests on
MEASURED = (EXPERIMENT, SCHEMA, WEIGHTS, HISTORY, PREDICTIONS, DECISIONS, REQUIREMENTS, REFERENCE)
CHECKPOINTS = "checkpoints"
FOLDS = "folds"  # the runs of a cross-validation
REPEATS = "repeats"  # those with other seeds
RUNS = Path("runs")  # where runs lie that were given no folder


def write(file: Path, data: bytes | str) -> None:
    """Write a file so that a reader finds the old one or the new one, never half of it."""
    beside = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(data.encode() if isinstance(data, str) else data)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


def write_experiment(folder: Path, text: str) -> None:
    """Write an experiment in YAML, and beside it the schema by which editors check and complete it."""
    write(folder / experiment_schema.FILE, experiment_schema.text())
    line = experiment_schema.LINE.format(file=experiment_schema.FILE)
    write(folder / EXPERIMENT, line + text.removeprefix(line))


def whole_of(folder: Path) -> Path:
    """Return the folder of the cross-validation or of the repeats that a run is one of; of other runs their own."""
    return folder.parent.parent if folder.parent.name in (FOLDS, REPEATS) else folder


def sha256(file: Path) -> str:
    """Return the sha256 (hex) of a file's content."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def create(out: Path | None, name: str, parent: Path = RUNS) -> Path:
    """Make the folder of a new run: exactly `out`, or ``runs/<name>-<n>`` with the first free number.

    Raises UsageError where `out` already holds something or cannot be written.
    """
    try:
        if out is not None:
            if out.exists() and (not out.is_dir() or any(out.iterdir())):
                begun = (out / EXPERIMENT).exists()
                hint = say("run.resume-or-choose", out=out) if begun else say("run.choose")
                raise UsageError(say("run.folder-not-empty", out=out, hint=hint))
            out.mkdir(parents=True, exist_ok=True)
            _probe(out)
            return out
        stem = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "run"
        parent.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1_000_000):
            folder = parent / f"{stem}-{number}"
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
        raise UsageError(say("run.too-many-runs", parent=parent, stem=stem))
    except OSError as error:
        raise UsageError(say("run.cannot-write-folder", folder=out or parent, error=error.strerror or error)) from None


def check_writable(out: Path | None, parent: Path = RUNS) -> None:
    """Raise UsageError early where a run folder could not be made; leaves nothing behind."""
    at = out or parent
    if not is_unicode(str(at)):
        raise UsageError(say("run.cannot-write-to", folder=at, error=say("run.name-not-unicode")))
    try:
        if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
            create(out, "")  # says why not
        while not at.exists():
            at = at.parent
        _probe(at)
    except OSError as error:
        raise UsageError(say("run.cannot-write-to", folder=at, error=error.strerror or error)) from None


def _probe(folder: Path) -> None:
    probe = folder / f".leadline-probe-{os.getpid()}"
    probe.touch()
    probe.unlink()


def seal(folder: Path) -> None:
    """Write the manifest: the sha256 of every file of a finished run (checkpoints and derived runs aside)."""
    hashes = {str(f.relative_to(folder).as_posix()): sha256(f) for f in sorted(_files(folder))}
    write(folder / MANIFEST, json.dumps({"schema": 1, "sha256": hashes}, indent=1, ensure_ascii=False))


def _files(folder: Path) -> Iterable[Path]:
    for file in folder.iterdir():
        if file.is_file() and file.name not in (MANIFEST, VERIFICATION, CLAIMS) and not file.name.startswith("."):
            yield file
    yield from (f for f in (folder / "exhibits").glob("*") if f.is_file())


def _nearest(folder: Path) -> str:
    """Return a sentence that says which run folder is meant by one that there is not; empty where none is near."""
    usual = RUNS / folder
    if not folder.is_absolute() and usual.is_dir():
        return did_you_mean(str(usual), [str(usual)])
    for parent, name in ((folder.parent, folder.name), (RUNS, folder.name)):
        if parent.is_dir():
            beside = {one.name: str(one) for one in parent.iterdir() if (one / EXPERIMENT).is_file()}
            near = difflib.get_close_matches(name, beside, n=1, cutoff=0.6)
            if near:
                return did_you_mean(beside[near[0]], [beside[near[0]]])
    return ""


def verify(folder: Path, names: Iterable[str] | None = None) -> None:
    """Check files of a finished run against its manifest (all of them, or those named).

    Raises RunError where the folder is no finished run, or a file is missing or not as it was written.
    """
    recorded = recorded_hashes(folder)
    for name in recorded if names is None else names:
        if name not in recorded:
            raise RunError(say("run.incomplete", folder=folder, name=name))
        if (why := changed(folder, name, recorded[name])) is not None:
            raise RunError(why)


def recorded_hashes(folder: Path) -> Mapping[str, str]:
    """Return the sha256 of each file of a finished run as its manifest says it; raises RunError where there is none."""
    if not folder.is_dir():
        near = _nearest(folder)
        raise RunError(say("run.no-such-folder", folder=folder, hint=f" {near}" if near else ""))
    try:
        recorded: Mapping[str, str] = parsed_json((folder / MANIFEST).read_text(encoding="utf-8"))["sha256"]
    except FileNotFoundError:
        if (folder / EXPERIMENT).exists():
            raise RunError(say("run.not-finished", folder=folder)) from None
        raise RunError(say("run.not-a-run", folder=folder, manifest=MANIFEST, experiment=EXPERIMENT)) from None
    except (ValueError, KeyError, TypeError):
        raise RunError(say("run.manifest-damaged", file=folder / MANIFEST)) from None
    if not isinstance(recorded, dict):
        raise RunError(say("run.manifest-damaged", file=folder / MANIFEST))
    return recorded


def changed(folder: Path, name: str, recorded: str) -> str | None:
    """Say that a file of a run is missing, or is not what its recorded sha256 says; None where it is."""
    file = folder / name
    if not file.is_file():
        return say("run.file-missing", file=file)
    return None if sha256(file) == recorded else say("run.file-changed", file=file)
