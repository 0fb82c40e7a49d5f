"""Nothing that a user reads says what has been retired: sentences, metrics, registries, help, documents."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from package import PACKAGE, modules
from pydantic import BaseModel
from test_catalogue import sentences_in_code
from typer.main import get_command

from leadline.core import catalogue
from leadline.core.component import Component
from leadline.core.entries.train_options import CrossvalOptions, TrainOptions, declared
from leadline.core.registry_tables import TABLES
from leadline.evaluation.declared_metrics import declared_metrics
from leadline.objectives.lookup import objective_for
from retired_phrases import RETIRED, retired_in

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def sentences() -> Iterator[tuple[str, str]]:
    """Yield the sentences of the catalogue."""
    for file in sorted((catalogue.FOLDER / catalogue.ENGLISH).glob("*.toml")):
        for key, text in catalogue.sentences(catalogue.ENGLISH, file.stem).items():
            yield f"{file.stem}.{key}", text


def metrics() -> Iterator[tuple[str, str]]:
    """Yield titles and glosses of all metrics that are declared."""
    for name in TABLES["objectives"]:
        for metric in declared_metrics(objective_for(Component(name=name))).values():
            yield f"metric {metric.id}", f"{metric.title}; {metric.gloss}"


def registered() -> Iterator[tuple[str, str]]:
    """Yield what registries say of their items."""
    for group, table in TABLES.items():
        for name, entry in table.items():
            yield f"{group} {name}", entry.summary


def questions() -> Iterator[tuple[str, str]]:
    """Yield the questions of analyses."""
    for name, entry in TABLES["analyses"].items():
        module, _, attribute = entry.target.partition(":")
        yield f"analysis {name}", getattr(importlib.import_module(module), attribute).question


def helps() -> Iterator[tuple[str, str]]:
    """Yield what `--help` says of commands and their options."""
    from leadline.cli.app import app

    command = get_command(app)
    for name, one in command.commands.items():  # type: ignore[attr-defined]
        yield f"leadline {name}", one.help or ""
        for parameter in one.params:
            yield f"leadline {name} {parameter.name}", getattr(parameter, "help", None) or ""
    for options in (TrainOptions, CrossvalOptions):
        for name, option in declared(options).items():
            yield f"option {name}", option.help


def options() -> Iterator[tuple[str, str]]:
    """Yield what is said of the options of items: descriptions of the fields of all models of the package."""
    for module in modules().values():
        if not any(isinstance(node, ast.ClassDef) for node in ast.walk(module.tree)):
            continue
        if "Field(" not in (PACKAGE / module.path).read_text(encoding="utf-8"):
            continue
        dotted = "leadline." + module.path.removesuffix(".py").replace("/", ".")
        for name, one in inspect.getmembers(importlib.import_module(dotted), inspect.isclass):
            if issubclass(one, BaseModel) and one.__module__ == dotted:
                for field, info in one.model_fields.items():
                    yield f"{dotted}.{name}.{field}", info.description or ""


def literals() -> Iterator[tuple[str, str]]:
    """Yield what stands in the code itself, such as the methods of metrics."""
    for module in modules().values():
        for line, text in sentences_in_code(module.tree):
            yield f"{module.path}:{line}", text


def documents() -> Iterator[tuple[str, str]]:
    """Yield the paragraphs of the documents."""
    for file in DOCUMENTS:
        for paragraph in file.read_text(encoding="utf-8").split("\n\n"):
            yield file.name, paragraph


@pytest.mark.parametrize("source", [sentences, metrics, registered, questions, helps, options, literals, documents])
def test_no_retired_phrase_is_left(source: object) -> None:
    assert callable(source)
    read = dict.fromkeys(source())
    assert any(text for _, text in read)
    found = [f"{where}: {phrase}" for where, text in read for phrase in retired_in(text)]
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "Of 300 held-out rows the network names 83.3 % right",
        "3 rows were set aside",
        "The surest mistakes",
        "New rows told apart",
        "This was look number 3 at the test rows of this data",
        "network:\n  bodies:",
        "--lookback 96",
    ],
)
def test_what_is_retired_is_found(text: str) -> None:
    assert list(retired_in(text))


def test_every_phrase_has_what_to_say_instead() -> None:
    assert all(RETIRED.values())
    assert not list(retired_in("Test accuracy: 83.3 % (95 % CI 78.7–87.1 %, n = 300); 3 invalid rows were dropped"))
