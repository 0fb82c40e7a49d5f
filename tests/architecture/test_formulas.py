"""Every name, test and file that docs/formulas.md points to exists."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from leadline.core.registry_tables import TABLES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "formulas.md").read_text(encoding="utf-8")
CODE = set(re.findall(r"`([^`]+)`", PAGE))
NAMES = sorted(name for name in CODE if name.startswith("leadline."))
TESTS = sorted(name for name in CODE if name.startswith("tests/"))
FILES = sorted(name for name in CODE if name.startswith(("src/", "examples/")))


def found(name: str) -> bool:
    """Say whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            at: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[length:]:
            if not hasattr(at, attribute):
                return False
            at = getattr(at, attribute)
        return True
    return False


def test_the_page_has_what_this_looks_for() -> None:
    assert len(NAMES) > 30
    assert len(TESTS) > 30
    assert not found("leadline.nn.layers.stack.Nothing")


@pytest.mark.parametrize("name", NAMES)
def test_names_exist(name: str) -> None:
    assert found(name)


@pytest.mark.parametrize("name", TESTS)
def test_tests_exist(name: str) -> None:
    file, _, test = name.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert test in functions if test else any(one.startswith("test") for one in functions)


@pytest.mark.parametrize("name", FILES)
def test_files_exist(name: str) -> None:
    assert (ROOT / name).is_file()


def test_every_optimizer_and_objective_has_its_formula() -> None:
    for entry in TABLES["optimizers"].values():
        assert entry.target.replace(":", ".") in CODE
    for entry in TABLES["objectives"].values():
        module = entry.target.partition(":")[0]
        assert any(name.startswith(module) for name in NAMES), module
