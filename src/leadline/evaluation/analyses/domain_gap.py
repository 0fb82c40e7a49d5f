"""Whether features let on which of two domains a row is of, where they were to learn not to."""

from __future__ import annotations

import numpy as np

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_test_rows
from leadline.evaluation.feature_space import random_rows
from leadline.evaluation.subject import Subject
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.intervals import wilson
from leadline.metrics.statistics.measurement import Measurement
from leadline.nn.rng import seed_for
from leadline.objectives.contract import BoundObjective

NAME = "domain_accuracy"
ROWS = 2_000  # of each domain
FOLDS = 5


def metric_names(objective: BoundObjective) -> tuple[str, ...]:
    """Return the names of what is measured of domains, for requirements."""
    return (NAME,) if objective.supervision.two_domains else ()


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    """Yield how often a linear classifier tells test rows, of the one domain, from as many validation rows, of the
    other.

    It is fitted to the features of the network that ships, and judged on rows it was not fitted to; neither were
    trained on. What told domains apart in training does not ship. Half of the rows are told right by chance.
    """
    again = Reproduction(producer="domains", seed=seed, tolerance=1e-3)
    own, other = subject.test_rows, subject.dataset.splits.get("validation")
    rows = min(len(own), len(other) if other is not None else 0, ROWS)
    if other is None or rows < FOLDS:
        why = say("evaluation.domain-too-few", folds=FOLDS)
        yield Finding.absent(NAME, why, split=own.name, better="lower", again=again)
        return
    both = [subject.embeddings(random_rows(one, rows, seed, "domains")) for one in (other, own)]
    right_n = domain_auc(np.concatenate(both).astype(np.float64), np.repeat([0, 1], rows), seed)
    method = (
        f"{FOLDS}-fold logistic regression on features of as many examples of each domain; chance 0.5; Wilson score"
    )
    share = wilson(int(right_n.sum()), len(right_n), subject.levels)
    measured = Measurement(float(right_n.mean()), share, len(right_n), method)
    yield finding(NAME, measured, split=own.name, levels=subject.levels, better="lower", again=again)


def domain_auc(x_nF: np.ndarray, domain_n: np.ndarray, seed: int) -> np.ndarray:
    """Return which rows a linear classifier fitted to other rows tells right (n,) bool."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed_for(seed, "domains") % 2**32)
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1_000))
    return np.asarray(cross_val_predict(linear, x_nF, domain_n, cv=folds) == domain_n)


def _applies(subject: Subject) -> str | None:
    return of_test_rows(subject) if subject.objective.supervision.two_domains else say("evaluation.one-domain")


ANALYSIS = Analysis(
    name="domain-gap",
    question="Do the features reveal the domain of an example?",
    section="metrics",
    run=_run,
    applies=_applies,
    metrics=(
        Metric(
            "domain_accuracy",
            "Domain classifier accuracy",
            "accuracy of a classifier that predicts an example's domain from its features; 50 % is chance",
            "%",
            "lower",
        ),
    ),
    requirable=lambda objective, schema: metric_names(objective),
)
