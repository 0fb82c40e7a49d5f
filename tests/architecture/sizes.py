"""Prints files of more than 300 lines and functions of more than 60, longest first: a reason to look, not a limit.

``make sizes``, or ``python tests/architecture/sizes.py [FOLDER …]``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE_LINES = 300
FUNCTION_LINES = 60


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, int]]:
    """Yield the name and the lines of each function, with the classes and functions that it stands in."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}{node.name}"
            if not isinstance(node, ast.ClassDef):
                yield name, (node.end_lineno or node.lineno) - node.lineno + 1
            yield from functions(node, f"{name}.")


def long_ones(name: str, text: str) -> dict[str, int]:
    """Return the lines of a file and of functions in it that are longer than is usual."""
    found = {f"{name}:{function}": lines for function, lines in functions(ast.parse(text)) if lines > FUNCTION_LINES}
    lines = len(text.splitlines())
    return {name: lines, **found} if lines > FILE_LINES else found


def main(folders: list[str]) -> None:
    """Print what is long in some folders, or everywhere."""
    files = [f for folder in folders or ("src", "tests", "benchmarks", "examples") for f in Path(folder).rglob("*.py")]
    found: dict[str, int] = {}
    for file in files:
        found |= long_ones(file.as_posix(), file.read_text(encoding="utf-8"))
    for name, lines in sorted(found.items(), key=lambda one: (":" in one[0], -one[1])):
        print(f"{lines:5} {name}")


if __name__ == "__main__":
    main(sys.argv[1:])
