"""How tests are run: the same examples of properties on every machine, and which tests are quick.

`make check` runs those marked `quick`: all of the folders and files that `QUICK` names but for what is marked as slow.
They need no training of more than seconds, and take about a minute on two cores. HYPOTHESIS_PROFILE=explore draws new
examples.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

TESTS = Path(__file__).parent
sys.path.insert(0, str(TESTS))  # tests import `sentences`, which lies beside this file
QUICK = (
    "architecture",
    "contracts/test_fusions.py",
    "contracts/test_registry.py",
    "end_to_end/test_plugin.py",
    "reference/test_formulas.py",
    "reference/test_update_rules.py",
    "unit/cli",
    "unit/core",
    "unit/data",
    "unit/machine",
    "unit/metrics",
    "unit/nn",
    "unit/rendering",
    "unit/run",
)
LONG = ("architecture/test_readme.py", "unit/run/test_warm_start.py")  # they train, several times


def quick(path: Path) -> bool:
    """Say whether the tests of a file are quick."""
    name = path.relative_to(TESTS).as_posix()
    return name.startswith(QUICK) and not name.startswith(LONG)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark quick tests."""
    for item in items:
        if quick(item.path):
            item.add_marker("quick")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Spare importing files that hold no quick test, where only those are asked for."""
    asked = str(config.option.markexpr).startswith("quick")
    return True if asked and collection_path.suffix == ".py" and not quick(collection_path) else None
