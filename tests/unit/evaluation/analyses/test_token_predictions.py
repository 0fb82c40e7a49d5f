"""Texts with an answer for every token, as the report shows them, and decisions whose width differs by batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

from leadline.core.component import Component
from leadline.core.experiment import DataSpec
from leadline.core.schema import ColumnSchema, Schema
from leadline.data.dataset import Dataset, prepare
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.data.targets.words import predictions_in_words, targets_in_words
from leadline.evaluation.analyses.dummy_baseline import baseline
from leadline.evaluation.analyses.token_predictions import SAMPLED, surprising_tokens, wrong_tags
from leadline.models.build import build_encoder
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.lookup import objective_for
from leadline.run import inference
from leadline.run.inference import predict_subset

WORDS = {"the": "DET", "a": "DET", "cat": "NOUN", "dog": "NOUN", "sees": "VERB", "likes": "VERB"}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))


def frame(rows: int = 120) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    tokens = [rng.choice(list(WORDS), rng.integers(1, 20)).tolist() for _ in range(rows)]
    return pl.DataFrame({"tokens": tokens, "tags": [[WORDS[word] for word in row] for row in tokens]})


def made(name: str, dataset: Dataset) -> tuple[Any, nn.Module]:
    torch.manual_seed(0)
    objective: Any = objective_for(Component(name=name))
    one = dataset.schema.inputs[0]
    front = build_preprocessor(one)
    body = build_encoder(
        Component(name="rnn"), signal_spec(front, one), front, "small", encoder_output=objective.learning.encoder_output
    )
    return objective, objective.learning.build(dataset.schema, {one.name: body})


def tagging() -> Dataset:
    return prepare(DataSpec(target="tags"), frame(), target_types={"*": ("tags",)})


def language() -> Dataset:
    texts = frame().select(text=pl.col("tokens").list.join(" "))
    return prepare(
        DataSpec.model_validate({"target": "text", "types": {"text": "text"}}), texts, target_types={"*": ("text",)}
    )


def test_decisions_of_short_and_long_rows_stand_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = tagging()
    objective, network = made("tagging", dataset)
    part = dataset.splits["train"]
    whole = predict_subset(network, objective, part)
    monkeypatch.setattr(inference, "batch_size", lambda part: 7)
    some = predict_subset(network, objective, part)
    assert part.lengths is not None
    there = np.arange(whole["prediction"].shape[1]) < part.lengths.numpy()[:, None]
    for found in (whole, some):
        assert np.array_equal(found["prediction"] >= 0, there)
        assert np.array_equal(np.isfinite(found["confidence"]), there)
    assert np.array_equal(whole["prediction"], some["prediction"])
    np.testing.assert_allclose(whole["confidence"], some["confidence"], atol=1e-5)


def test_tags_in_words_stand_beside_their_tokens() -> None:
    field = ColumnSchema(name="tags", kind="tags", state={"tags": ["DET", "NOUN"]})
    schema = Schema(inputs=(), target=field)
    nan = float("nan")
    columns = {
        "prediction": np.array([[1, 0, -1], [0, -1, -1]]),
        "confidence": np.array([[0.75, 1, nan], [0.5, nan, nan]]),
        "nll": np.array([0.5, 0.25]),
    }
    told = {name: values.to_list() for name, values in predictions_in_words(schema, columns).items()}
    assert told == {"predicted": ["NOUN DET", "DET"], "confidence": ["0.75 1", "0.5"], "nll": [0.5, 0.25]}
    target = np.array([[0, -1, 1], [-1, -1, -1]])
    assert targets_in_words(schema, target)["target"].to_list() == ["DET ? NOUN", ""]


def test_what_is_wrongly_tagged_is_marked_in_its_text() -> None:
    dataset = tagging()
    part = dataset.splits["test"]
    assert part.target is not None
    decided = {
        "prediction": part.target.astype(np.int32),
        "confidence": np.where(part.target >= 0, 0.9, np.nan).astype(np.float32),
    }
    assert list(wrong_tags(dataset, part, decided)) == []
    row = int((part.target >= 0).sum(1).argmax())
    decided["prediction"][row, 1] = (decided["prediction"][row, 1] + 1) % 3
    (draft,) = wrong_tags(dataset, part, decided)
    (text,) = draft.content["texts"]
    tags = dataset.schema.tags
    assert text["pieces"][2] == f"(true {tags[part.target[row, 1]]}, predicted {tags[decided['prediction'][row, 1]]}) "
    assert text["weights"][1] == -0.9
    assert sum(weight != 0 for weight in text["weights"]) == 1
    assert text["caption"].startswith(f"1 of {(part.target[row] >= 0).sum()} tags wrong")


def test_what_surprises_is_marked_and_texts_are_drawn() -> None:
    dataset = language()
    objective, network = made("language", dataset)
    part = dataset.splits["test"]
    decided = predict_subset(network, objective, part)
    drawn, surprising = surprising_tokens(network, objective, dataset, part, decided)
    assert len(drawn.content["texts"]) == SAMPLED
    first = surprising.content["texts"][0]
    worst = int(decided["nll"].argmax())
    assert part.place(worst) in first["caption"]
    assert f"{np.exp(decided['nll'][worst]):.4g}" in first["caption"]
    assert len(first["weights"]) == len(first["pieces"])
    assert all(0 <= weight <= 1 for weight in first["weights"])
    told = targets_in_words(dataset.schema, part.target)["target"]
    assert told[worst] == "".join(first["pieces"]).strip()


@pytest.mark.parametrize(("name", "dataset"), [("tagging", tagging), ("language", language)])
def test_the_constant_answer_is_measured_beside_it(name: str, dataset: Any) -> None:
    data = dataset()
    objective, _ = made(name, data)
    part = data.splits["test"]
    found = list(baseline(objective, data, EvaluationContext("test", part.target, None, data.schema)))
    assert {"token_accuracy" if name == "tagging" else "perplexity"} <= {f.name for f in found}
    assert all(f.value is not None for f in found if f.name != "bits_per_character")
