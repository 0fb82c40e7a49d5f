"""What a network makes of rows before it decides: their embeddings, a map of them, and what neighbours there have in
common.

Shapes: n rows, E numbers of an embedding.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_test_rows
from leadline.evaluation.exhibits import targets_of
from leadline.evaluation.feature_space import random_rows
from leadline.evaluation.subject import Subject
from leadline.metrics.generative.neighbours import agreement
from leadline.metrics.statistics.findings import finding
from leadline.nn.rng import seed_for
from leadline.objectives.contract import BoundObjective

NAMES = ("knn_accuracy",)
NEIGHBOURS = 5
TRAIN_ROWS = 10_000  # among which neighbours are looked for
MAPPED = 2_000  # rows of a map, at most, and
FEWEST = 3  # at least
COLOURED = 10  # classes that have a colour of their own
PERPLEXITY = 30


def metric_names(objective: BoundObjective, schema: Schema) -> tuple[str, ...]:
    """Return the names of the findings about embeddings, for requirements."""
    return NAMES if shows(objective) and schema.classes else ()


def shows(objective: BoundObjective) -> bool:
    """Say whether embeddings are what an objective is for: it needs no labels, or it finds codes."""
    return objective.supervision.labels == "none" or objective.capability("encoder") is not None


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    """Yield a map of test rows, and where there are classes how often a row's neighbours among train rows are of
    its own.

    The latter stands beside the same of raw inputs, where these are all of one length.
    """
    rows = random_rows(subject.test_rows, MAPPED, seed, "map")
    code_nE = subject.embeddings(rows)
    if len(rows) < FEWEST or not np.isfinite(code_nE).all():
        return
    if subject.dataset.schema.classes:
        yield from _agreement(subject, seed)
    yield from _maps(code_nE, subject.dataset, rows, seed)


def _agreement(subject: Subject, seed: int) -> Iterator[Finding]:
    train = random_rows(subject.dataset.splits["train"].labelled, TRAIN_ROWS, seed, "neighbours")
    own = subject.test_rows.labelled
    common = {"split": own.name, "levels": subject.levels, "better": "higher"}
    again = Reproduction(producer="embedded", options={"neighbours": NEIGHBOURS}, seed=seed, tolerance=1e-3)
    ways: dict[str | None, tuple[np.ndarray, np.ndarray]] = {None: (subject.embeddings(own), subject.embeddings(train))}
    raw = subject.raw_features
    if raw is not None:
        ways["baseline=raw inputs"] = (raw.subset(own), raw.subset(train))
    for group, (query_qE, rows_nE) in ways.items():
        measured = agreement(
            query_qE.astype(np.float64),
            _classes(own),
            rows_nE.astype(np.float64),
            _classes(train),
            subject.levels,
            k=NEIGHBOURS,
            group_q=own.group,
        )
        section = None if group is None else "baselines"
        yield finding("knn_accuracy", measured, group=group, section=section, again=again, **common)  # type: ignore[arg-type]


def _classes(subset: Subset) -> np.ndarray:
    assert subset.target is not None
    return subset.target.astype(np.int64)


def _maps(code_nE: np.ndarray, dataset: Dataset, subset: Subset, seed: int) -> Iterator[ExhibitDraft]:
    """Yield the two directions in which embeddings vary most, and, of enough rows, neighbourhoods by t-SNE."""
    code_nE = code_nE.astype(np.float64)
    varies = code_nE.std(0) > 1e-12
    if varies.sum() < 2:
        return
    kept = PCA(min(50, int(varies.sum()), len(code_nE)), svd_solver="full").fit(code_nE)
    flat = kept.transform(code_nE)
    shares = kept.explained_variance_ratio_[:2]
    caption = say("exhibits.embedding-pca-about", share=shares.sum())
    labels = [say("exhibits.component", number=k, share=share) for k, share in enumerate(shares, 1)]
    yield _map("embedding", say("exhibits.embedding-pca"), flat[:, :2], labels, caption, dataset, subset)
    if len(code_nE) > 3 * PERPLEXITY:
        method = TSNE(perplexity=PERPLEXITY, init="pca", random_state=seed_for(seed, "map") % 2**32, max_iter=500)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # equal rows are no trouble
            near = method.fit_transform(flat)
        caption = say("exhibits.embedding-tsne-about")
        yield _map("embedding-2", say("exhibits.embedding-tsne"), near, ["", ""], caption, dataset, subset)


def _map(
    name: str, title: str, place_n2: np.ndarray, labels: list[str], caption: str, dataset: Dataset, subset: Subset
) -> ExhibitDraft:
    x, y = (
        {"label": label, "values": [round(float(v), 4) for v in at]}
        for label, at in zip(labels, place_n2.T, strict=True)
    )
    words = targets_of(dataset.schema, subset, range(len(subset)))
    where = [subset.place(i) for i in range(len(subset))]
    content = {
        "x": x,
        "y": y,
        "diagonal": False,
        "titles": [f"{said}: {at}" if said else at for said, at in zip(words, where, strict=True)],
        "bare": not any(labels),
    }
    if dataset.schema.classes and subset.target is not None:
        names = np.array([*dataset.schema.classes, say("exhibits.unlabelled")], dtype=object)
        own = names[np.where(subset.target >= 0, subset.target, len(names) - 1).astype(np.int64)]
        content["classes"] = _coloured([str(one) for one in own])
    return ExhibitDraft(name, "scatter", title, content, caption, subset.name, "representations")


def _coloured(names: list[str]) -> dict[str, list[str] | list[int]]:
    """Return which colour each row has, and what the colours stand for; of many classes the rarer ones share the
    last.
    """
    count = {name: names.count(name) for name in dict.fromkeys(sorted(names))}
    often = sorted(count, key=lambda name: -count[name])
    kept = often if len(often) <= COLOURED else often[: COLOURED - 1]
    kept = [name for name in count if name in kept]
    number = {name: at for at, name in enumerate(kept)}
    rest = ["others"] if len(often) > len(kept) else []
    return {"names": [*kept, *rest], "values": [number.get(name, len(kept)) for name in names]}


def _applies(subject: Subject) -> str | None:
    if not shows(subject.objective):
        return say("evaluation.no-embeddings")
    return of_test_rows(subject)


ANALYSIS = Analysis(
    name="embeddings",
    question="Which examples are neighbours in embedding space?",
    section="metrics",
    run=_run,
    applies=_applies,
    metrics=(
        Metric(
            "knn_accuracy",
            "k-nearest-neighbour accuracy",
            "accuracy of a majority vote of the nearest training examples in embedding space",
            "%",
            "higher",
        ),
    ),
    requirable=metric_names,
    reference="van der Maaten & Hinton 2008",
)
