"""Simulated test splits whose true measures are known, for distributions, counts, probabilities and sets of labels as
targets.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from interval_scenarios import LEVEL, Rng, Scenario
from scipy import integrate, stats

from leadline.metrics.classification import multilabel, soft_labels
from leadline.metrics.regression import distribution
from leadline.metrics.statistics.means import mean_of
from leadline.metrics.statistics.measurement import Intervals

GROUPS = 40


def grouped(n: int, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Return the groups of rows (n,), and a standard normal effect that rows of a group share (n,)."""
    group_n = np.arange(n) % GROUPS
    return group_n, rng.normal(size=GROUPS)[group_n]


def normal_measure(name: str, n: int, rng: Rng) -> Intervals:
    """Standard normal values, predicted to be so."""
    target_n, zero_n, one_n = rng.normal(size=n), np.zeros(n), np.ones(n)
    if name == "coverage":
        reach_n = np.full(n, distribution.reach_of(0.9))
        return distribution.coverage(-reach_n, reach_n, target_n, 0.9, LEVEL, None).intervals
    losses = {"nll": distribution.normal_losses, "crps": distribution.normal_crps}[name]
    return mean_of(losses(target_n, zero_n, one_n), LEVEL).intervals


def clustered_coverage(n: int, rng: Rng) -> Intervals:
    group_n, shared_n = grouped(n, rng)
    target_n = np.sqrt(0.3) * shared_n + np.sqrt(0.7) * rng.normal(size=n)
    reach_n = np.full(n, distribution.reach_of(0.9))
    return distribution.coverage(-reach_n, reach_n, target_n, 0.9, LEVEL, group_n).intervals


def pinball(n: int, rng: Rng) -> Intervals:
    low = float(stats.norm.ppf(0.1))
    return mean_of(distribution.pinball(rng.normal(size=n), np.full(n, low), 0.1), LEVEL, low=0.0).intervals


PINBALL = float(stats.norm.pdf(stats.norm.ppf(0.1)))  # of a standard normal's true quantile


def counts(n: int, rng: Rng, shared_n: np.ndarray | float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return counts and the rates they are drawn from, between 0.5 and 8; what rows share moves the rate and is not
    predicted.
    """
    rate_n = np.exp(rng.uniform(np.log(0.5), np.log(8), size=n))
    return rng.poisson(rate_n * np.exp(shared_n)), rate_n


def deviance(n: int, rng: Rng) -> Intervals:
    return distribution.deviance(*counts(n, rng), LEVEL).intervals


def clustered_deviance(n: int, rng: Rng) -> Intervals:
    group_n, shared_n = grouped(n, rng)
    return distribution.deviance(*counts(n, rng, 0.3 * shared_n - 0.045), LEVEL, group_n).intervals


def deviance_explained(n: int, rng: Rng) -> Intervals:
    return distribution.deviance_explained(*counts(n, rng), LEVEL).intervals


def _expected(of: object, spread: float = 0.0) -> float:
    """Return the mean of a function of count and rate over the rates and counts of `counts`."""
    y = np.arange(0, 200)
    shared, weight = np.polynomial.hermite_e.hermegauss(20)
    weight = weight / weight.sum()

    def at(log_rate: float) -> float:
        rate = np.exp(log_rate)
        true = rate * np.exp(spread * shared - spread**2 / 2)
        share_y = (stats.poisson.pmf(y[:, None], true) * weight).sum(1)
        return float(np.sum(share_y * of(y, rate)))  # type: ignore[operator]

    total, _ = integrate.quad(at, np.log(0.5), np.log(8))
    return total / np.log(16)


def _deviances(y: np.ndarray, rate: float) -> np.ndarray:
    return distribution.deviances(y, np.full(len(y), rate))


MEAN_RATE = 7.5 / np.log(16)
DEVIANCE = _expected(_deviances)
EXPLAINED = 1 - DEVIANCE / _expected(lambda y, rate: _deviances(y, MEAN_RATE))
CLUSTERED_DEVIANCE = _expected(_deviances, 0.3)

# True probabilities are Dirichlet (4, 2, 1), predicted ones always the mean.
ALPHA = np.array([4.0, 2.0, 1.0])


def shares(name: str, n: int, rng: Rng) -> Intervals:
    true_nC = rng.dirichlet(ALPHA, size=n)
    predicted_nC = np.broadcast_to(ALPHA / ALPHA.sum(), true_nC.shape)
    return soft_labels.measure_all(true_nC, predicted_nC, levels=LEVEL)[name].intervals


def _absolute_deviation() -> float:
    """Return the mean absolute deviation of Dirichlet shares from their means, averaged over classes: shares are
    beta.
    """
    means = ALPHA / ALPHA.sum()
    found = [
        stats.beta(a, ALPHA.sum() - a).expect(lambda p, mean=mean: np.abs(p - mean))
        for a, mean in zip(ALPHA, means, strict=True)
    ]
    return float(np.mean(found))


def _divergence() -> float:
    from scipy.special import digamma

    means, total = ALPHA / ALPHA.sum(), ALPHA.sum()
    negative_entropy = float(np.sum(means * (digamma(ALPHA + 1) - digamma(total + 1))))
    return negative_entropy - float(np.sum(means * np.log(means)))


BRIER = float(np.sum(ALPHA * (ALPHA.sum() - ALPHA)) / (ALPHA.sum() ** 2 * (ALPHA.sum() + 1)))

# A row has a label where a normal number exceeds its bound; half of its variance is shared by the row's labels.
BOUNDS = stats.norm.isf(np.array([0.5, 0.3, 0.15]))
AGREE = np.array([0.9, 0.8, 0.7])  # correlation of what is predicted with the truth


def sets(name: str, n: int, clustered: bool, rng: Rng) -> Intervals:
    group_n = None
    row_n1 = rng.normal(size=(n, 1))
    if clustered:
        group_n, shared_n = grouped(n, rng)
        row_n1 = np.sqrt(0.3) * shared_n[:, None] + np.sqrt(0.7) * row_n1
    true_nL = np.sqrt(0.5) * row_n1 + np.sqrt(0.5) * rng.normal(size=(n, 3))
    said_nL = AGREE * true_nL + np.sqrt(1 - AGREE**2) * rng.normal(size=(n, 3))
    if name in ("roc_auc", "average_precision"):
        ranking = {"roc_auc": multilabel.roc_auc, "average_precision": multilabel.average_precision}[name]
        return ranking(true_nL > BOUNDS, said_nL, LEVEL, group_n).intervals
    if name == "hamming_loss":
        return mean_of(((true_nL > BOUNDS) != (said_nL > BOUNDS)).mean(1), LEVEL, group_n, low=0.0, high=1.0).intervals
    tally = multilabel.tally_of(true_nL > BOUNDS, said_nL > BOUNDS, group_n)
    f1 = {"f1_micro": multilabel.f1_micro, "f1_macro": multilabel.f1_macro}[name]
    return f1(tally, LEVEL, grouped=clustered).intervals


def _both() -> np.ndarray:
    """Return how often a label is there and is said (3,)."""
    found = []
    for bound, agree in zip(BOUNDS, AGREE, strict=True):
        found.append(stats.multivariate_normal([0, 0], [[1, agree], [agree, 1]]).cdf([-bound, -bound]))
    return np.array(found)


HELD = stats.norm.sf(BOUNDS)
BOTH = _both()


def _ranking() -> tuple[float, float]:
    """Return the mean ROC-AUC and the mean average precision of the labels."""
    z = np.linspace(-8, 8, 8001)
    step = z[1] - z[0]
    areas, precisions = [], []
    for bound, agree, held in zip(BOUNDS, AGREE, HELD, strict=True):
        there = stats.norm.sf((bound - agree * z) / np.sqrt(1 - agree**2))
        positive, negative = (
            there * stats.norm.pdf(z) * step / held,
            (1 - there) * stats.norm.pdf(z) * step / (1 - held),
        )
        areas.append(np.sum(positive * (np.cumsum(negative) - negative / 2)))
        above, wrong = np.cumsum(positive[::-1])[::-1], np.cumsum(negative[::-1])[::-1]
        above, wrong = above - positive / 2, wrong - negative / 2
        precisions.append(np.sum(positive * held * above / (held * above + (1 - held) * wrong)))
    return float(np.mean(areas)), float(np.mean(precisions))


AREA, PRECISION = _ranking()
TRUTHS = {
    "f1_micro": float(BOTH.sum() / HELD.sum()),
    "f1_macro": float(np.mean(BOTH / HELD)),
    "hamming_loss": float(np.mean(2 * (HELD - BOTH))),
    "roc_auc": AREA,
    "average_precision": PRECISION,
}

SCENARIOS = (
    Scenario(
        "nll", "normal distributions", 180, partial(normal_measure, "nll", 180), 0.5 * float(np.log(2 * np.pi)) + 0.5
    ),
    Scenario("crps", "normal distributions", 180, partial(normal_measure, "crps", 180), 1 / float(np.sqrt(np.pi))),
    Scenario("coverage", "90 %", 180, partial(normal_measure, "coverage", 180), 0.9),
    Scenario("coverage", "90 %, 40 groups, correlation 0.3 within", 400, partial(clustered_coverage, 400), 0.9),
    Scenario("pinball", "a tenth below", 180, partial(pinball, 180), PINBALL),
    Scenario("deviance", "rates 0.5 to 8", 180, partial(deviance, 180), DEVIANCE),
    Scenario(
        "deviance", "40 groups whose rates differ by a third", 400, partial(clustered_deviance, 400), CLUSTERED_DEVIANCE
    ),
    Scenario("deviance_explained", f"{EXPLAINED:.2f}", 180, partial(deviance_explained, 180), EXPLAINED),
    Scenario("kl", "of probabilities", 180, partial(shares, "kl", 180), _divergence()),
    Scenario("brier", "of probabilities", 180, partial(shares, "brier", 180), BRIER),
    Scenario(
        "probability_mae", "of probabilities", 180, partial(shares, "probability_mae", 180), _absolute_deviation()
    ),
    *(
        Scenario(
            name, f"three labels{', 40 groups' if clustered else ''}", 300, partial(sets, name, 300, clustered), truth
        )
        for name, truth in TRUTHS.items()
        for clustered in (False, True)
    ),
)
