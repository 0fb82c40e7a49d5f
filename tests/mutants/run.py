"""Plant each fault of `tests/mutants/table.py` in a copy of the source, and see that a test fails: ``make mutants``.

``python tests/mutants/run.py [WORD]`` takes those whose file or text holds a word. Exits with 1 where one survives, or
where its text is no longer found, with the list of these at the end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent))

from table import MUTANTS, Mutant  # type: ignore[import-not-found]  # found in this folder

TESTS = Path(__file__).parents[1]
SOURCE = TESTS.parent / "src"


def planted(mutant: Mutant, source: Path) -> str:
    """Return a file's text with the fault in it; raises ValueError where the text to change is not there once."""
    text = (source / "leadline" / mutant.file).read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(f"the text to change is there {text.count(mutant.old)} times")
    return text.replace(mutant.old, mutant.new)


def run(source: Path, tests: Sequence[str]) -> int:
    """Return pytest's exit code for some tests of the package that lies in `source`."""
    words = [sys.executable, "-m", "pytest", "-n", "0", "-x", "-q", "-p", "no:cacheprovider"]
    words += [str(TESTS / test) for test in tests]
    done = subprocess.run(
        words,
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):  # neither passed nor failed: nothing was tested
        sys.exit(f"pytest ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.returncode


def main(word: str = "") -> int:
    """Plant all faults, one after the other; return 1 where one was not noticed."""
    chosen = [mutant for mutant in MUTANTS if word in f"{mutant.file} {mutant.old}"]
    missed = []
    with TemporaryDirectory() as folder:
        source = Path(folder) / "src"
        shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
        if run(source, sorted({test for mutant in chosen for test in mutant.tests})):
            print("the tests fail without any fault planted")
            return 1
        for number, mutant in enumerate(chosen, 1):
            began, file = time.perf_counter(), source / "leadline" / mutant.file
            try:
                fault, whole = planted(mutant, SOURCE), file.read_text(encoding="utf-8")
            except ValueError as error:
                outcome = str(error)
            else:
                file.write_text(fault, encoding="utf-8")
                outcome = "caught" if run(source, mutant.tests) else "SURVIVED"
                file.write_text(whole, encoding="utf-8")
            if outcome != "caught":
                missed.append(f"{outcome}: {mutant}")
            print(f"{number:3} of {len(chosen)}  {time.perf_counter() - began:5.1f} s  {outcome}  {mutant}", flush=True)
    print("\n".join([f"{len(chosen) - len(missed)} of {len(chosen)} faults were caught", *missed]))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
