"""Beginning with the weights of another run: what is carried over, what is told, what is refused, and that it can be
resumed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import safetensors.torch
import torch

import leadline
from leadline.core.experiment import DataSpec, Experiment, SplitSpec
from leadline.data.dataset import prepare
from leadline.errors import RunError, UsageError
from leadline.pipeline.begin import Begun
from leadline.pipeline.context import RunContext
from leadline.pipeline.progress import Silent
from leadline.pipeline.resolving.compose import compose
from leadline.pipeline.train import start
from leadline.pipeline.trainer_state import TrainerState
from leadline.run import folder as files
from leadline.run.environment import environment_for
from leadline.run.run import Run
from leadline.run.warm_start import encoders_of, parent_run, warm_started_network
from leadline.verbs.resume import resume
from sentences import says


def rows(n: int = 120, seed: int = 0, **more: Any) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, n)
    columns = {
        "length": kind + rng.normal(0, 0.3, n),
        "width": rng.normal(size=n),
        "town": rng.choice(["a", "b", "c", "d"], n),
    }
    return pl.DataFrame(
        {**columns, **{k: v(rng, n) for k, v in more.items()}, "kind": np.where(kind == 1, "ja", "nein")}
    )


UNLABELLED = {
    "objective": "masked",
    "settings": {"data.ignore": ["kind"], "data.target": "none", "network.size": "small"},
}


def train(source: Any = "rows.csv", **options: Any) -> Run:
    settings = {"baselines": [], **options.pop("settings", {})}
    run = leadline.train(source, settings=settings, **{"epochs": 1, "deterministic": True, "quiet": True, **options})
    assert run is not None
    return run


def classify(source: Any = "rows.csv", **options: Any) -> Run:
    return train(source, **{"target": "kind", **options})


class Notes(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def begun(source: Any = "rows.csv", **options: Any) -> tuple[Begun, str]:
    """A run before its first step, and what was said."""
    experiment, memory, modules = compose(source, **{"target": "kind", "epochs": 1, **options})
    notes = Notes()
    made = start(RunContext(experiment, memory, modules, shown=notes), Path(f"run-{len(list(Path().iterdir()))}"))
    return made, " ".join(notes.said)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setenv("LEADLINE_CACHE", str(folder / "cache"))
        patched.setenv("LEADLINE_HOME", str(folder / "home"))
        rows().write_csv("rows.csv")
        train(out="before", **UNLABELLED)
        yield folder


@pytest.fixture
def before(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run without labels in a folder that tests may change."""
    shutil.copytree(made / "before", tmp_path / "before")
    shutil.copy(made / "rows.csv", tmp_path / "rows.csv")
    monkeypatch.chdir(tmp_path)
    return Run("before")


def body(network: Any) -> dict[str, torch.Tensor]:
    return dict(encoders_of(network)["table"].state_dict())


def whys(one: Begun) -> dict[str, str | None]:
    return {name: why for name, _, why in environment_for(one.folder)["init"]["layers"]}


def killed(self: TrainerState) -> None:
    raise KeyboardInterrupt


def other_weights(folder: str) -> None:
    """Make the weights of a finished run others, as if it had been trained again."""
    file = Path(folder) / files.WEIGHTS
    tensors = safetensors.torch.load_file(file)
    safetensors.torch.save_file({name: x + 1 if x.is_floating_point() else x for name, x in tensors.items()}, file)
    files.seal(Path(folder))


def test_frozen_bodies_stay_what_the_other_run_made_them(before: Run) -> None:
    run = classify(init=before, freeze="encoders", out="run")
    old, new = body(before.network), body(run.network)
    assert old.keys() == new.keys()
    assert all(torch.equal(old[name], new[name]) for name in old)
    assert run.experiment.training.freeze == ("encoders.*",)
    assert run.report.run.parent == "before"
    began = run.report.environment["init"]
    assert began["weights"] == files.sha256(before.folder / files.WEIGHTS) == run.experiment.init.weights
    assert {why for _, _, why in began["layers"]} == {None}
    assert any(one.name == "carried_over" for one in run.report.exhibits)


def test_all_that_fits_is_copied_and_shared_with_nobody(before: Run) -> None:
    one, said = begun(init="before")
    old, new = body(before.network), body(one.network)
    assert all(torch.equal(old[name], new[name]) for name in old)
    assert f"{len(new)} of {len(new)} encoder tensors are initialised from before" in said
    drawn, _ = begun()
    assert not all(torch.equal(old[name], x) for name, x in body(drawn.network).items())
    with torch.no_grad():
        next(iter(encoders_of(one.network)["table"].parameters())).add_(1)
    assert all(torch.equal(x, body(Run("before").network)[name]) for name, x in old.items())


def test_what_was_fitted_travels(before: Run) -> None:
    other = rows(seed=5).with_columns(pl.col("length") * 100, town=pl.Series(["c", "d"] * 60))
    assert begun(other, init=before)[0].dataset.schema.inputs == before.schema.inputs
    assert begun(other)[0].dataset.schema.inputs != before.schema.inputs


def test_the_hash_is_of_the_weights_and_not_of_where_they_lie(before: Run) -> None:
    shutil.copytree("before", "elsewhere")
    one, other, without = (begun(init=init)[0].run_context.experiment for init in ("before", "elsewhere", None))
    assert one.hash == other.hash != without.hash
    assert one.init.run != other.init.run
    other_weights("elsewhere")
    assert begun(init="elsewhere")[0].run_context.experiment.hash != one.hash
    assert Experiment.parse({"init": "before"}).init.weights is None


def test_killed_before_the_first_checkpoint_it_resumes_to_the_same_weights(
    before: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = classify(init="before", out="whole")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(TrainerState, "begin", killed)
        classify(init="before", out="run")
    assert not list(Path("run").glob("checkpoints/*.safetensors"))
    run = resume("run", quiet=True)
    assert files.sha256(run.folder / files.WEIGHTS) == files.sha256(whole.folder / files.WEIGHTS)
    assert run.report.run.parent == "before"


def test_resuming_needs_the_weights_it_began_with(before: Run) -> None:
    one, _ = begun(init="before")
    other_weights("before")
    with pytest.raises(RunError, match=says("run.init-weights-changed")):
        resume(one.folder, quiet=True)
    shutil.rmtree("before")
    with pytest.raises(RunError, match=says("run.no-such-folder", folder="before")):
        resume(one.folder, quiet=True)


def test_the_network_is_that_of_the_run_unless_its_options_are_given(before: Run) -> None:
    known = before.experiment.network.encoders["table"]
    assert begun(init=before)[0].run_context.experiment.network.encoders["table"] == known
    longer, said = begun(
        init=before, settings={"network": {"name": "mlp", "hidden": [*known.options["hidden"], 6]}}, freeze="encoders"
    )
    assert longer.run_context.experiment.network.encoders["table"].options["hidden"][-1] == 6
    assert sorted(filter(None, whys(longer).values())) == ["no such layer in that run"] * 2
    assert "frozen, but not initialised from that run: encoders.table" in said
    with pytest.raises(UsageError, match=says("run.init-other-network", known="mlp")):
        begun(init=before, network="transformer")


def test_columns_that_differ_are_told_and_the_rest_is_carried_over(before: Run) -> None:
    one, said = begun(rows(depth=lambda rng, n: rng.normal(size=n)), init=before)
    assert "'depth' is new" in said
    assert any("here" in str(why) and "there" in str(why) for why in whys(one).values())
    assert whys(one)["encoders.table.backbone.layers.0.bias"] is None
    assert all(why for name, why in whys(one).items() if ".preprocessor." in name)


def test_nothing_that_fits_is_an_error(before: Run) -> None:
    with pytest.raises(UsageError, match=says("run.init-no-weights-fit", folder="before")):
        leadline.train("digits", init=before, quiet=True, epochs=1, out="no")
    assert not Path("no").exists()


def test_runs_without_layers_are_refused(before: Run) -> None:
    fitted = classify(network="gradient-boosting", epochs=None)
    with pytest.raises(UsageError, match=says("run.init-classical", family="gradient-boosting")):
        begun(init=fitted)
    with pytest.raises(UsageError, match=says("pipeline.init-type")):
        begun(init=3)


def test_cross_validations_are_refused(before: Run) -> None:
    data = before.experiment.data.model_copy(update={"split": SplitSpec(by="random", folds=2)})
    experiment = before.experiment.model_copy(update={"data": data})
    files.write(before.folder / files.EXPERIMENT, experiment.to_yaml())
    files.seal(before.folder)
    with pytest.raises(RunError, match=says("run.is-cross-validation")):
        begun(init="before")


def test_damaged_weights_are_refused(before: Run) -> None:
    file = before.folder / files.WEIGHTS
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(RunError, match=says("run.file-changed")):
        begun(init="before")


def test_texts_are_read_with_the_vocabulary_of_the_run_unless_it_knows_nothing(before: Run) -> None:
    rng = np.random.default_rng(0)
    english, russian = (
        ["red fox", "blue bird", "green fish", "old fox runs"],
        ["лиса бежит", "рыба плывёт", "птица летит"],
    )
    first, other = (
        pl.DataFrame({"text": [" ".join(rng.choice(some, 3)) for _ in range(60)], "kind": ["u", "v"] * 30})
        for some in (english, russian)
    )
    settings = {"data.types": {"text": "text"}, "network.size": "small"}
    run = train(first, objective="masked", settings={**settings, "data.ignore": ["kind"], "data.target": "none"})
    with pytest.raises(UsageError, match=says("run.init-vocabulary-unknown", input="text")):
        begun(other, init=run, settings=settings)
    one, _ = begun(first, init=run, settings=settings)
    assert one.run_context.experiment.network.encoders["text"].name == "rnn"  # step by step there, pooled here
    assert set(whys(one).values()) == {None}


def test_rows_seen_before_are_told(before: Run) -> None:
    start = parent_run(Experiment.parse({"init": "before"}))
    # stratified by its target, as the run without one was not
    other = prepare(DataSpec(source="rows.csv", target="kind"))
    assert "test rows were not in the test set of before" in " ".join(start.seen(other))
    same = prepare(before.experiment.data, labels="none")
    assert start.seen(same) == []


def test_networks_beside_begin_the_same_way(before: Run) -> None:
    one, _ = begun(init="before")
    again = warm_started_network(one.run_context.experiment, one.dataset.schema)
    assert all(
        torch.equal(x, y) for x, y in zip(one.network.state_dict().values(), again.state_dict().values(), strict=True)
    )
