"""Steps by name: options that are checked, what does not fit is refused, and a step of somebody else's trains."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_problem import Squares, Table, context, network, noisy

from leadline.core import experiment, registry
from leadline.core.base import digest
from leadline.core.component import Component
from leadline.core.experiment import MISSING_WORDS, Experiment
from leadline.core.settings import with_setting
from leadline.errors import UsageError
from leadline.objectives.contract import Supervision
from leadline.training.data_loader import DataLoader
from leadline.training.steps.contract import Step, build_step, resolved_step
from leadline.training.steps.plain import PlainStep
from sentences import says

PLUGIN = '''
"""The sign of the gradient in the place of the gradient, and a step that looks ahead before it takes its gradient."""

import torch
from pydantic import Field
from leadline.training.steps.contract import StepOptions
from leadline.training.steps.plain import PlainStep


class SignStep(PlainStep):
    def gradient(self, trained, batch):
        seen = super().gradient(trained, batch)
        for p in trained.parameters:
            p.grad.sign_()
        return seen


class Signs(StepOptions):
    def build(self, context):
        return SignStep(context)

    def unsuitable(self, objective):
        return "its batches are of one piece" if objective.supervision.coupled else None


class SharpnessAwareStep(PlainStep):
    def __init__(self, context, radius):
        super().__init__(context)
        self.radius = radius

    def gradient(self, trained, batch):
        super().gradient(trained, batch)
        gradients = [p.grad for p in trained.parameters]
        length = torch.nn.utils.get_total_norm(gradients).clamp_min(1e-12)
        before = [p.detach().clone() for p in trained.parameters]
        with torch.no_grad():
            for p, gradient in zip(trained.parameters, gradients):
                p.add_(gradient * (self.radius / length))
                p.grad = None
        seen = super().gradient(trained, batch)
        with torch.no_grad():
            for p, old in zip(trained.parameters, before):
                p.copy_(old)
        return seen


class SharpnessAware(StepOptions):
    radius: float = Field(default=0.05, gt=0)

    def build(self, context):
        return SharpnessAwareStep(context, self.radius)
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put a package with two steps of its own on the path, as an installed one is."""
    (tmp_path / "odd_steps.py").write_text(PLUGIN)
    info = tmp_path / "odd_steps-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-steps\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[leadline.steps]\nsigns = odd_steps:Signs\nsharpness-aware = odd_steps:SharpnessAware\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry.registered.cache_clear()
    yield
    monkeypatch.undo()
    registry.registered.cache_clear()


def built(name: str | dict[str, object], **settings: object) -> Step:
    return build_step(context(network(0.2), "momentum", step=Component.model_validate(name), **settings))


def test_the_default_step_is_the_plain_one() -> None:
    assert isinstance(build_step(context(network())), PlainStep)


def test_a_step_that_there_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=says("core.unknown-item", noun="step", name="plane", suggestion="Did you mean 'plain'?")
    ):
        resolved_step(Component(name="plane"), Squares())  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=says("options.unknown-option", entry="training.step.size", name="size")):
        resolved_step(Component(name="plain", options={"size": 3}), Squares())  # type: ignore[arg-type]


def test_the_hash_of_an_experiment_is_that_from_before_there_were_steps() -> None:
    plain = Experiment.parse({"training": {"step": "plain"}})
    recorded = Experiment.recorded({"training": {"step": "plain"}})
    before = recorded.model_dump(mode="json", exclude=experiment._BESIDE)
    assert before["training"].pop("step") == {"name": "plain"}
    assert before["training"].pop("members") == 1
    # entries of data that came later say what was so without them
    for entry, value in (("seed", None), ("file_groups", "ignore")):
        assert before["data"]["split"].pop(entry) == value
    for entry, value in (("validation", None), ("header", None), ("missing_values", {}), ("nulls", [*MISSING_WORDS])):
        assert before["data"].pop(entry) == value
    assert recorded.hash == digest(before)
    assert plain.hash == Experiment().hash
    assert Experiment.parse({"training": {"step": "signs"}}).hash != plain.hash


def test_an_option_alone_is_one_of_the_default_step() -> None:
    assert with_setting({}, "training.step.size", 3)["training"] == {"step": {"name": "auto", "size": 3}}


def test_a_plugins_step_writes_out_its_options_and_refuses_what_it_cannot_do(plugin) -> None:
    objective = Squares()
    found = resolved_step(Component(name="sharpness-aware"), objective)  # type: ignore[arg-type]
    assert found.options == {"radius": 0.05}
    objective.supervision = Supervision(coupled=True)
    with pytest.raises(
        UsageError,
        match=says(
            "training.step-does-not-fit",
            step="signs",
            objective="squares",
            reason="its batches are of one piece",
        ),
    ):
        resolved_step(Component(name="signs"), objective)  # type: ignore[arg-type]


def test_the_sign_of_the_gradient_moves_every_weight_as_far(plugin) -> None:
    step = build_step(context(network(), {"name": "sgd", "lr": 0.125}, step="signs"))
    before = [p.detach().clone() for p in step.network.parameters()]
    step(Table(16).batch(torch.arange(16)))
    moved = torch.cat([(p - old).flatten() for p, old in zip(step.network.parameters(), before, strict=True)])
    torch.testing.assert_close(moved[moved != 0].abs(), torch.full_like(moved[moved != 0], 0.125))
    assert (moved != 0).float().mean() > 0.9


def test_looking_ahead_gives_another_gradient_at_the_same_weights(plugin) -> None:
    batch = Table(16).batch(torch.arange(16))
    ends = []
    for name in ("plain", {"name": "sharpness-aware", "radius": 1e-6}, {"name": "sharpness-aware", "radius": 0.5}):
        step = build_step(context(network(), {"name": "sgd", "lr": 0.1}, step=Component.model_validate(name)))
        step(batch)
        ends.append(torch.cat([p.detach().flatten() for p in step.network.parameters()]))
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-4, atol=1e-5)
    assert (ends[0] - ends[2]).abs().max() > 1e-3


@pytest.mark.parametrize("name", ["plain", "signs", "sharpness-aware"])
@pytest.mark.parametrize("accumulate", [1, 3])
def test_every_step_resumes_to_the_same_bits(plugin, name: str, accumulate: int) -> None:
    def run(step: Step, start: int, end: int) -> None:
        loader = DataLoader(Table(50), 10, 5, augment=noisy)
        for at in range(start, end):
            step(loader.at(at))

    settings = {"accumulate": accumulate, "average": {"name": "ema"}, "clip": 1.0}
    whole, first, second = (built(name, **settings) for _ in range(3))
    run(whole, 0, 9)
    run(first, 0, 4)
    tensors, scalars = first.state()
    second.load({at: x.clone() for at, x in tensors.items()}, dict(scalars))
    assert second.progress.step == 4
    run(second, 4, 9)
    ends = [step.state()[0] for step in (whole, second)]
    assert ends[0].keys() == ends[1].keys()
    assert all(torch.equal(x, ends[1][at]) for at, x in ends[0].items())


def test_a_steps_contract_is_small() -> None:
    members = [at for at in {**Step.__annotations__, **vars(Step)} if not at.startswith("_")] + ["__call__"]
    assert len(members) <= 12
