"""The source files of the package, parsed once, for the tests beside this file."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "leadline"


class Module(NamedTuple):
    """One source file: `path` is relative to the package, `name` the dotted name it is imported by."""

    path: str
    name: str
    text: str
    tree: ast.Module


@cache
def modules() -> Mapping[str, Module]:
    """Return all modules of the package by dotted name."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        path = file.relative_to(PACKAGE)
        parts = path.with_suffix("").parts
        name = ".".join(("leadline", *(parts[:-1] if parts[-1] == "__init__" else parts)))
        text = file.read_text(encoding="utf-8")
        found[name] = Module(path.as_posix(), name, text, ast.parse(text))
    return found


def imports(tree: ast.AST, known: Mapping[str, Module]) -> Iterator[tuple[str, str, str]]:
    """Yield (name here, module, name there) of each import from the package; the last is "" for a module itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in known:
                    yield alias.asname or alias.name, whole, ""
                elif node.module in known:
                    yield alias.asname or alias.name, node.module, alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in known:
                    yield alias.asname or alias.name, alias.name, ""
