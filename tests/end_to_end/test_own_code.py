"""Losses and optimizers of one's own, from a file and from Python: trained, resumed to the same bits, never needed
again.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import leadline
from leadline.core import own_code
from leadline.errors import Interrupted, RunError, UsageError
from leadline.run import folder as files
from sentences import says

FILE = """
import torch
import torch.nn.functional as F


def focal(scores, target, gamma=2.0):
    nll = F.cross_entropy(scores, target, reduction="none")
    return (1 - (-nll).exp()) ** gamma * nll


def mean(scores, target):
    return F.cross_entropy(scores, target)


class Momentum(torch.optim.Optimizer):
    def __init__(self, params, lr=0.05, momentum=0.9):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    state = self.state[p]
                    state["steps"] = state.get("steps", 0) + 1
                    v = state.setdefault("v", torch.zeros_like(p))
                    v.mul_(group["momentum"]).add_(p.grad)
                    p.sub_(v, alpha=group["lr"] / state["steps"] ** 0.1)
"""
OWN = ("--loss", "own.py:focal", "--optimizer", "own.py:Momentum")
QUICK: dict[str, Any] = {"epochs": 4, "deterministic": True, "quiet": True, "settings": {"baselines": []}}


@pytest.fixture(autouse=True)
def own(place: Path) -> Path:
    (place / "own.py").write_text(FILE, encoding="utf-8")
    return place


def weights(run: leadline.Run | str) -> str:
    return files.sha256((Path(run) if isinstance(run, str) else run.folder) / files.WEIGHTS)


class Stop:
    """Interrupts at the call of a number."""

    def __init__(self, at: int) -> None:
        self.calls = iter([*[False] * at, True])

    def __call__(self) -> None:
        if next(self.calls, False):
            signal.raise_signal(signal.SIGINT)


def stopping(at: int) -> Any:
    stop = Stop(at)

    def loss(scores: Tensor, target: Tensor) -> Tensor:
        stop()
        return F.cross_entropy(scores, target, reduction="none")

    return loss


def test_a_run_by_a_file_needs_it_only_to_train(cli, capsys: pytest.CaptureFixture[str]) -> None:
    common = ("--epochs", "3", "--deterministic", "--set", "baselines=[]")
    assert cli("train", "iris", *common, *OWN, "--set", "objective.loss.gamma=1", "--out", "run") == 0
    assert "own.py:focal" in capsys.readouterr().err
    run = leadline.load("run")
    loss, optimizer = run.experiment.objective.options["loss"], run.experiment.training.optimizer
    assert (loss["name"], loss["gamma"]) == ("own.py:focal", 1)
    assert (optimizer.name, optimizer.options["momentum"]) == ("own.py:Momentum", 0.9)
    assert loss["sha256"] == optimizer.options["sha256"] == files.sha256(Path("own.py"))
    assert cli("train", "run/experiment.yaml", "--out", "again", "-q") == 0
    assert weights("run") == weights("again")
    Path("own.py").unlink()
    assert cli("predict", "run", "iris", "-o", "rows.csv", "-q") == 0
    assert cli("evaluate", "run", "-q") in (0, 3)
    assert leadline.load("run").predict("iris", quiet=True).height == 150
    assert cli("train", "run/experiment.yaml", "--out", "third", "-q") == 2
    assert not Path("third").exists()


def test_interrupted_it_is_resumed_to_the_same_bits_and_refused_with_another_file() -> None:
    words = {**QUICK, "optimizer": "own.py:Momentum", "settings": {"baselines": [], "training.freeze": ["head.bias"]}}
    whole = leadline.train("iris", **words)
    with pytest.raises(Interrupted):
        leadline.train("iris", **words, loss=stopping(10), out="stopped")
    before = Path("own.py").read_text(encoding="utf-8")
    Path("own.py").write_text(before + "\n", encoding="utf-8")
    with pytest.raises(RunError, match=says("run.code-changed", code="own.py:Momentum")):
        leadline.resume("stopped", quiet=True)
    Path("own.py").write_text(before, encoding="utf-8")
    kept = dict(own_code._given)
    own_code._given.clear()
    with pytest.raises(UsageError, match=says("core.own-object-again", noun="loss")):
        leadline.resume("stopped", quiet=True)
    assert weights(leadline.resume("stopped", loss=stopping(10**6), quiet=True)) == weights(whole)
    own_code._given.update(kept)


def test_rates_layer_decay_averages_and_micro_batches_go_with_them() -> None:
    settings = {
        "baselines": [],
        "training.lr_multipliers": {"head.*": 2.0},
        "training.layer_decay": 0.5,
        "training.average": "ema",
        "training.clip": 1.0,
        "training.schedule": "cosine",
    }
    words = {**QUICK, "loss": torch.nn.CrossEntropyLoss(label_smoothing=0.1), "optimizer": torch.optim.NAdam}
    run = leadline.train("iris", **{**words, "settings": settings})
    split = leadline.train("iris", **{**words, "settings": {**settings, "training.accumulate": 2}})
    first, second = (torch.cat([p.flatten() for p in one.network.parameters()]) for one in (run, split))
    assert torch.allclose(first, second, atol=1e-4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch's own compiler
def test_a_compiled_step_takes_them() -> None:
    plan = {"training.plan.compile": True, "training.plan.precision": "fp32"}
    weight = torch.tensor([1.0, 2.0, 1.0])
    run = leadline.train(
        "iris",
        epochs=2,
        quiet=True,
        loss=torch.nn.CrossEntropyLoss(weight),
        optimizer="own.py:Momentum",
        settings={"baselines": [], **plan},
    )
    assert run.report.find("accuracy").value > 0.3


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        ("own.py:mean", "objectives.own-loss-one-number"),
        (lambda scores: scores, "objectives.own-loss-fails"),
        (lambda scores, target: scores.detach().sum(1), "objectives.own-loss-no-gradient"),
        (lambda scores, target: (0 * scores).sum(1), "objectives.own-loss-zero-gradient"),
        (lambda scores, target: (scores - scores).log().sum(1), "objectives.own-loss-not-finite"),
        (lambda scores, target: (scores - scores.detach()).sqrt().sum(1), "objectives.own-loss-not-finite"),
        (lambda scores, target: scores.sum(1) * torch.rand(len(scores)), "objectives.own-loss-draws"),
    ],
)
def test_a_loss_that_cannot_teach_is_refused_before_anything_is_written(loss: Any, sentence: str, place: Path) -> None:
    with pytest.raises(UsageError, match=says(sentence)):
        leadline.train("iris", **QUICK, loss=loss)
    assert not (place / "runs").exists()


def test_a_loss_whose_buffers_change_is_refused(place: Path) -> None:
    class Running(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, scores: Tensor, target: Tensor) -> Tensor:
            self.calls += 1
            return F.cross_entropy(scores, target, reduction="none")

    with pytest.raises(UsageError, match=says("objectives.own-loss-buffers-change")):
        leadline.train("iris", **QUICK, loss=Running())


def test_repeats_and_folds_take_files_and_objects() -> None:
    for loss in ("own.py:focal", stopping(10**6)):
        done = leadline.crossval("iris", folds=2, **{**QUICK, "epochs": 1}, loss=loss)
        assert len(done.runs) == 2


def test_the_estimators_take_them(place: Path) -> None:
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True)
    fitted = leadline.Classifier(loss=stopping(10**6), optimizer="own.py:Momentum", epochs=5).fit(X, y)
    assert fitted.score(X, y) > 0.5
    fitted.save(place / "saved")
    Path("own.py").unlink()
    assert (leadline.Classifier.load(place / "saved").predict(X) == fitted.predict(X)).all()


SCRIPT = """
import leadline, torch

if __name__ == "__main__":
    loss = torch.nn.CrossEntropyLoss(torch.tensor([1.0, 2.0, 1.0]))
    words = {"epochs": 2, "deterministic": True, "settings": {"baselines": []}}
    leadline.train("iris", **words, loss=loss, optimizer="own.py:Momentum", out="both")
"""


@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_available(), reason="this PyTorch has no torch.distributed")
def test_two_processes_train_as_one(place: Path) -> None:
    (place / "script.py").write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "script.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loss = torch.nn.CrossEntropyLoss(torch.tensor([1.0, 2.0, 1.0]))
    alone = leadline.train("iris", **{**QUICK, "epochs": 2}, loss=loss, optimizer="own.py:Momentum")
    pairs = zip(leadline.load("both").network.parameters(), alone.network.parameters(), strict=True)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in pairs)


def test_validation_uses_the_loss_that_is_trained() -> None:
    def doubled(scores: Tensor, target: Tensor) -> Tensor:
        return 2 * F.cross_entropy(scores, target, reduction="none")

    histories = [
        pl.read_parquet(Path(leadline.train("iris", loss=loss, out=f"runs/{name}", **QUICK).folder) / files.HISTORY)
        for name, loss in (("plain", None), ("doubled", doubled))
    ]
    plain, twice = (one["val_loss"].drop_nulls() for one in histories)
    # Adam's steps are those of half the loss, so that only the unit of the loss differs
    assert twice.to_numpy() == pytest.approx(2 * plain.to_numpy(), rel=0.02)


def test_early_stopping_watches_a_metric_that_is_measured() -> None:
    settings = {"baselines": [], "training.early_stopping.monitor": "roc_auc"}
    run = leadline.train("iris", **{**QUICK, "settings": settings})
    history = pl.read_parquet(Path(run.folder) / files.HISTORY)
    assert history["val_roc_auc"].drop_nulls().is_between(0.5, 1).all()


def test_the_examples_of_the_document_run(place: Path, cli, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[2] / "docs" / "own_code.md").read_text(encoding="utf-8")
    own, *examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (place / "own.py").write_text(own, encoding="utf-8")
    command = next(line for line in text.splitlines() if line.startswith("leadline train") and "own.py:Net" in line)
    assert cli(*command.split()[1:], "--quiet") == 0
    script = "\n".join(examples).replace('train("iris", ', 'train("iris", quiet=True, settings={"baselines": []}, ')
    (place / "examples.py").write_text(script, encoding="utf-8")
    subprocess.run([sys.executable, "examples.py"], cwd=place, check=True, timeout=300)
    assert len(list((place / "runs").iterdir())) == 4
