"""Which tokens decisions rest on, measured on networks for which it is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from by_hand import bound
from torch import Tensor, nn

from leadline.core.experiment import DataSpec
from leadline.data.columns.texts.tokens import tokens_of
from leadline.data.dataset import Dataset, prepare
from leadline.evaluation.analyses.token_importance import token_importance
from leadline.nn.batch import Batch, Prediction

WORDS = [
    "good film",
    "a bad film",
    "good good acting",
    "bad plot here",
    "film of the year good",
    "the plot is bad",
] * 10


class Sums(nn.Module):
    """The log-odds of the second class: a number for each word, added up."""

    def __init__(self, weight_V: Tensor) -> None:
        super().__init__()
        self.weight_V = weight_V

    def forward(self, ids_BT: Tensor) -> Tensor:
        return self.weight_V[ids_BT.long()].sum(1)


class Decides:
    """The decision side, which is all that highlights need."""

    def predict(self, network: nn.Module, batch: Batch, rng: None) -> Prediction:
        odds_B = network(batch.inputs["text"])
        probability = torch.stack([-odds_B, odds_B], 1).softmax(1)
        return Prediction({"prediction": probability.argmax(1), "probability": probability})


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    labels = ["no" if "bad" in text else "yes" for text in WORDS]
    pl.DataFrame({"text": WORDS, "label": labels}).write_csv(tmp_path / "films.csv")
    return prepare(DataSpec(source=str(tmp_path / "films.csv"), target="label", types={"text": "text"}))


def network(dataset: Dataset, **weights: float) -> Sums:
    tokens = tokens_of(dataset.schema.inputs[0].fields[0].state)
    weight_V = torch.zeros(100)
    for word, weight in weights.items():
        weight_V[int(tokens.numbers([word])[0][0])] = weight
    return Sums(weight_V)


def decided(net: Sums, dataset: Dataset) -> dict[str, np.ndarray]:
    batch = dataset.splits["train"].batch(torch.arange(len(dataset.splits["train"])))
    return {name: x.numpy() for name, x in Decides().predict(net, batch, None).columns.items()}


def test_the_words_that_decide_are_found_and_no_others(dataset: Dataset) -> None:
    net = network(dataset, good=2.0, bad=-3.0)
    (draft,) = token_importance(net, bound(Decides()), dataset, dataset.splits["train"], decided(net, dataset))
    assert draft.kind == "texts"
    for text in draft.content["texts"]:
        weight = dict(zip((p.strip() for p in text["pieces"]), text["weights"], strict=True))
        assert {word for word, w in weight.items() if abs(w) > 1e-3} == {"good", "bad"} & set(weight)
        assert max(map(abs, weight.values())) == pytest.approx(1)
        assert all(w > 0 for word, w in weight.items() if word in ("good", "bad"))


def test_a_word_against_the_decision_has_the_other_sign(dataset: Dataset) -> None:
    net = network(dataset, good=2.0, film=-0.5)
    (draft,) = token_importance(net, bound(Decides()), dataset, dataset.splits["train"], decided(net, dataset))
    both = [text for text in draft.content["texts"] if {"good", "film"} <= {p.strip() for p in text["pieces"]}]
    assert both
    for text in both:
        weight = dict(zip((p.strip() for p in text["pieces"]), text["weights"], strict=True))
        assert weight["good"] > 0 > weight["film"]


def test_data_without_text_has_none(dataset: Dataset, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pl.DataFrame({"x": rng.normal(size=50), "label": rng.integers(0, 2, 50)}).write_csv(tmp_path / "numbers.csv")
    other = prepare(DataSpec(source=str(tmp_path / "numbers.csv"), target="label"))
    assert list(token_importance(nn.Identity(), bound(Decides()), other, other.splits["train"], {})) == []
