"""A loan table, an operating point, and the reasons for abandoning the deep network when gradient boosting wins.

The table is made here. Each purpose has its own limit of what instalments may take of an income before loans default:
thresholds within categories, which trees find and dense layers blur. Some columns mean nothing, as in life.
"""

import numpy as np
import polars as pl

import leadline

LIMITS = {"car": 0.35, "education": 0.6, "furniture": 0.2, "home": 0.5, "medical": 0.28, "moving": 0.15, "wedding": 0.1}


def loans(rows: int = 15_000, seed: int = 0) -> pl.DataFrame:
    """Return loans with what was known of the applicant, and whether they defaulted."""
    rng = np.random.default_rng(seed)
    income = rng.lognormal(10.4, 0.5, rows)
    amount = rng.lognormal(9.3, 0.6, rows)
    months = rng.choice([12, 24, 36, 48, 60], rows)
    age = rng.integers(19, 75, rows)
    years_employed = np.minimum(rng.exponential(6, rows), age - 18)
    purpose = rng.choice(list(LIMITS), rows)
    burden = amount / months * 12 / income
    risk = -3.6 + 3.4 * (burden > [LIMITS[name] for name in purpose])
    risk += 1.5 * (years_employed < 0.75) + 1.4 * ((age < 24) & (months >= 48))
    said = rng.random(rows) > 0.02 + 0.2 * (income < 22_000)
    return pl.DataFrame(
        {
            "amount": amount.round(-1),
            "months": months,
            "purpose": purpose,
            "income": pl.Series(income.round(-2)).set(pl.Series(~said), None),
            "burden": pl.Series(burden.round(3)).set(pl.Series(~said), None),
            "age": age,
            "years_employed": years_employed.round(1),
            "branch": rng.choice([f"branch {number}" for number in range(40)], rows),
            "accounts": rng.poisson(2, rows),
            "defaulted": np.where(rng.random(rows) < 1 / (1 + np.exp(-risk)), "yes", "no"),
        }
    )


def line(run: leadline.Run, name: str) -> str:
    """Return a measure on test rows with its interval."""
    finding = run.report.find(name)
    low, high = finding.interval
    return f"{name} {finding.value:.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    loans().write_csv("loans.csv")
    # Four of five defaults are to be caught; the threshold for that is chosen on validation rows.
    network = leadline.train(
        "loans.csv",
        target="defaulted",
        positive="yes",
        settings={"objective.operating_point": {"sensitivity": 0.8}, "data.split.test": 0.2},
        epochs=12,
        seed=0,
        out="runs/network",
    )
    print("the network: ", ", ".join(line(network, name) for name in ("sensitivity", "specificity", "nll")))

    # Simpler models were fitted beside it. With an operating point they are compared by their surprise at the truth,
    # row by row.
    findings = network.report.findings
    for found in findings:
        if found.name == "nll_difference":
            low, high = found.interval
            print(
                f"{found.label}: {found.value:+.4f} nats better ({low:+.4f} to {high:+.4f}), {found.level:.2%} interval"
            )
    chosen = next(found for found in findings if found.name == "smallest_not_worse").again.options
    print(f"demonstrably worse than another: {', '.join(chosen['worse'])}; the cheapest that is not: {chosen['model']}")

    # So the network is abandoned: the report names the command, and this is the same in Python.
    if chosen["model"] != "network":
        other = leadline.train("runs/network/experiment.yaml", network=chosen["model"], out="runs/instead")
        print(f"{chosen['model']}: ", ", ".join(line(other, name) for name in ("sensitivity", "specificity", "nll")))
