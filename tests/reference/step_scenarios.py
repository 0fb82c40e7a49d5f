"""Simulated test splits of texts whose true measures are known: tags, entities and surprise, alike within a text."""

from __future__ import annotations

from functools import partial

import numpy as np
from interval_scenarios import LEVEL, Rng, Scenario

from leadline.metrics.classification import tagging
from leadline.metrics.generative import language
from leadline.metrics.statistics.measurement import Intervals

TAGS = ("a", "b", "c")
SHARES = (0.6, 0.3, 0.1)  # of tokens
ENTITIES = ("B-x", "O")
LONGEST = 20


def lengths(rows: int, rng: Rng) -> np.ndarray:
    """Return which places of rows of 4 to 20 tokens there are (n,T)."""
    return np.arange(LONGEST) < rng.integers(4, LONGEST + 1, rows)[:, None]


def easy(rows: int, rng: Rng) -> np.ndarray:
    """Return how often a token of each text is right (n,1), 0.8 on average: texts differ."""
    return rng.beta(8, 2, size=(rows, 1))


def tags(name: str, rows: int, rng: Rng) -> Intervals:
    """A wrong tag is either of the other two; all tags are as hard."""
    target_nT = rng.choice(3, p=SHARES, size=(rows, LONGEST))
    wrong_nT = rng.uniform(size=target_nT.shape) > easy(rows, rng)
    said_nT = np.where(wrong_nT, (target_nT + rng.integers(1, 3, target_nT.shape)) % 3, target_nT)
    target_nT = np.where(lengths(rows, rng), target_nT, -1)
    return tagging.measure_all(target_nT, said_nT, TAGS, levels=LEVEL)[name].intervals


def macro() -> float:
    shares = np.array(SHARES)
    given = 0.8 * shares + 0.1 * (1 - shares)
    return float(np.mean(2 * 0.8 * shares / (shares + given)))


def entities(name: str, rows: int, rng: Rng) -> Intervals:
    """Three tokens in ten are entities; of these four in five are found, and as many are called so that are none."""
    there_nT = lengths(rows, rng)
    target_nT = np.where(rng.uniform(size=there_nT.shape) < 0.3, 0, 1)
    found_nT = rng.uniform(size=there_nT.shape) < easy(rows, rng)
    invented_nT = rng.uniform(size=there_nT.shape) < 0.2 * 0.3 / 0.7
    said_nT = np.where(target_nT == 0, np.where(found_nT, 0, 1), np.where(invented_nT, 0, 1))
    return tagging.measure_all(np.where(there_nT, target_nT, -1), said_nT, ENTITIES, levels=LEVEL)[name].intervals


def surprise(rows: int, rng: Rng) -> Intervals:
    """Surprise is exponential, and that of a text's tokens has a log-normal factor in common."""
    there_nT = lengths(rows, rng)
    factor_n1 = np.exp(rng.normal(-0.125, 0.5, size=(rows, 1)))
    nll_nT = 3.0 * factor_n1 * rng.exponential(size=there_nT.shape) * there_nT
    return language.perplexity(language.surprise(nll_nT.sum(1), there_nT.sum(1), LEVEL)).intervals


SCENARIOS = (
    Scenario("token_accuracy", "texts differ in how easy they are", 150, partial(tags, "token_accuracy", 150), 0.8),
    Scenario("f1_macro of tags", "texts differ in how easy they are", 150, partial(tags, "f1_macro", 150), macro()),
    Scenario("entity_f1", "texts differ in how easy they are", 100, partial(entities, "entity_f1", 100), 0.8),
    Scenario("entity_recall", "texts differ in how easy they are", 100, partial(entities, "entity_recall", 100), 0.8),
    Scenario("perplexity", "texts differ in their likelihood", 150, partial(surprise, 150), float(np.exp(3))),
)
