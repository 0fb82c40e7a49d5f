"""What is measured of rows that a network makes, where what they are is known: copies, noise, one class alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from by_hand import bound
from makers import Judging, Maker, Told, digits, table
from torch import nn

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.data.dataset import Dataset
from leadline.evaluation.analyses.generative import sample_quality as module
from leadline.evaluation.analyses.generative.sample_quality import ANALYSIS, FLOOR, metric_names
from leadline.evaluation.feature_space import RawFeatures, ReferenceClassifier
from leadline.evaluation.subject import Subject


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path))


def measured(
    objective: Maker, dataset: Dataset, judge: ReferenceClassifier | None = None
) -> tuple[dict[str, Finding], dict[str, ExhibitDraft]]:
    subject = Subject(nn.Identity(), bound(objective), dataset, reference=judge, no_reference="nobody judges")
    found = list(ANALYSIS.run(subject, ANALYSIS.options(), 0))
    return {f.label: f for f in found if isinstance(f, Finding)}, {
        d.name: d for d in found if isinstance(d, ExhibitDraft)
    }


def judge_of(dataset: Dataset) -> ReferenceClassifier:
    everything = dataset.splits["train"]
    known = Told(everything)
    known.known |= Told(dataset.splits["test"]).known
    return ReferenceClassifier(known, bound(Judging()), dataset.schema, "one who knows", {"weights": "abc"})


def test_copies_of_train_rows_are_noticed() -> None:
    dataset = digits()
    found, drafts = measured(Maker(dataset.splits["train"]), dataset)
    assert found["memorisation"].value == 1
    assert found["memorisation"].interval[0] > 0.97
    assert found["sample_precision"].value > 0.8
    assert "standardised raw pixels" in found["frechet_distance"].method
    nearest = drafts["nearest"].content
    assert set(nearest["headings"]) == {"0"}
    half = len(nearest["pictures"]) // 2
    assert nearest["pictures"][:half] == nearest["pictures"][half:]
    assert len(drafts["new_rows"].content["pictures"]) == 64


def test_held_out_rows_are_as_near_as_held_out_rows_and_noise_is_far() -> None:
    dataset = digits()
    real, _ = measured(Maker(dataset.splits["validation"]), dataset)
    noise, _ = measured(Maker(dataset.splits["validation"], noise=120.0), dataset)
    floor = f"frechet_distance({FLOOR.partition('=')[2]})"
    assert real["frechet_distance"].value < real[floor].value
    assert noise["frechet_distance"].value > 5 * real["frechet_distance"].value
    low, high = real["memorisation"].interval
    assert low < 0.5 < high
    assert noise["memorisation"].value < 0.1
    assert noise["sample_precision"].value < 0.1 < real["sample_precision"].value
    assert "nobody judges" in real["classes_covered"].why


def test_a_judge_counts_classes_and_says_what_it_is() -> None:
    dataset = digits()
    train = dataset.splits["train"]
    some = train.subset(np.flatnonzero(train.target < 3))
    found, _ = measured(Maker(some), dataset, judge_of(dataset))
    assert found["reference_classifier_accuracy"].value == 1
    assert found["classes_covered"].value == 3
    assert found["class_share(0)"].value + found["class_share(1)"].value + found["class_share(2)"].value == 1
    assert found["class_share(7)"].value == 0
    assert found["class_share(7)"].interval[1] > 0
    assert found["frechet_distance"].again.options == {"weights": "abc"}
    assert "features of one who knows" in found["frechet_distance"].method


def test_rows_that_are_asked_for_are_judged_by_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASKED", 64)
    dataset = digits()
    maker = Maker(dataset.splits["train"], conditional=True)
    found, _ = measured(maker, dataset, judge_of(dataset))
    assert found["conditional_accuracy"].value == 1
    assert found["conditional_accuracy"].n == 640
    assert found["conditional_accuracy(3)"].n == 64
    assert [label for label in maker.asked if label] == [str(digit) for digit in range(10)]


def test_numbers_that_are_not_finite_are_absent() -> None:
    dataset = table()
    found, _ = measured(Maker(dataset.splits["train"], noise=torch.inf), dataset)
    assert found["frechet_distance"].value is None
    assert say("evaluation.samples-not-finite") in found["frechet_distance"].why


def test_names_can_be_required() -> None:
    dataset = digits()
    maker = Maker(dataset.splits["train"], conditional=True)
    found, _ = measured(maker, dataset, judge_of(dataset))
    floors = {label for label in found if "real rows" in label}
    assert set(found) - floors <= set(metric_names(bound(maker), dataset.schema))
    assert "synthetic_gap" in metric_names(bound(maker), table().schema)
    assert metric_names(bound(Judging()), dataset.schema) == ()  # type: ignore[arg-type]


def test_many_pixels_become_main_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadline.evaluation.feature_space.WIDEST", 20)
    dataset = digits()
    space = RawFeatures.fitted(dataset, 0)
    assert space is not None
    points = space.subset(dataset.splits["train"])
    assert points.shape[1] == 20
    assert np.allclose(np.cov(points, rowvar=False), np.diag(points.var(0, ddof=1)), atol=1e-6)
    assert space.words.endswith("first 20 principal components")
