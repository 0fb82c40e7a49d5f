"""The faults that `make mutants` plants still have a place in the source, and tests to notice them."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
MUTANTS: Any = runpy.run_path(str(TESTS / "mutants" / "table.py"))["MUTANTS"]


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_its_text_is_in_its_file_once_and_its_tests_are_there(mutant: Any) -> None:
    text = (TESTS.parent / "src" / "leadline" / mutant.file).read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1
    assert mutant.new != mutant.old
    assert mutant.tests and all((TESTS / test.partition("::")[0]).is_file() for test in mutant.tests)


def test_no_fault_is_planted_twice() -> None:
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in MUTANTS}) == len(MUTANTS)
