"""Every end-to-end test works in a folder of its own, with a cache and an access log of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from leadline.cli.main import run
from leadline.core import yaml_io
from leadline.core.entries import experiment_schema
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
