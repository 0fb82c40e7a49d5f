"""Names from files that would command a terminal are written out by every command that prints them."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.verbs.predict import write

ESCAPE = "\x1b[31mred\x1b]0;title\x07"
COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tabs and ends of lines
Cli = Callable[..., int]


@pytest.fixture
def rows(place: Path) -> Path:
    if sys.platform == "win32":
        pytest.skip("Windows has no such names")
    file = place / f"t{ESCAPE.replace('/', '')}.csv"
    rng = np.random.default_rng(0)
    kinds = np.array(["k" + ESCAPE, "v"])[rng.integers(0, 2, 200)]
    pl.DataFrame({f"a{ESCAPE}": rng.normal(size=200), f"y{ESCAPE}": kinds}).write_csv(file)
    return file


def test_no_command_prints_what_a_terminal_would_obey(rows: Path, place: Path, cli: Cli, capsys) -> None:
    run, target = place / f"run{ESCAPE}", f"y{ESCAPE}"
    lines = (
        (0, "train", rows, "--target", target, "--epochs", "1", "--set", "baselines=[]", "--out", run),
        (0, "report", run),
        (0, "evaluate", run, rows),
        (0, "verify", run),
        (0, "compare", run, run),
        (0, "runs", place),
        (2, "train", rows, "--target", f"no{ESCAPE}"),
        (2, "train", rows),
        (2, "train", rows, "--network", ESCAPE, "--target", target),
        (2, "train", rows, "--set", f"{ESCAPE}=3"),
        (2, "predict", run, f"none{ESCAPE}"),
        (2, "predict", f"none{ESCAPE}", rows),
        (2, ESCAPE),
    )
    for code, *words in lines:
        assert cli(*words) == code, words
        printed = "".join(capsys.readouterr())
        assert printed and not COMMANDS.search(printed), (words, printed)


def test_a_table_is_written_out_for_a_terminal_and_as_it_is_for_a_program() -> None:
    table = pl.DataFrame({"kind": [ESCAPE]})
    program = io.StringIO()
    write(table, None, program)
    assert ESCAPE in program.getvalue()
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    write(table, None, terminal)
    assert not COMMANDS.search(terminal.getvalue()) and r"\x1b[31mred" in terminal.getvalue()
    assert say("cli.error", message=ESCAPE) == r"leadline: \x1b[31mred\x1b]0;title\x07"
