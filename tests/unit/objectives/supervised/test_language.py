"""What comes next: the loss, what it may know, what is measured, and new texts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from language_network import LONGEST, SCHEMA, STATE, language

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.finding import Finding
from leadline.data.targets.text import END, ended
from leadline.data.targets.tokens import NOTHING
from leadline.errors import UsageError
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised import language as module
from leadline.objectives.supervised.text_sampling import Sampling
from sentences import says

TEXTS = torch.tensor([[2, 3, 4, 0, 0], [5, 0, 0, 0, 0], [2, 2, 3, 3, 4]], dtype=torch.int32)


def batch(x_BT: torch.Tensor = TEXTS) -> Batch:
    rows = len(x_BT)
    target = ended(x_BT, (x_BT != 0).sum(1), LONGEST)
    return Batch({"text": x_BT}, target, torch.ones(rows), torch.arange(rows))


def rng(rows: int = 1) -> Rng:
    return Rng(0, 0, torch.arange(rows))


@pytest.mark.parametrize("family", ["rnn", "tcn", "transformer"])
def test_the_loss_is_the_mean_surprise_at_each_token_and_the_end(family: str) -> None:
    objective, network = language(family)
    found = objective.learning.loss(network, batch(), "network", rng(3))
    assert found.weight_B.tolist() == [4, 2, 6]
    for row, text in enumerate(TEXTS.tolist()):
        nll, known = 0.0, [number for number in text if number]
        for place, number in enumerate([*known, END]):
            # a text by itself, as far as it goes: nothing that follows can have been known
            before = torch.tensor([known[:place]], dtype=torch.int32)
            scores = network({"text": before})[0, -1] if place else network({"text": TEXTS[:1]})[0, 0]
            nll -= float(scores.detach().log_softmax(-1)[number])
        assert found.value_B[row].item() == pytest.approx(nll / (len(known) + 1), rel=1e-4)


def test_many_scores_are_made_in_turn_with_the_same_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    objective, network = language()

    def gradients() -> list[torch.Tensor]:
        network.zero_grad()
        loss = objective.learning.loss(network, batch(), "network", rng(3))
        (loss.value_B @ loss.weight_B).backward()
        return [p.grad.clone() for p in network.parameters()]

    whole = gradients()
    monkeypatch.setattr(module, "SCORES", 1)
    for one, other in zip(whole, gradients(), strict=True):
        torch.testing.assert_close(one, other)
    with torch.no_grad():
        assert objective.decision.predict(network, batch(), None).columns["tokens"].tolist() == [4, 2, 6]


def test_the_unigram_answer_is_how_frequent_tokens_are() -> None:
    objective, _ = language()
    target = batch().target_B.numpy()
    name, columns = objective.decision.dummy_predictor(target, 3, SCHEMA)
    share = (np.bincount(target[target >= 0], minlength=6) + 1) / ((target >= 0).sum() + 6)
    assert name == "unigram"
    assert columns["probability"].shape == (3, 6)
    found = {
        f.name: f
        for f in objective.decision.measure(columns, EvaluationContext("test", target, None, SCHEMA))
        if isinstance(f, Finding)
    }
    assert found["nll"].value == pytest.approx(-np.log(share[target[target >= 0]]).mean())
    assert found["perplexity"].n == 12


def test_bits_a_character_are_those_of_all_that_stands_in_a_text() -> None:
    objective, _ = language()
    target = np.array([[2, 3, 1, 0], [4, 0, NOTHING, NOTHING]])
    predictions = {"nll": np.array([1.0, 2.0], dtype=np.float32)}

    def bits(state: dict[str, Any]) -> Finding:
        field = SCHEMA.inputs[0].fields[0].model_copy(update={"state": {**STATE, **state}})
        schema = SCHEMA.model_copy(update={"inputs": (SCHEMA.inputs[0].model_copy(update={"fields": (field,)}),)})
        found = objective.decision.measure(predictions, EvaluationContext("test", target, None, schema))
        return next(f for f in found if isinstance(f, Finding) and f.name == "bits_per_character")

    unknown = np.log2(1_114_112)  # which character it is, that the network does not say
    assert bits({}).value == pytest.approx((8.0 / np.log(2) + unknown) / 4)
    assert bits({}).n == 4
    words = bits({"tokens": "words"})
    assert words.value is None
    assert words.why == say("objectives.tokens-not-reversible")


def test_augmentations_that_move_tokens_would_give_them_away() -> None:
    objective, _ = language()
    assert objective.unsuitable(SCHEMA) is None
    moved = SCHEMA.inputs[0].model_copy(update={"augment": (Component(name="swap"),)})
    assert "'swap'" in objective.unsuitable(SCHEMA.model_copy(update={"inputs": (moved,)}))


def trained() -> tuple[Any, Any]:
    """Return a network that has learnt to go on from a to b to c to d, and to end there."""
    objective, network = language(hidden=16)
    optimizer = torch.optim.Adam(network.parameters(), 0.05)
    rows = batch(torch.tensor([[2, 3, 4, 5], [3, 4, 5, 0]], dtype=torch.int32))
    for _ in range(120):
        optimizer.zero_grad()
        objective.learning.loss(network, rows, "network", rng(2)).value_B.mean().backward()
        optimizer.step()
    return objective, network.train()


def test_texts_are_drawn_as_they_were_learnt() -> None:
    objective, network = trained()
    sampler = objective.capability("sampler")

    def drawn(rows: int, **options: Any) -> list[str]:
        found: list[str] = sampler.sample(network, SCHEMA, rng(rows), Sampling(**options))["text"]
        return found

    many = drawn(200)
    assert many.count("abcd") + many.count("bcd") >= 190
    assert 60 <= many.count("bcd") <= 140
    assert drawn(7) == many[:7]
    assert set(drawn(200, temperature=0.5)) == {"abcd", "bcd"}
    assert network.training
    assert drawn(2, prompt="ab", temperature=0) == ["abcd", "abcd"]
    assert drawn(1, prompt="a", length=2, temperature=0) == ["ab"]
    assert set(drawn(200, temperature=1000.0, length=1)) >= set("abcd")  # as good as even
    assert not any("�" in text for text in drawn(100, temperature=1000.0))
    with pytest.raises(UsageError, match=says("objectives.prompt-too-long")):
        drawn(1, prompt="abcd", length=4)


def test_texts_may_be_longer_than_those_trained_on() -> None:
    objective, network = language()
    last = network.head[1]
    with torch.no_grad():
        last.bias[END] = -100.0  # never ends
    texts = objective.capability("sampler").sample(network, SCHEMA, rng(2), Sampling(length=30))["text"]
    assert [len(text) for text in texts] == [30, 30]


def test_other_seeds_draw_other_texts() -> None:
    objective, network = language()
    one, other = (
        objective.capability("sampler").sample(network, SCHEMA, Rng(seed, 0, torch.arange(4)), Sampling())["text"]
        for seed in (0, 1)
    )
    assert one != other


def test_a_row_without_weight_costs_nothing() -> None:
    objective, network = language()
    rows = replace(batch(), weight_B=torch.tensor([1.0, 0.0, 2.0]))
    assert objective.learning.loss(network, rows, "network", rng(3)).weight_B.tolist() == [4, 0, 12]
