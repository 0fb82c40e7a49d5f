"""Files of at most 300 lines and functions of at most 60, in the package and its tests."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE_LINES = 300
FUNCTION_LINES = 60

# "path" or "path:function" -> why it is longer. An entry that is no longer needed fails.
EXCEPTIONS: dict[str, str] = {
    "src/leadline/verbs/train.py:train": "one line for each option, twice: a table rather than code",
}


def sources() -> list[Path]:
    return sorted(
        file for folder in ("src", "tests", "benchmarks", "examples") for file in (ROOT / folder).rglob("*.py")
    )


def functions(tree: ast.AST, prefix: str = ""):
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}{node.name}"
            if not isinstance(node, ast.ClassDef):
                yield name, (node.end_lineno or node.lineno) - node.lineno + 1
            yield from functions(node, f"{name}.")


def too_long(name: str, text: str) -> dict[str, int]:
    """Return what exceeds a limit in one file, with its number of lines."""
    found = {f"{name}:{function}": lines for function, lines in functions(ast.parse(text)) if lines > FUNCTION_LINES}
    lines = len(text.splitlines())
    return {name: lines, **found} if lines > FILE_LINES else found


@pytest.fixture(scope="module")
def long_ones() -> dict[str, int]:
    texts = {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in sources()}
    assert "src/leadline/__init__.py" in texts
    return {key: lines for name, text in texts.items() for key, lines in too_long(name, text).items()}


def test_nothing_is_longer_than_the_limits(long_ones):
    assert {key: lines for key, lines in long_ones.items() if key not in EXCEPTIONS} == {}


def test_no_exception_is_stale_or_without_a_reason(long_ones):
    assert set(EXCEPTIONS) <= set(long_ones)
    assert all(len(reason) > 20 for reason in EXCEPTIONS.values())


def test_the_check_sees_long_files_and_functions():
    body = "\n".join("        x = 1" for _ in range(FUNCTION_LINES))
    text = f"class A:\n    def f(self):\n{body}\n" + "\n" * FILE_LINES
    assert too_long("a.py", text) == {"a.py": len(text.splitlines()), "a.py:A.f": FUNCTION_LINES + 1}
