"""Train on a data frame and read the findings: regression on a table made here."""

import numpy as np
import polars as pl

import leadline

if __name__ == "__main__":
    rng = np.random.default_rng(0)
    area, rooms = rng.uniform(30, 200, 800), rng.integers(1, 7, 800)
    town = rng.choice(["Łódź", "上海", "القاهرة"], 800)
    price = 2_000 * area + 10_000 * rooms + 50_000 * (town == "上海") + rng.normal(0, 5_000, 800)
    homes = pl.DataFrame({"area": area, "rooms": rooms, "town": town, "price": price})

    run = leadline.train(homes, target="price", epochs=40, seed=0, require=["r2 >= 0.8"])
    for name in ("mae", "r2"):
        finding = run.report.find(name)
        low, high = finding.interval
        print(f"{name} {finding.value:.4g}, 95 % interval {low:.4g} to {high:.4g} ({finding.method})")
    print(leadline.predict(run, homes.drop("price").head(3)))
