"""Embeddings of rows: their order, maps of them, and what neighbours have in common."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from by_hand import bound
from makers import Maker, digits, table
from torch import nn

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.experiment import DataSpec
from leadline.core.finding import Finding
from leadline.data.dataset import prepare
from leadline.evaluation.analyses.embeddings import ANALYSIS, COLOURED, _coloured, metric_names
from leadline.evaluation.analyses.generative.reconstructions import PATHS, SHOWN, STEPS, _arc, reconstructions
from leadline.evaluation.subject import Subject
from leadline.metrics.generative.neighbours import agreement
from leadline.rendering.scatter import scatter
from leadline.run.inference import embed_subset


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path))


def test_neighbours_and_maps_of_pictures() -> None:
    dataset = digits()
    part = dataset.splits["test"]
    maker = bound(Maker(dataset.splits["train"]))
    subject = Subject(nn.Identity(), maker, dataset)
    found = list(ANALYSIS.run(subject, ANALYSIS.options(), 0))
    own, raw = (item for item in found if isinstance(item, Finding))
    assert (own.name, own.group, raw.group) == ("knn_accuracy", None, "baseline=raw inputs")
    train = dataset.splits["train"]
    rows = [embed_subset(nn.Identity(), maker, p).astype(float) for p in (part, train)]
    assert own.value == agreement(rows[0], part.target, rows[1], train.target, (0.95,), k=5).value
    assert own.value > 0.95
    maps = [item for item in found if isinstance(item, ExhibitDraft)]
    assert [draft.name for draft in maps] == ["embedding", "embedding-2"]
    for draft in maps:
        plot = scatter(draft.content)
        assert len(plot.dots) == len(part)
        assert {dot.look for dot in plot.dots} == {f"c{k}" for k in range(10)}
        assert plot.dots[0].title == f"{part.target[0]}: {part.place(0)}"
    assert metric_names(maker, dataset.schema) == ("knn_accuracy",)
    assert metric_names(maker, table().schema) == ()


def test_without_classes_there_are_maps_alone() -> None:
    dataset = table(60)
    subject = Subject(nn.Identity(), bound(_Finite(dataset.splits["train"])), dataset)
    found = list(ANALYSIS.run(subject, ANALYSIS.options(), 0))
    assert [type(item) for item in found] == [ExhibitDraft]
    assert "classes" not in found[0].content


class _Finite(Maker):
    def embed(self, network, inputs):
        return inputs["table"].nan_to_num()


def test_rows_of_different_length_come_out_in_their_order() -> None:
    texts = ["a b", "c", "d e f g h i j k l", "m n o", "p q r s t u v w x y z"] * 5
    dataset = prepare(DataSpec.model_validate({"target": "none", "types": {"x": "text"}}), {"x": texts}, labels="none")
    part = next(iter(dataset.splits.values()))

    class Lengths(Maker):
        def embed(self, network, inputs):
            return (inputs["x"] > 0).sum(1, keepdim=True).float()

    lengths = [len(str(part.shown(i)["x"]).split()) for i in range(len(part))]
    assert embed_subset(nn.Identity(), bound(Lengths(part)), part)[:, 0].tolist() == lengths


def test_rarer_classes_share_a_colour() -> None:
    labels = [f"class {k:02}" for k in range(15) for _ in range(20 - k)]
    coloured = _coloured(labels)
    assert len(coloured["names"]) == COLOURED
    assert coloured["names"][-1] == "others"
    assert max(coloured["values"]) == COLOURED - 1
    assert _coloured(["b", "a", "b"]) == {"names": ["a", "b"], "values": [1, 0, 1]}


def test_what_comes_out_stands_below_what_went_in() -> None:
    dataset = digits()
    maker = bound(Maker(dataset.splits["train"]))
    beside, between = reconstructions(nn.Identity(), maker, dataset, dataset.splits["test"], 0)
    assert (beside.name, beside.content["columns"], len(beside.content["pictures"])) == (
        "reconstructed",
        SHOWN,
        2 * SHOWN,
    )
    assert beside.content["pictures"][0] != beside.content["pictures"][SHOWN]
    assert (between.name, between.content["columns"], len(between.content["pictures"])) == (
        "between",
        STEPS,
        STEPS * PATHS,
    )
    (rows,) = reconstructions(nn.Identity(), bound(Maker(table().splits["train"])), table(), table().splits["test"], 0)
    assert rows.kind == "table"
    assert [row[0] for row in rows.content["rows"][:2]] == [
        say("exhibits.test-example"),
        say("exhibits.reconstruction"),
    ]
    assert rows.content["rows"][1][1] == pytest.approx(rows.content["rows"][0][1] / 2, rel=1e-5)


def test_an_arc_keeps_its_length() -> None:
    import torch

    ends = torch.nn.functional.normalize(torch.randn(2, 5, generator=torch.Generator().manual_seed(0)))
    codes = _arc(3 * ends[:1], 3 * ends[1:], torch.linspace(0, 1, 7))
    assert torch.allclose(codes[0, 0], 3 * ends[0], atol=1e-5)
    assert torch.allclose(codes[0, -1], 3 * ends[1], atol=1e-5)
    assert torch.allclose(codes.norm(dim=2), torch.full((1, 7), 3.0), atol=1e-4)
    steps = (codes[0, 1:] - codes[0, :-1]).norm(dim=1)
    assert np.ptp(steps.numpy()) < 1e-4
