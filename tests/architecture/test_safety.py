"""Nothing that is loaded is unpickled, and no text is executed."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PICKLING = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
EXECUTING = {"eval", "exec"}

# "path:call" -> why it is safe. An entry that is no longer needed fails.
EXCEPTIONS: dict[str, str] = {
    "src/leadline/core/yaml_io.py:loader.construct_document": (
        "its loader derives from SafeLoader and differs in how words and numbers are read"
    ),
}


def dangers(text: str) -> set[str]:
    """Return the dangerous imports and calls in a source text."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.partition(".")[0] in PICKLING}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in PICKLING:
            found.add(node.module)
        elif isinstance(node, ast.Call) and _dangerous(node):
            found.add(ast.unparse(node.func))
    return found


def _dangerous(call: ast.Call) -> bool:
    given = {word.arg: ast.unparse(word.value) for word in call.keywords}
    match ast.unparse(call.func):
        case name if name in EXECUTING:
            return True
        case "torch.load":
            return given.get("weights_only") != "True"
        case "np.load" | "numpy.load":
            return given.get("allow_pickle", "False") != "False"
        case "yaml.load" | "yaml.load_all":
            return "Safe" not in given.get("Loader", "") and not any("Safe" in ast.unparse(a) for a in call.args)
        case "yaml.unsafe_load" | "yaml.full_load" | "os.system":
            return True
        case name if name.startswith("subprocess."):
            return given.get("shell", "False") != "False"
        case name:
            # a YAML loader that is asked itself, whichever it is
            return name.endswith(("read_pickle", "to_pickle", ".construct_document", ".get_data", ".get_single_data"))


def test_the_package_unpickles_and_executes_nothing():
    files = sorted((ROOT / "src").rglob("*.py"))
    assert files
    found = {
        f"{f.relative_to(ROOT).as_posix()}:{what}" for f in files for what in dangers(f.read_text(encoding="utf-8"))
    }
    assert found - set(EXCEPTIONS) == set()
    assert set(EXCEPTIONS) <= found, "an exception is no longer needed"


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "import torch; torch.load('a')",
        "import torch; torch.load('a', weights_only=False)",
        "import numpy as np; np.load('a', allow_pickle=True)",
        "import yaml; yaml.load(x)",
        "import yaml; yaml.load(x, Loader=yaml.Loader)",
        "import yaml; loader = yaml.Loader(x); loader.construct_document(loader.get_single_node())",
        "import yaml; yaml.Loader(x).get_single_data()",
        "eval(x)",
        "exec(x)",
        "import subprocess; subprocess.run(x, shell=True)",
        "import pandas as pd; pd.read_pickle('a')",
    ],
)
def test_the_check_sees_each_danger(line):
    assert dangers(line)


@pytest.mark.parametrize(
    "line",
    [
        "network.eval()",
        "import torch; torch.load('a', weights_only=True)",
        "import numpy as np; np.load('a', allow_pickle=False)",
        "import yaml; yaml.safe_load(x)",
        "import yaml; yaml.load(x, Loader=yaml.CSafeLoader)",
        "import subprocess; subprocess.run(['git'])",
    ],
)
def test_the_check_lets_the_safe_forms_pass(line):
    assert dangers(line) == set()
