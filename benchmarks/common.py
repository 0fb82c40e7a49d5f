"""What all benchmarks share: running Leadline as a user would, figures with intervals, and where results go.

A claim about speed is a ratio of two programs run in turn (A B A B …), so that what else the machine does hits both.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table
from scipy import stats

from leadline.core.report import Report
from leadline.core.requirement import Requirement
from leadline.machine import environment
from leadline.machine.latency import median_interval

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
SKIPPED = 77  # the exit code by which a benchmark says that it cannot run here


@dataclass(frozen=True)
class Figure:
    """One measured value, its 95 % interval, how many measurements it rests on, and the bound it should keep (``>=
    0.98``).
    """

    name: str
    value: float
    unit: str
    n: int
    method: str
    interval: tuple[float, float] | None = None
    target: str | None = None

    @property
    def met(self) -> bool | None:
        """Say whether the value keeps its bound; None without one."""
        return Requirement.parse(f"value {self.target}").met_by(self.value) if self.target else None


def publish(claim: str, figures: Sequence[Figure], notes: Mapping[str, Any] | None = None) -> None:
    """Print a table and write ``results/<claim>.json``."""
    here = environment.describe(ROOT)
    table = Table(title=claim)
    for heading in ("what", "value", "95 % interval", "n", "target", "met"):
        table.add_column(heading)
    for f in figures:
        interval = f"{f.interval[0]:.4g} – {f.interval[1]:.4g}" if f.interval else "–"
        met = {True: "yes", False: "NO", None: ""}[f.met]
        table.add_row(f.name, f"{f.value:.4g} {f.unit}", interval, str(f.n), f.target or "", met)
    Console(width=120).print(table)
    result = {
        "claim": claim,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": here.pop("git"),
        "hardware": here,
        "figures": [{**asdict(f), "met": f.met} for f in figures],
        "notes": dict(notes or {}),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{claim}.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return Student's 95 % interval of the mean; None for fewer than two values."""
    if len(values) < 2:
        return None
    half = float(stats.sem(values) * stats.t.ppf(0.975, len(values) - 1))
    return float(np.mean(values)) - half, float(np.mean(values)) + half


def in_turn(programs: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Run all programs once a round, in an order that turns by one each round, and return what they measured."""
    names = list(programs)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for r in range(rounds):
        for name in names[r % len(names) :] + names[: r % len(names)]:
            taken[name].append(programs[name]())
            print(f"round {r + 1} of {rounds}: {name} {taken[name][-1]:,.0f}", file=sys.stderr, flush=True)
    return taken


def ratio(name: str, above: Sequence[float], below: Sequence[float], target: str | None = None) -> Figure:
    """Return the median over rounds of ``above / below``, with its distribution-free interval."""
    ratios_R = np.sort(np.asarray(above) / np.asarray(below))
    method = "median ratio over rounds run in turn; interval from order statistics"
    return Figure(name, float(np.median(ratios_R)), "×", len(ratios_R), method, median_interval(ratios_R), target)


def rate(run: Path) -> float:
    """Return the examples/s of a run over its epochs after the first, from its history."""
    later = pl.read_parquet(run / "history.parquet").filter(pl.col("epoch") > 1)
    # Ticks cover different numbers of steps: total examples over total time, not a mean of rates.
    steps = later.get_column("step").diff().drop_nulls().to_numpy()
    rates = later.get_column("examples_per_second").to_numpy()[1:]
    return float(steps.sum() / (steps / rates).sum())


def peer(words: Sequence[str | Path], **variables: str) -> float:
    """Run a peer's script and return the median of its examples/s over epochs after the first.

    Its last line is JSON, with the examples/s of each epoch under a name that ends in ``_per_second``.
    """
    done = subprocess.run(
        words, env=os.environ | variables, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\nended with {done.returncode}:\n{done.stderr}")
    (rates,) = (
        value for name, value in json.loads(done.stdout.splitlines()[-1]).items() if name.endswith("_per_second")
    )
    return float(np.median(rates[1:]))


def leadline(*arguments: str | Path, check: bool = True) -> float:
    """Run the command line in a process of its own and return its seconds; a failure ends the benchmark with its
    messages.
    """
    start = time.perf_counter()
    done = subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    seconds = time.perf_counter() - start
    if check and done.returncode != 0:
        sys.exit(f"leadline {' '.join(map(str, arguments))}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return seconds


def command(*arguments: str | Path) -> list[str]:
    """Return the command that runs Leadline in this interpreter."""
    return [sys.executable, "-m", "leadline", *map(str, arguments)]


def report(run: Path) -> Report:
    """Return the report of a finished run."""
    return Report.read(run / "report.json")


def accuracy(run: Path, target: str) -> Figure:
    """Return a run's accuracy on its test split as a figure."""
    found = report(run).find("accuracy")
    assert found is not None
    assert found.value is not None
    assert found.n is not None
    return Figure("accuracy on the test split", found.value, "", found.n, found.method or "", found.interval, target)


def dataset(name: str) -> Path:
    """Return where a real dataset lies: the path given on the command line, else `name` in the folder LEADLINE_DATA.

    Ends the benchmark with the exit code `SKIPPED` where there is neither.
    """
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(os.environ.get("LEADLINE_DATA", "")) / name
    if not given.exists() or (len(sys.argv) < 2 and "LEADLINE_DATA" not in os.environ):
        skip(f"needs {name}: give its path, or set LEADLINE_DATA to the folder it is in")
    return given.resolve()


def skip(why: str) -> NoReturn:
    """End the benchmark, saying why it cannot run here."""
    print(f"not measured: {why}", file=sys.stderr)
    sys.exit(SKIPPED)
