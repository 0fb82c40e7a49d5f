"""The house: no import circle, no crowded folder, files that say what they are for, and tests where their source is."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from package import PACKAGE, ROOT, Module, imports, modules

MOST_FILES = 24
UNIT = ROOT / "tests" / "unit"


def dependencies(known: Mapping[str, Module]) -> dict[str, set[str]]:
    """Return what each module imports, at once, for its types or when a function is called."""
    return {name: {where for _, where, _ in imports(m.tree, known)} - {name} for name, m in known.items()}


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return groups of modules that reach each other (Tarjan's strongly connected components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in index:
                visit(other)
            if other in stack:
                low[name] = min(low[name], low[other])
        if low[name] == index[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in graph:
        if name not in index:
            visit(name)
    return found


def test_files_import_each_other_in_no_circle() -> None:
    assert circles(dependencies(modules())) == []


def test_circles_are_seen() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b"}, "b": set()}) == []


def test_no_folder_is_crowded() -> None:
    files = Counter(Path(module.path).parent.as_posix() for module in modules().values())
    assert {folder: count for folder, count in files.items() if count > MOST_FILES} == {}


def test_every_file_says_what_it_is_for() -> None:
    said = {m.path: ast.get_docstring(m.tree) for m in modules().values() if m.tree.body}
    assert [path for path, text in said.items() if not text or len(text.split()) < 4] == []


def stands_for(path: Path) -> bool:
    """Say whether a test file ``a/test_b.py`` or ``a/test_b_more.py`` stands beside a source ``a/b.py`` or ``a/b/``."""
    folder = PACKAGE / path.parent.relative_to(UNIT)
    words = path.stem.removeprefix("test_").split("_")
    names = ["_".join(words[:count]) for count in range(len(words), 0, -1)]
    return any((folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file() for name in names)


def test_tests_stand_where_their_source_does() -> None:
    files = sorted(UNIT.rglob("test_*.py"))
    assert files
    assert [file.relative_to(ROOT).as_posix() for file in files if not stands_for(file)] == []
    assert not stands_for(UNIT / "nn" / "test_nothing.py")
