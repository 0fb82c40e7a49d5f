from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.experiment import DataSpec, Experiment, NetworkSpec
from leadline.core.schema import InputSchema, Schema
from leadline.data.dataset import Dataset, prepare
from leadline.errors import UsageError
from leadline.evaluation import baselines
from leadline.evaluation.baselines import choose, fit_baselines
from leadline.objectives.lookup import objective_for
from leadline.pipeline.resolving.experiment import resolve
from sentences import says

CLASSES = objective_for(Component(name="classification"))
NUMBER = objective_for(Component(name="regression"))

MLP = NetworkSpec(encoders={"table": Component(name="mlp")})


def schema(*kinds: str) -> Schema:
    return Schema(
        inputs=tuple(InputSchema(name=f"{kind}{i}", kind=kind, fields=(), shape=(1,)) for i, kind in enumerate(kinds))
    )


def test_what_suits_the_data_is_chosen() -> None:
    assert choose(None, MLP, CLASSES, schema("table")) == ("linear", "svm", "gradient-boosting")
    assert choose(None, MLP, CLASSES, schema("image")) == ("linear",)
    assert choose(None, MLP, CLASSES, schema("image", "table")) == ("linear",)
    assert choose((), MLP, CLASSES, schema("table")) == ()
    assert choose(("svm", "svm"), MLP, CLASSES, schema("image")) == ("svm",)


def test_the_network_is_no_baseline_of_itself() -> None:
    network = NetworkSpec(encoders={"table": Component(name="svm")})
    assert choose(None, network, NUMBER, schema("table")) == ("linear", "gradient-boosting")
    assert choose(("svm", "linear"), network, NUMBER, schema("table")) == ("linear",)


@pytest.mark.parametrize("name", ["gradient-bosting", "mlp"])
def test_names_that_are_no_baseline_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=says("evaluation.unknown-baseline", name=name)):
        choose((name,), MLP, CLASSES, schema("table"))


def test_objectives_that_baselines_cannot_learn_have_none_and_none_may_be_asked_for() -> None:
    other = objective_for(Component(name="contrastive"))
    assert choose(None, MLP, other, schema("table")) == ()
    with pytest.raises(UsageError, match=says("evaluation.no-baselines-for", objective="contrastive")):
        choose(("linear",), MLP, other, schema("table"))


@pytest.fixture
def flowers(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Experiment, Dataset]:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path))
    rng = np.random.default_rng(0)
    x, town = rng.normal(size=900), rng.choice(["a", "b", "c"], 900)
    y = np.where(x + (town == "b") > 0.4, "yes", "no")
    frame = pl.DataFrame({"x": x, "town": town, "y": y})
    dataset = prepare(DataSpec(target="y"), frame, seed=0)
    rows = {name: len(part) for name, part in dataset.splits.items()}
    return resolve(Experiment(data=DataSpec(target="y")), dataset.schema, rows), dataset


def fit(flowers: tuple[Experiment, Dataset], notes: list[str] | None = None) -> list[baselines.Baseline]:
    said: list[str] = [] if notes is None else notes
    return list(
        fit_baselines(
            flowers[0], CLASSES, flowers[1], operations=0.0, note=said.append, progress=lambda name, done, total: None
        )
    )


def test_each_is_fitted_and_measured(flowers: tuple[Experiment, Dataset]) -> None:
    found = fit(flowers)
    target = flowers[1].splits["test"].target
    assert [one.name for one in found] == ["linear", "svm", "gradient-boosting"]
    for one in found:
        assert (one.decided["prediction"] == target).mean() > 0.9
        assert one.rows == len(flowers[1].splits["train"])
        assert min(one.seconds, one.params, one.size_mb, one.latency_ms) > 0


def test_the_same_seed_gives_the_same_decisions(flowers: tuple[Experiment, Dataset]) -> None:
    for one, other in zip(fit(flowers), fit(flowers), strict=True):
        assert np.array_equal(one.decided["probability"], other.decided["probability"])


def test_rows_are_sampled_where_all_would_take_too_long(
    flowers: tuple[Experiment, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "LEAST", 1.0)
    monkeypatch.setattr(baselines, "FEWEST", 100)
    notes: list[str] = []
    assert [one.rows for one in fit(flowers, notes)] == [100, 100, 100]
    assert notes[0] == say("evaluation.baseline-sampled", name="linear", rows=100, train_count=720)


def test_one_for_which_no_time_is_left_is_absent_and_says_so(flowers: tuple[Experiment, Dataset]) -> None:
    found = list(
        fit_baselines(
            flowers[0], CLASSES, flowers[1], operations=0.0, note=print, progress=lambda *shown: None, seconds=0.0
        )
    )
    assert [one.why for one in found] == [say("evaluation.baseline-no-time", name=one.name) for one in found]


def test_in_a_budget_of_time_rows_are_fewer_and_searches_shorter_and_that_is_a_caveat(
    flowers: tuple[Experiment, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "RATE", 1.0)
    monkeypatch.setattr(baselines, "FEWEST", 100)
    monkeypatch.setattr(baselines, "_deadline", lambda seconds: lambda: seconds is not None)
    ways = {"note": lambda text: None, "progress": lambda *shown: None}
    found = list(fit_baselines(flowers[0], CLASSES, flowers[1], operations=0.0, seconds=60.0, **ways))
    sampled = say("evaluation.baseline-sampled-caveat", rows=100, train_count=720)
    assert [one.rows for one in found] == [100, 100, 100]
    assert found[0].caveats == (sampled, say("models.penalty-cut-short"))
    assert found[2].caveats == (sampled,)


def test_progress_rises_to_its_end(flowers: tuple[Experiment, Dataset]) -> None:
    seen: list[tuple[int, int]] = []
    ways = {"note": lambda text: None, "progress": lambda stage, done, total: seen.append((done, total))}
    list(fit_baselines(flowers[0], CLASSES, flowers[1], operations=0.0, **ways))
    shares = [done for done, _ in seen]
    assert shares == sorted(shares) and len(set(shares)) > 4
    assert seen[0] == (0, 100) and seen[-1] == (100, 100)


def test_one_that_fails_says_why_and_does_not_stop_the_others(
    flowers: tuple[Experiment, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any) -> None:
        raise np.linalg.LinAlgError("eigenvalues did not converge")

    monkeypatch.setattr("leadline.models.classical.svm._whitening", broken)
    found = fit(flowers)
    assert [one.why for one in found] == [
        None,
        say("evaluation.baseline-failed", name="svm", error="eigenvalues did not converge"),
        None,
    ]
