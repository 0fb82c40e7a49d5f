"""Every benchmark can be called by name: one that nobody runs measures nothing."""

import ast
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "benchmarks"


def test_every_benchmark_is_called_by_name() -> None:
    (names,) = (
        node.value
        for node in ast.parse((FOLDER / "__main__.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "CLAIMS"
    )
    files = {file.stem for file in FOLDER.glob("*.py")} - {"__init__", "__main__", "common"}
    assert set(ast.literal_eval(names)) == files
