"""ETTh1, all seven variables from 336 hours, months 12/4/4, last window kept: squared errors on train-standardised
values.

At horizons 96, 192, 336 and 720 at most .380, .410, .445 and .480 by at least one family; naive forecasts stand beside
it in every report. ``python -m benchmarks.etth1 path/to/ETTh1.csv [FAMILY…]``
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.common import Figure, dataset, leadline, publish, report

ASKED = {96: 0.380, 192: 0.410, 336: 0.445, 720: 0.480}
FAMILIES = ("nlinear", "autoregression")
SPLIT = "time:date:360d/120d/120d"


def main() -> None:
    """Train each family at each horizon, in one command each, and read the reports."""
    source = dataset("ETTh1.csv")
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for horizon, most in ASKED.items():
            best = []
            for family in sys.argv[2:] or FAMILIES:
                run = Path(folder) / f"{family}-{horizon}"
                words = [
                    "train",
                    source,
                    "--split",
                    SPLIT,
                    "--context-length",
                    "336",
                    "--horizon",
                    str(horizon),
                    "--network",
                    family,
                ]
                seconds = leadline(*words, "--out", run)
                found = report(run).find("mse_scaled")
                assert found is not None
                assert found.value is not None
                figure = Figure(
                    f"{family}, {horizon} hours", found.value, "", found.n or 0, found.method or "", found.interval
                )
                figures += [figure, Figure(f"{family}, {horizon} hours: seconds", seconds, "s", 1, "one run")]
                best.append(figure)
            least = min(best, key=lambda figure: figure.value)
            figures.append(
                Figure(f"best at {horizon} hours", least.value, "", least.n, least.name, least.interval, f"<= {most}")
            )
    publish("etth1", figures)


if __name__ == "__main__":
    main()
