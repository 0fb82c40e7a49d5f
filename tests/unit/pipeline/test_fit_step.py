"""A step of another package: chosen by name, it trains a run, is resumed to the same bits, and is part of its hash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadline.core import registry
from leadline.errors import UsageError
from leadline.pipeline.trainer_state import TrainerState
from leadline.run import folder as files
from leadline.verbs.resume import resume

PLUGIN = """
from leadline.training.steps.contract import StepOptions
from leadline.training.steps.plain import PlainStep


class CoinStep(PlainStep):
    pass


class Coins(StepOptions):
    sampling = "poisson"
    size: float = 0.5

    def build(self, context):
        return CoinStep(context)
"""


@pytest.fixture(autouse=True)
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put a package with a step that asks for Poisson batches on the path, as an installed one is."""
    package = tmp_path / "package"
    info = package / "coin_steps-1.0.dist-info"
    info.mkdir(parents=True)
    (package / "coin_steps.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: coin-steps\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[leadline.steps]\ncoins = coin_steps:Coins\n")
    with monkeypatch.context() as patched:
        patched.syspath_prepend(package)
        registry.registered.cache_clear()
        yield
    registry.registered.cache_clear()


def test_it_trains_and_a_run_that_was_killed_resumes_to_the_same_bits(train, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"epochs": 4, "settings": {"training.step": "coins", "training.checkpoint_seconds": 1e-9}}
    whole, plain = train(out="whole", **options), train(out="plain", epochs=4)
    assert whole.experiment.training.step.options == {"size": 0.5}
    assert whole.experiment.hash != plain.experiment.hash
    take, left = TrainerState.take, [7]

    def killed(self: TrainerState, entry: object) -> None:
        take(self, entry)  # type: ignore[arg-type]
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(TrainerState, "take", killed)
        train(out="run", **options)
    run = resume("run", quiet=True)
    assert run is not None
    sums = [files.sha256(one.folder / files.WEIGHTS) for one in (whole, run, plain)]
    assert sums[0] == sums[1]
    assert sums[0] != sums[2], "its batches are others"


def test_a_wrong_name_or_option_leaves_nothing_behind(train) -> None:
    for step, words in (("coin", "Did you mean 'coins'"), ({"name": "coins", "size": "big"}, r"training\.step\.size")):
        with pytest.raises(UsageError, match=words):
            train(out="run", settings={"training.step": step})
    assert not Path("run").exists()
