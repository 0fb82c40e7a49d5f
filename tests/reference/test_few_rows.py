"""What docs/intervals.md says of 15 to 180 test rows: how often 95 % intervals hold the true value, and how often a
requirement at the true value passes, which should be 2.5 %.

``python tests/reference/test_few_rows.py`` simulates anew and writes the table there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from few_rows_scenarios import SCENARIOS, FewRows

DOCS = Path(__file__).parents[2] / "docs" / "intervals.md"
START, END = "<!-- simulated: python tests/reference/test_few_rows.py -->", "<!-- end -->"
ROWS = (15, 30, 60, 180)
LONG, QUICK = 4000, 150
LEVEL, POINTS, PASSES, NOISE = 95.0, 2.0, 2.5, 0.7  # per cent; the noise of 4,000 draws

FEW = "The variance of the target is itself estimated from few rows."
WIDE = "Wider than necessary: the correlation within groups is poorly estimated from few groups."
SHARED = "Neighbouring blocks of windows share steps."
RARE = "The largest losses are rare, and may not be among few rows."
UNEVEN = "A proportion takes few values on few rows, so that coverage moves up and down."
WHY = {
    ("accuracy", "accuracy 90 %"): UNEVEN,
    ("r2", "normal errors, 0.8"): FEW,
    ("r2", "normal errors, 0.3"): FEW,
    ("r2", "errors of Student's t, 5 degrees"): FEW,
    ("roc_auc", "groups of 3 rows of one class each"): WIDE,
    ("roc_auc", "groups of 5 rows of one class each"): WIDE,
    ("accuracy", "one group of half the rows, others of 1 row; correlation 0.1"): WIDE,
    ("accuracy", "one group of half the rows, others of 3 rows; correlation 0.3"): WIDE,
    ("mase", "windows of 3 steps"): SHARED,
    ("mase", "windows of 6 steps"): SHARED,
    ("mase", "windows of 12 steps"): SHARED,
    ("nll, brier, mae", "exponential losses"): RARE,
    ("nll, brier, mae", "log-normal losses"): RARE,
}


class Reached(NamedTuple):
    """In per cent of test sets: how often the interval holds the truth, and how often a requirement at the truth
    passes.
    """

    covers: float
    passes: float


def simulate(scenario: FewRows, rows: int, times: int, seed: int) -> Reached:
    """Return what so many simulated test sets give; no interval decides nothing."""
    rng = np.random.default_rng(seed)
    drawn = [(scenario.draw(rows, rng) or ((-np.inf, np.inf),))[0] for _ in range(times)]
    low, high = np.array(drawn).T
    passed = low > scenario.truth if scenario.end == 0 else high < scenario.truth
    held = (low <= scenario.truth) & (scenario.truth <= high)
    return Reached(round(100 * float(held.mean()), 1), round(100 * float(passed.mean()), 1))


def off(reached: Reached) -> bool:
    """Return whether the page has to say why: coverage two points off, or a pass too often beyond noise."""
    return abs(reached.covers - LEVEL) > POINTS or reached.passes > PASSES + NOISE


def table(found: dict[tuple[str, str], dict[int, Reached]]) -> str:
    """Return the table of the docs; a situation that is off somewhere is marked, and explained below."""
    marks = [WHY[name] for name, by_rows in found.items() if any(map(off, by_rows.values()))]
    why = list(dict.fromkeys(marks))
    lines = [
        f"| metric | situation | {' | '.join(f'{n} rows' for n in ROWS)} |",
        "| --- | --- |" + " ---: |" * len(ROWS),
    ]
    for (measure, situation), by_rows in found.items():
        cells = [
            f"{by_rows[n].covers:.1f} / {by_rows[n].passes:.1f}"
            + (f" [{'abcdefgh'[why.index(WHY[measure, situation])]}]" if off(by_rows[n]) else "")
            if n in by_rows
            else ""
            for n in ROWS
        ]
        lines.append(f"| {measure} | {situation} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *(f"[{'abcdefgh'[i]}] {reason}  " for i, reason in enumerate(why))])


def documented() -> dict[tuple[str, str], dict[int, Reached]]:
    """Return what the docs say, by metric and situation and by rows."""
    _, _, rest = DOCS.read_text(encoding="utf-8").partition(START)
    found = {}
    for line in re.findall(r"^\| (.+) \|$", rest.partition(END)[0], re.MULTILINE)[2:]:
        measure, situation, *cells = (cell.strip() for cell in line.split("|"))
        found[measure, situation] = {
            n: Reached(*map(float, re.findall(r"\d+\.\d", cell))) for n, cell in zip(ROWS, cells, strict=True) if cell
        }
    return found


def cases() -> list[tuple[FewRows, int]]:
    return [(scenario, n) for scenario in SCENARIOS for n in ROWS if n >= scenario.least]


def test_the_docs_have_every_scenario_and_say_why_where_one_is_off() -> None:
    told = documented()
    assert [(*name, *by_rows) for name, by_rows in told.items()] == [
        (scenario.measure, scenario.situation, *(n for n in ROWS if n >= scenario.least)) for scenario in SCENARIOS
    ]
    assert table(told) in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize(("scenario", "rows"), cases(), ids=lambda value: str(value)[:40])
def test_few_rows_do_about_what_the_docs_say(scenario: FewRows, rows: int) -> None:
    said = documented()[scenario.measure, scenario.situation][rows]
    reached = simulate(scenario, rows, QUICK, seed=1)
    assert reached.covers == pytest.approx(said.covers, abs=9)
    assert reached.passes <= said.passes + 6


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "rows"), cases(), ids=lambda value: str(value)[:40])
def test_few_rows_do_what_the_docs_say(scenario: FewRows, rows: int) -> None:
    said = documented()[scenario.measure, scenario.situation][rows]
    reached = simulate(scenario, rows, LONG, seed=2)
    assert reached.covers == pytest.approx(said.covers, abs=2.5)
    assert reached.passes == pytest.approx(said.passes, abs=2)


if __name__ == "__main__":
    head, _, rest = DOCS.read_text(encoding="utf-8").partition(START)
    found: dict[tuple[str, str], dict[int, Reached]] = {}
    for scenario, n in cases():
        found.setdefault((scenario.measure, scenario.situation), {})[n] = simulate(scenario, n, LONG, seed=0)
    DOCS.write_text(f"{head}{START}\n\n{table(found)}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
