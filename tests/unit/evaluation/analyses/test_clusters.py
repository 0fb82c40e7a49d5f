from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.experiment import DataSpec
from leadline.core.finding import Finding
from leadline.data.dataset import Dataset, prepare
from leadline.evaluation.analyses.clusters import clusters
from leadline.objectives.contract import EvaluationContext

ROWS = 120


def data(target: str = "kind") -> Dataset:
    """Return rows of three places far from each other."""
    rng = np.random.default_rng(0)
    class_n = rng.integers(0, 3, ROWS)
    x_n2 = np.array([[0, 0], [9, 0], [0, 9]])[class_n] + rng.normal(size=(ROWS, 2))
    frame = pl.DataFrame({"x": x_n2[:, 0], "y": x_n2[:, 1], "kind": np.array(["a", "狗", "c"])[class_n]})
    frame = frame if target == "kind" else frame.drop("kind")
    return prepare(DataSpec(target=target), frame, labels="none")


def decided(rows: int, clusters: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    cluster_n = np.arange(rows) % clusters + 1
    return {"cluster": cluster_n.astype(np.int32), "share": rng.random(rows), "silhouette": rng.random(rows)}


def found(dataset: Dataset, columns: dict[str, np.ndarray]) -> tuple[dict[str, ExhibitDraft], list[Finding]]:
    part = dataset.splits["test"]
    assert part.target is not None
    items = list(clusters(dataset, part, columns, EvaluationContext("test", part.target, None, dataset.schema)))
    drafts = {item.name: item for item in items if isinstance(item, ExhibitDraft)}
    return drafts, [item for item in items if isinstance(item, Finding)]


def test_sizes_and_classes_of_clusters_are_counted() -> None:
    dataset = data()
    part = dataset.splits["test"]
    columns = decided(len(part))
    drafts, _ = found(dataset, columns)
    table: Any = drafts["clusters"].content
    assert [row[1] for row in table["rows"]] == np.bincount(columns["cluster"])[1:].tolist()
    assert part.target is not None
    for number, row in enumerate(table["rows"], start=1):
        counts = np.bincount(part.target[columns["cluster"] == number], minlength=3)
        assert counts[dataset.schema.classes.index(row[-2])] == counts.max()
        assert row[-1] == f"{100 * counts.max() / counts.sum():.0f} %"


def test_typical_rows_are_those_with_the_largest_share() -> None:
    dataset = data()
    columns = decided(len(dataset.splits["test"]))
    drafts, _ = found(dataset, columns)
    rows: Any = drafts["typical"].content["rows"]
    first = {row[0]: row[2:] for row in reversed(rows)}
    for number in (1, 2, 3):
        at = int(np.where(columns["cluster"] == number, columns["share"], -1).argmax())
        shown = dataset.splits["test"].shown(at)
        assert first[number] == pytest.approx([shown["x"], shown["y"]])


def test_k_means_on_inputs_stands_beside_where_there_are_classes() -> None:
    dataset = data()
    _, findings = found(dataset, decided(len(dataset.splits["test"])))
    assert {f.name for f in findings} == {"clustering_accuracy", "adjusted_rand", "mutual_information"}
    assert all(f.value == pytest.approx(1.0) and f.group == "baseline=k-means" for f in findings), (
        "the places are far apart"
    )
    without = data("none")
    drafts, none = found(without, decided(len(without.splits["test"])))
    assert not none
    assert len(drafts["clusters"].content["columns"]) == 5


def test_one_cluster_has_nothing_to_compare() -> None:
    dataset = data()
    _, findings = found(dataset, decided(len(dataset.splits["test"]), clusters=1))
    assert findings
    assert all(f.value is None and f.why == say("evaluation.one-cluster") for f in findings)


def test_other_decisions_are_let_be() -> None:
    dataset = data()
    assert found(dataset, {"prediction": np.zeros(len(dataset.splits["test"]))}) == ({}, [])


def test_pictures_stand_in_a_line_for_each_cluster() -> None:
    dataset = prepare(DataSpec(source="digits"), labels="none")
    part = dataset.splits["test"]
    columns = decided(len(part))
    columns["cluster"][:] = np.where(np.arange(len(part)) < 2, 2, np.where(np.arange(len(part)) % 2, 1, 3))
    drafts, _ = found(dataset, columns)
    draft = drafts["typical"]
    assert draft.kind == "pictures"
    assert len(draft.content["pictures"]) == 2 * draft.content["columns"]
    assert say("exhibits.clusters-from-top", numbers="1, 3") in draft.caption
    assert say("exhibits.clusters-omitted", fewest=4, numbers="2") in draft.caption
