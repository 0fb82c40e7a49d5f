"""Every end-to-end test works in a folder of its own, with a cache and an access log of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from jsonschema import Draft202012Validator

import leadline
from leadline.cli.main import run
from leadline.core import yaml_io
from leadline.core.entries import experiment_schema
from leadline.core.report import Report
from leadline.pipeline.write import artifacts, write_report
from leadline.run import folder as files

Cli = Callable[..., int]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture(scope="session")
def validator() -> Draft202012Validator:
    return Draft202012Validator(experiment_schema.experiment_schema())


@pytest.fixture(autouse=True)
def valid_experiments(validator: Draft202012Validator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold every experiment that is written to the schema that lies beside it."""
    write = files.write_experiment

    def checked(folder: Path, text: str) -> None:
        validator.validate(yaml_io.load(text, str(folder)))
        write(folder, text)

    monkeypatch.setattr(files, "write_experiment", checked)


@pytest.fixture
def cli() -> Cli:
    return lambda *arguments: run([str(a) for a in arguments])


def _rows(rows: int = 300) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=rows), rng.normal(size=rows)
    kind = np.where(x + 0.5 * y + 0.4 * rng.normal(size=rows) > 0, "high", "low")
    return pl.DataFrame(
        {"x": x.round(4), "y": y.round(4), "town": np.array(["Ulm", "Łódź"])[rng.integers(0, 2, rows)], "kind": kind}
    )


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with rows and a run that was trained on them; it is not to be changed."""
    folder = tmp_path_factory.mktemp("verified")
    _rows().write_csv(folder / "rows.csv")
    leadline.train(
        str(folder / "rows.csv"),
        target="kind",
        epochs=3,
        settings={"baselines": ["linear"]},
        require=["accuracy >= 0.5"],
        out=folder / "run",
        quiet=True,
    )
    return folder


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    """Return a run that may be changed; its data is where it was."""
    shutil.copytree(trained / "run", tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def rewrite_all() -> Callable[[Path, Report], None]:
    """Return what a forger does who knows all: report, page, card and manifest agree with each other."""

    def rewrite(run: Path, report: Report) -> None:
        environment = {**report.environment, "files": artifacts(run)}
        write_report(run, report.model_copy(update={"environment": environment}))

    return rewrite


@pytest.fixture
def rewrite_manifest() -> Callable[[Path], None]:
    """Return what hides a change from the manifest."""

    def rewrite(run: Path) -> None:
        (run / files.MANIFEST).unlink()
        files.seal(run)

    return rewrite
