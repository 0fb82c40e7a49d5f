"""Each layer imports only what stands below it, and items of a registry not each other, as pyproject.toml declares."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from leadline.core.registry_tables import TABLES

ROOT = Path(__file__).parents[2]
# Groups whose items may import each other, and why.
RELATED = {
    "optimizers": "Muon steps what is no hidden matrix as AdamW does",
    "inputs": "a step of a series is a row of a table",
    "augmentations": "noise on a series goes by the spreads of its columns, as on a table",
}
MODULES = {group: {entry.target.partition(":")[0] for entry in table.values()} for group, table in TABLES.items()}
SEPARATE = [group for group, modules in MODULES.items() if len(modules) > 1 and group not in RELATED]


def test_import_contracts_are_kept():
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("group", SEPARATE)
def test_items_of_a_group_are_declared_ignorant_of_each_other(group):
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    apart = [contract for contract in declared if contract["type"] == "independence"]
    near = max((set(contract["modules"]) for contract in apart), key=lambda found: len(found & MODULES[group]))
    assert near == MODULES[group]


def test_no_group_is_excused_in_vain():
    assert set(RELATED) <= {group for group, modules in MODULES.items() if len(modules) > 1}
