"""What clusters hold: how many rows, of which classes, rows that are typical of each; and what k-means finds without a
network.

Shapes: n rows, K clusters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import InputSchema
from leadline.data.columns.contract import input_type
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_test_rows
from leadline.evaluation.exhibits import first_pictured, gallery, gallery_kind, rows_shown
from leadline.evaluation.feature_space import RawFeatures, random_rows
from leadline.evaluation.subject import Subject
from leadline.metrics.statistics.findings import finding
from leadline.nn.rng import seed_for
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.self_supervised.clustering import AGREEMENT, FITTED
from leadline.objectives.self_supervised.kmeans import kmeans, nearest

CLUSTER = "cluster"
SHOWN = 10  # rows of each cluster that are shown
FEWEST = 4  # pictures of a cluster that are worth a line
BASELINE = "baseline=k-means"


def clusters(
    dataset: Dataset, subset: Subset, decided: Mapping[str, np.ndarray], context: EvaluationContext
) -> Iterator[Finding | ExhibitDraft]:
    """Yield what is in each cluster of a part, and how well k-means agrees with classes where there are any; nothing
    without clusters.
    """
    if CLUSTER not in decided or not len(subset):
        return
    yield _sizes(decided, context)
    yield from _typical(decided, dataset, subset)
    if dataset.schema.classes:
        yield from _without_network(dataset, subset.labelled, int(decided[CLUSTER].max()), context)


def _sizes(decided: Mapping[str, np.ndarray], context: EvaluationContext) -> ExhibitDraft:
    """Return how many rows each cluster has, how surely, and which class most of them are of."""
    cluster_n, classes = decided[CLUSTER], context.schema.classes
    rows = []
    for number in range(1, int(cluster_n.max()) + 1):
        at = np.flatnonzero(cluster_n == number)
        row: list[Any] = [number, len(at), f"{100 * len(at) / len(cluster_n):.1f} %"]
        row += [round(float(decided[name][at].mean()), 3) if len(at) else None for name in ("share", "silhouette")]
        if classes:
            row += _most(context.target[at], classes)
        rows.append(row)
    columns = [CLUSTER, "rows", say("exhibits.share"), say("exhibits.mean-membership"), say("exhibits.mean-silhouette")]
    content = {
        "columns": [*columns, *((say("exhibits.majority-class"), say("exhibits.purity")) if classes else ())],
        "rows": rows,
    }
    return ExhibitDraft(
        "clusters", "table", say("exhibits.clusters"), content, say("exhibits.clusters-order"), context.split
    )


def _most(class_n: np.ndarray, classes: Sequence[str]) -> list[str | None]:
    counts = np.bincount(class_n[class_n >= 0], minlength=len(classes))
    if not counts.sum():
        return [None, None]
    return [classes[int(counts.argmax())], f"{100 * counts.max() / counts.sum():.0f} %"]


def _typical(decided: Mapping[str, np.ndarray], dataset: Dataset, subset: Subset) -> Iterator[ExhibitDraft]:
    """Yield the rows that belong most surely to each cluster."""
    one = first_pictured(dataset.schema.inputs)
    most = (input_type(one.kind).display.few if one is not None else None) or SHOWN
    order = np.argsort(-decided["share"], kind="stable")
    own = {number: order[decided[CLUSTER][order] == number] for number in range(1, int(decided[CLUSTER].max()) + 1)}
    seen = {
        number: [int(i) for i in at if one is None or subset.has(int(i), one.name)][:most] for number, at in own.items()
    }
    caption = say("exhibits.representative-about")
    large = {number: at for number, at in seen.items() if len(at) >= FEWEST}
    if one is not None and input_type(one.kind).pixels is not None and large:
        yield _lines(one, subset, large, [number for number in seen if number not in large], caption)
        return
    found = [(number, i) for number, at in seen.items() for i in at]
    if one is not None:
        shown = [subset.shown(i)[one.name] for _, i in found]
        captions = [say("exhibits.cluster-caption", number=number, place=subset.place(i)) for number, i in found]
        content, more = gallery(one, shown, captions, most)
        yield ExhibitDraft(
            "typical",
            gallery_kind(one),
            say("exhibits.representative"),
            content,
            f"{caption} {more}".strip(),
            subset.name,
        )
        return
    rows = rows_shown(dataset.schema, subset, [i for _, i in found])
    content = rows.content([CLUSTER, say("exhibits.row")], [[number, subset.place(i)] for number, i in found])
    yield ExhibitDraft("typical", "table", say("exhibits.representative"), content, caption, subset.name)


def _lines(
    one: InputSchema, subset: Subset, seen: Mapping[int, Sequence[int]], small: Sequence[int], caption: str
) -> ExhibitDraft:
    """Return a line of as many pictures for each cluster; `small` ones are left out."""
    columns = min(map(len, seen.values()))
    shown = [subset.shown(i)[one.name] for at in seen.values() for i in at[:columns]]
    content, _ = gallery(one, shown, [""] * len(shown), columns)
    caption += say("exhibits.clusters-from-top", numbers=", ".join(map(str, seen)))
    caption += say("exhibits.clusters-omitted", fewest=FEWEST, numbers=", ".join(map(str, small))) if small else ""
    return ExhibitDraft("typical", gallery_kind(one), say("exhibits.representative"), content, caption, subset.name)


def _without_network(dataset: Dataset, subset: Subset, count: int, context: EvaluationContext) -> Iterator[Finding]:
    """Yield how well as many clusters agree with classes that k-means finds among standardised inputs of train rows."""
    again = Reproduction(
        producer="baseline", options={"name": "k-means", "clusters": count}, seed=context.seed, tolerance=1e-3
    )
    common: dict[str, Any] = {
        "split": subset.name,
        "group": BASELINE,
        "section": "baselines",
        "better": "higher",
        "again": again,
    }
    raw, target = RawFeatures.fitted(dataset, context.seed), subset.target
    if raw is None or target is None or count < 2:
        why = say("evaluation.one-cluster") if raw is not None else say("evaluation.lengths-differ")
        yield from (Finding.absent(name, why, **common) for name in AGREEMENT)
        return
    train_nF = raw.subset(random_rows(dataset.splits["train"], FITTED, context.seed, "k-means"))
    centre_KF = kmeans(
        train_nF, min(count, len(np.unique(train_nF, axis=0))), seed_for(context.seed, "k-means") % 2**32
    )
    cluster_n = nearest(raw.subset(subset), centre_KF)
    for name, agreement in AGREEMENT.items():
        measured = agreement(cluster_n, target.astype(np.int64), context.levels, subset.group)
        measured = measured._replace(method=f"k-means on {raw.words}; {measured.method}")
        yield finding(name, measured, levels=context.levels, **common)


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from clusters(subject.dataset, subject.test_rows, subject.predictions("test"), subject.context("test"))


def _applies(subject: Subject) -> str | None:
    why = of_test_rows(subject)
    return why or (None if CLUSTER in subject.predictions("test") else say("evaluation.no-clusters"))


ANALYSIS = Analysis(
    name="clusters",
    question="What do the clusters contain, and how does k-means compare?",
    section="representations",
    run=_run,
    applies=_applies,
)
