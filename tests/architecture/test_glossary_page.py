"""The glossary of the docs speaks of what there is: sections, entries, findings and functions; no entry is retired."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from package import modules

import leadline
from leadline.core.catalogue import say
from leadline.core.entries.renamed import ENTRIES, FINDINGS
from leadline.core.experiment import Experiment
from leadline.core.sections import SECTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "experiment.schema.json").read_text(encoding="utf-8"))


def terms(heading: str) -> list[str]:
    """Return what the table below a heading explains."""
    below = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `?([^`|]+?)`? \| \S", below, flags=re.MULTILINE)[1:]


def metrics() -> set[str]:
    """Return the names of all metrics that are declared with a literal name."""
    calls = (node for one in modules().values() for node in ast.walk(one.tree) if isinstance(node, ast.Call))
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id == "Metric"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


def has_entry(path: str) -> bool:
    model: Any = Experiment
    for word in path.split("."):
        field = getattr(model, "model_fields", {}).get(word)
        if field is None:
            return False
        inner = [one for one in getattr(field.annotation, "__args__", ()) if hasattr(one, "model_fields")]
        model = inner[0] if inner else field.annotation
    return True


def keys(schema: Any) -> Iterator[str]:
    """Yield the names of all entries in a JSON schema."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for one in schema.values():
            yield from keys(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from keys(one)


def test_sections_of_the_page() -> None:
    titles = {say(key) for key in SECTIONS.values()}
    assert len(terms("Sections of the page")) > 8
    assert set(terms("Sections of the page")) <= titles


@pytest.mark.parametrize("path", terms("Entries of an experiment"))
def test_entries_of_an_experiment(path: str) -> None:
    assert has_entry(path)


def test_findings_are_declared() -> None:
    assert set(terms("Findings")) <= metrics() and len(terms("Findings")) > 8
    assert not metrics() & set(FINDINGS)


def test_functions_are_there() -> None:
    assert len(terms("Python")) > 8
    assert [name for name in terms("Python") if not hasattr(leadline, name)] == []


def test_no_entry_of_an_experiment_has_a_retired_name() -> None:
    retired = {old.rpartition(".")[2] for old in ENTRIES} - {"target"}  # which is an entry of data, too
    assert set(keys(SCHEMA)) & retired == set()
    assert len(set(keys(SCHEMA))) > 60
