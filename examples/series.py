"""Forecast a series: the hours of the next day of a town's load, beside forecasts that learn nothing."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

import leadline

if __name__ == "__main__":
    # Two months of hours: people rise and sleep, rest at weekends, and heat when it is cold.
    rng = np.random.default_rng(0)
    hour = np.arange(24 * 60)
    celsius = 5 + 4 * np.sin(2 * np.pi * hour / 24 - 2) + np.repeat(rng.normal(0, 3, 60), 24)
    busy = hour // 24 % 7 < 5
    load = 300 + 80 * np.sin(2 * np.pi * hour / 24 - 1.5) * busy - 6 * celsius + rng.normal(0, 8, len(hour))
    when = [datetime(2024, 1, 1) + timedelta(hours=int(h)) for h in hour]
    table = pl.DataFrame({"when": when, "load": load.round(1), "celsius": celsius.round(1)})

    run = leadline.train(table, target="load", horizon=24, context_length=7 * 24, network="dlinear", epochs=20, seed=0)
    for group in (None, "baseline=naive", "baseline=seasonal-naive", "baseline=autoregression"):
        finding = run.report.find("mae", group=group)
        low, high = finding.interval
        print(f"mae {finding.value:.3g}, 95 % interval {low:.3g} to {high:.3g} ({group or 'network'})")
    print(leadline.predict(run, table).head(3))  # what comes after the last row
