"""A loss of one's own in the place of an objective's: built, put in its place, and what it must return."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from leadline.core import own_code
from leadline.core.component import Component
from leadline.errors import UsageError
from leadline.objectives.contract import component_of as written_as
from leadline.objectives.lookup import objective_for
from leadline.objectives.own_loss import Called, OwnLoss, component_of
from sentences import says

CPU = torch.device("cpu")
SCORES, TARGET = torch.tensor([[2.0, 0.0, 1.0], [0.0, 1.0, 0.5]]), torch.tensor([0, 2])
FILE = """
import torch, torch.nn.functional as F

def focal(scores, target, gamma=2.0):
    nll = F.cross_entropy(scores, target, reduction="none")
    return (1 - (-nll).exp()) ** gamma * nll

class Focal(torch.nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma
    def forward(self, scores, target):
        return focal(scores, target, self.gamma)
"""


def learnt(scores: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(scores, target, reduction="none")


class Learns(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own.py").write_text(FILE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def built(loss: object) -> Called:
    component = Component.model_validate(loss) if isinstance(loss, str | dict) else component_of(loss)
    return OwnLoss(component).on(CPU)


@pytest.mark.parametrize("name", ["own.py:focal", "own.py:Focal"])
def test_a_function_and_a_class_take_their_options(name: str) -> None:
    nll_B = F.cross_entropy(SCORES, TARGET, reduction="none")
    for gamma in (2.0, 3.0):
        given = {"name": name, "gamma": gamma} if gamma != 2 else name
        assert torch.allclose(built(given)(SCORES, TARGET), (1 - (-nll_B).exp()) ** gamma * nll_B)


@pytest.mark.parametrize(
    "loss",
    [
        nn.CrossEntropyLoss,
        nn.CrossEntropyLoss(),
        nn.CrossEntropyLoss(reduction="sum"),
        F.cross_entropy,
        "torch.nn:CrossEntropyLoss",
        learnt,
    ],
)
def test_pytorchs_losses_are_told_to_return_one_value_an_example(loss: object) -> None:
    assert torch.equal(built(loss)(SCORES, TARGET), F.cross_entropy(SCORES, TARGET, reduction="none"))


def test_an_object_that_is_given_is_left_as_it_is() -> None:
    given = nn.CrossEntropyLoss(torch.tensor([1.0, 2.0, 3.0]))
    own = built(given)
    assert own.function is not given
    assert given.reduction == "mean"


def test_elementwise_losses_of_several_numbers_are_averaged_over_them() -> None:
    scores, target = torch.randn(4, 3), torch.ones(4, 3)
    assert torch.allclose(built(nn.MSELoss())(scores, target), ((scores - target) ** 2).mean(1))


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        (lambda scores, target: scores.mean(), "objectives.own-loss-one-number"),
        (lambda scores, target: scores, "objectives.own-loss-shape"),
        (lambda scores, target: 0.5, "objectives.own-loss-no-tensor"),
        (lambda scores, target: scores.argmax(1), "objectives.own-loss-no-tensor"),
        (Learns(), "objectives.own-loss-has-parameters"),
        (Learns, "objectives.own-loss-has-parameters"),
        (3, "objectives.own-loss-not-callable"),
    ],
)
def test_what_is_no_value_for_each_example_is_refused(loss: object, sentence: str) -> None:
    with pytest.raises(UsageError, match=says(sentence)):
        built(loss)(SCORES, TARGET)


def test_it_replaces_what_scores_cost_and_nothing_else() -> None:
    plain = objective_for(Component(name="classification", options={"class_weights": {"a": 2}}))
    own = objective_for(
        Component(
            name="classification", options={"class_weights": {"a": 2}, "loss": {"name": "own.py:focal", "gamma": 1}}
        )
    )
    assert own.decision == plain.decision
    assert own.options == plain.options
    assert own.learning.own_loss is not None
    assert own.learning.own_loss.module is None, "no code of a user's is run before training asks for it"
    written = written_as(own)
    assert written.options["loss"] == {"name": "own.py:focal", "gamma": 1}
    assert objective_for(written) == own


def test_what_is_recorded_says_every_option_and_the_file() -> None:
    recorded = OwnLoss(Component(name="own.py:focal")).recorded().component
    assert recorded.options["gamma"] == 2.0
    assert len(recorded.options[own_code.SHA256]) == 64
    assert OwnLoss(recorded).recorded().component == recorded


def test_a_name_of_the_objectives_own_is_its_own() -> None:
    assert objective_for(Component(name="regression", options={"loss": "huber"})).learning.own_loss is None
    own = objective_for(Component(name="regression", options={"loss": "own.py:focal"}))
    assert own.learning.own_loss is not None
    assert own.options == objective_for(Component(name="regression")).options


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("contrastive", {}, "objectives.own-loss-no-scores"),
        ("classification", {"focal_gamma": 2}, "objectives.own-loss-and-option"),
        ("regression", {"delta": 2}, "objectives.own-loss-and-option"),
    ],
)
def test_what_it_does_not_go_with_is_said(name: str, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=says(sentence)):
        objective_for(Component(name=name, options={**options, "loss": "own.py:focal"}))


@pytest.mark.parametrize(
    ("loss", "sentence"), [("focal", "objectives.loss-of-options"), ("own_loss", "objectives.own-loss-how")]
)
def test_a_loss_that_is_no_name_of_code_says_the_option_it_is_or_how_code_is_named(loss: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=says(sentence)):
        objective_for(Component(name="classification", options={"loss": loss}))
