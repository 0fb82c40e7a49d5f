"""What is measured of pictures made of others, where what becomes of them is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from by_hand import bound
from makers import Drawing, Judging, Maker, Told, context, digits
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.data.dataset import Dataset
from leadline.evaluation.analyses.generative.image_translation import image_translation, metric_names, translated
from leadline.evaluation.feature_space import ReferenceClassifier
from leadline.nn.batch import Batch


class Becomes(Maker):
    """Pictures become some test picture of the class that is asked for, or stay what they are."""

    into = None

    def __init__(self, part: Any, *, stays: bool) -> None:
        super().__init__(part)
        self.stays = stays

    def convert(self, network: Any, batch: Batch, options: Drawing) -> Mapping[str, Tensor]:
        if self.stays:
            return dict(batch.inputs)
        own = torch.as_tensor(np.flatnonzero(self.part.target == int(options.label or 0)))
        return {"image": self.part.batch(own[batch.row_B % len(own)]).inputs["image"].float()}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path))


@pytest.fixture
def dataset() -> Dataset:
    return digits()


def measured(
    dataset: Dataset, objective: Any, *, judged: bool = True
) -> tuple[dict[str, Finding], dict[str, ExhibitDraft]]:
    test = dataset.splits["test"]
    judge = ReferenceClassifier(Told(test), bound(Judging()), dataset.schema, "one who knows", {"weights": "abc"})
    given = (
        nn.Identity(),
        bound(objective),
        dataset,
        test,
        context(dataset),
        judge if judged else None,
        "nobody judges",
    )
    found = list(image_translation(*given))
    return {f.label: f for f in found if isinstance(f, Finding)}, {
        d.name: d for d in found if isinstance(d, ExhibitDraft)
    }


def test_those_that_become_what_they_should(dataset: Dataset) -> None:
    objective = Becomes(dataset.splits["test"], stays=False)
    found, drafts = measured(dataset, objective)
    assert found["conditional_accuracy"].value == 1
    assert found["conditional_accuracy"].n == 9 * len(dataset.splits["test"]), (
        "each row becomes one of each other class"
    )
    assert found["reference_classifier_accuracy"].value == 1
    assert {label for label in found if label.startswith("conditional_accuracy(")} == {
        f"conditional_accuracy({k})" for k in range(10)
    }
    assert all(
        found[f"frechet_distance({k})"].value < 0.3 * found[f"frechet_distance({k}, left as they are)"].value
        for k in range(10)
    )
    assert len(drafts["converted"].content["pictures"]) == 10 * (1 + 6)
    assert say("exhibits.first-classes", count=10, first=6) in drafts["converted"].caption
    assert {label for label in found if "left as" not in label} <= set(metric_names(bound(objective), dataset.schema))


def test_those_that_stay_what_they_are(dataset: Dataset) -> None:
    found, _ = measured(dataset, Becomes(dataset.splits["test"], stays=True))
    assert found["conditional_accuracy"].value == 0
    for k in range(10):
        one, other = found[f"frechet_distance({k})"], found[f"frechet_distance({k}, left as they are)"]
        assert one.value == pytest.approx(other.value)


def test_without_a_judge_pixels_are_compared(dataset: Dataset) -> None:
    found, _ = measured(dataset, Becomes(dataset.splits["test"], stays=False), judged=False)
    assert found["conditional_accuracy"].value is None
    assert found["conditional_accuracy"].why == "nobody judges"
    assert "standardised raw pixels" in str(found["frechet_distance(3)"].method)


def test_what_becomes_of_rows_is_whole_pixels_in_order(dataset: Dataset) -> None:
    test = dataset.splits["test"].subset(np.arange(70))
    seen: list[tuple[int, int]] = []
    objective: Any = Becomes(test, stays=True)
    made = translated(
        nn.Identity(), objective, dataset.schema, test, Drawing(), lambda done, total: seen.append((done, total))
    )
    assert made["image"].dtype == torch.uint8
    torch.testing.assert_close(made["image"], test.batch(slice(0, 70)).inputs["image"])
    assert seen == [(64, 70), (70, 70)]


def test_other_objectives_make_none(dataset: Dataset) -> None:
    test = dataset.splits["test"]
    assert not list(image_translation(nn.Identity(), bound(Maker(test)), dataset, test, context(dataset), None, ""))
    assert metric_names(bound(Maker(test)), dataset.schema) == ()
