"""New pictures from epoch to epoch, and alarms: what is kept, what a checkpoint brings back, what the report shows of
it.
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.objectives.contract import Objective, Supervision
from leadline.objectives.lookup import objective_for
from leadline.pipeline.diagnostics import MOST, ROWS, TrainingDiagnostics
from leadline.pipeline.trainer_state import TrainerState
from leadline.run import folder as files
from leadline.verbs.resume import resume

PIXELS = {
    "height": 2,
    "width": 3,
    "channels": 1,
    "mean": [110.0],
    "std": [105.0],
    "resized": False,
    "scale": "standard",
}
FIELD = ColumnSchema(name="photo", kind="image", state=PIXELS)
SCHEMA = Schema(inputs=(InputSchema(name="photo", kind="image", fields=(FIELD,), shape=(2, 3, 1)),))


class Options(Fact):
    pass


class Painter:
    """Paints in the brightness that the network holds, plus the number of the row; sounds an alarm while a loss is
    above 5.
    """

    conditional = False
    samples = Options
    watched = ("loud", "never")

    def latent(self, network: Any, rng: Any, options: Any) -> torch.Tensor:
        return torch.arange(len(rng.state_B), dtype=torch.float32)[:, None]

    def generate(self, network: Any, code_BL: torch.Tensor, rng: Any, options: Any) -> dict[str, torch.Tensor]:
        assert not network.training
        return {"photo": (network.bias + code_BL)[:, :, None, None].expand(-1, 1, 2, 3)}

    def alarms(self, entries: Any) -> dict[str, str]:
        return {"loud": "too loud" if entries[-1]["loss"] > 5 else ""} if len(entries) > 1 else {}


def watching() -> TrainingDiagnostics:
    painter: Any = Painter()
    objective = Objective(
        name="painter",
        options=Options,
        supervision=lambda options: Supervision(labels="none"),
        learning=lambda options: painter,
        decision=lambda options: painter,
        capabilities={"generator": lambda options: painter, "diagnostics": lambda options: painter},
    )
    return TrainingDiagnostics(objective.bind(Options()), SCHEMA, 0)


def step(brightness: float = 7.0) -> Any:
    network = torch.nn.Linear(1, 1).train()
    with torch.no_grad():
        network.bias.fill_(brightness)
    return SimpleNamespace(network=network, averaged=None, context=SimpleNamespace(plan=SimpleNamespace(device="cpu")))


def entry(epoch: float, loss: float = 1.0) -> dict[str, float]:
    return {"step": epoch * 10, "epoch": epoch, "loss": loss}


def trained(seen: TrainingDiagnostics, epochs: int) -> list[str]:
    rows, said = [], []
    for epoch in range(1, epochs + 1):
        rows += [entry(epoch - 0.5), entry(epoch)]
        said += seen.take(rows[:-1], step(), at_end=False, last=False)
        said += seen.take(rows, step(), at_end=True, last=epoch == epochs)
    return said


@pytest.mark.parametrize(
    ("epochs", "kept"),
    [
        (1, [1]),
        (12, list(range(1, 13))),
        (13, [2, 4, 6, 8, 10, 12, 13]),
        (14, [2, 4, 6, 8, 10, 12, 14]),
        (60, [8, 16, 24, 32, 40, 48, 56, 60]),
    ],
)
def test_few_epochs_spread_evenly_are_kept_and_the_last_one(epochs: int, kept: list[int]) -> None:
    seen = watching()
    assert trained(seen, epochs) == []
    assert list(seen.pictures) == kept
    assert len(kept) <= MOST + 1


def test_pictures_are_an_epoch_a_column() -> None:
    seen = watching()
    list(seen.take([entry(1)], step(7), at_end=True, last=False))
    list(seen.take([entry(1), entry(1.5)], step(100), at_end=True, last=True))
    (draft,) = seen.drafts()
    assert draft.content["headings"] == ["epoch 1", "epoch 1.5"]
    assert draft.content["columns"] == 2
    pixels = [np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in draft.content["pictures"]]
    assert [int(x[0, 0]) for x in pixels] == [value for row in range(ROWS) for value in (7 + row, 100 + row)]
    assert {x.shape for x in pixels} == {(2, 3)}


def test_a_checkpoint_brings_everything_back() -> None:
    seen, other = watching(), watching()
    trained(seen, 20)
    tensors, scalars = seen.state()
    other.load(tensors, json.loads(json.dumps(scalars)))
    assert other.drafts() == seen.drafts()
    assert other.every == seen.every


def test_what_was_gone_back_from_is_forgotten() -> None:
    seen = watching()
    trained(seen, 5)
    seen.forget(after=3.2)
    assert list(seen.pictures) == [1, 2, 3]


def test_an_alarm_is_said_once_where_it_begins_and_again_where_it_comes_back() -> None:
    seen, rows, said = watching(), [], []
    for epoch, loss in enumerate([1, 9, 9, 1, 9], start=1):
        rows.append(entry(epoch, loss))
        said += [(epoch, words) for words in seen.take(rows, step(), at_end=False, last=False)]
    assert said == [(2, "too loud"), (5, "too loud")]
    found = {one.name: one for one in seen.findings(rows)}
    assert found["loud"].value == 1
    assert found["never"].value is None
    assert found["never"].why
    assert {one.name: one.value for one in seen.findings(rows[:4])}["loud"] == 0


def test_an_objective_that_makes_nothing_is_not_looked_at() -> None:
    seen = TrainingDiagnostics(objective_for(Component(name="classification")), SCHEMA, 0)
    assert list(seen.take([entry(1)], step(), at_end=True, last=True)) == []
    assert seen.drafts() == ()
    assert seen.findings([entry(1)]) == ()


def test_a_run_shows_its_pictures_and_says_how_training_ended(train: Any, place: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(place / "dots.npz", images=rng.integers(0, 256, (60, 6, 6), dtype=np.uint8))
    settings = {"objective.width": 2, "reference_classifier": False}
    run = train("dots.npz", target="none", objective="gan", network="mlp", epochs=3, settings=settings)
    content = json.loads((run.folder / "exhibits" / "new_by_epoch.json").read_text())
    assert content["headings"] == ["epoch 1", "epoch 2", "epoch 3"]
    collapse = run.report.find("mode_collapse")
    assert collapse is not None
    assert collapse.why == say("pipeline.training-too-short")
    assert {"discriminator.spread", "generator.loss", "val_discriminator_roc_auc"} <= set(run.history.columns)
    assert (run.folder / files.PAGE).read_text().count(say("exhibits.samples-by-epoch"))


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("options", [{}, {"objective.loss": "wgan-gp"}, {"objective.spectral_norm": True}], ids=str)
def test_killed_and_resumed_two_players_and_their_pictures_are_the_same(
    train: Any, place: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    rng = np.random.default_rng(0)
    np.savez(place / "dots.npz", images=rng.integers(0, 256, (60, 6, 6), dtype=np.uint8))
    settings = {
        "objective.width": 2,
        "reference_classifier": False,
        "training.checkpoint_seconds": 1e-9,
        "training.batch": 16,
        **options,
    }
    given = {"target": "none", "objective": "gan", "network": "mlp", "epochs": 4, "settings": settings}
    whole = train("dots.npz", out="whole", **given)
    entries = TrainerState.take

    def killed(self: TrainerState, entry: Any) -> None:
        entries(self, entry)
        if entry.step == 8:
            raise Killed

    monkeypatch.setattr(TrainerState, "take", killed)
    with pytest.raises(Killed):
        train("dots.npz", out="killed", **given)
    monkeypatch.setattr(TrainerState, "take", entries)
    again = resume("killed", quiet=True)
    assert again is not None
    for name in (files.WEIGHTS, "exhibits/new_by_epoch.json"):
        assert (again.folder / name).read_bytes() == (whole.folder / name).read_bytes()
