"""What every type of target must keep, over the registry and over one that is not ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
import torch
from polygons import OUTLINES, POLYGONS, outlines

from leadline.cli.main import run
from leadline.core.component import Component
from leadline.core.experiment import DataSpec
from leadline.core.registry_tables import TABLES
from leadline.core.report import Report
from leadline.core.schema import Schema
from leadline.data import targets
from leadline.data.dataset import Dataset, prepare
from leadline.data.targets import words
from leadline.data.targets.contract import TargetType, target_type
from leadline.objectives.lookup import objective_for
from sentences import says

N = 60
RNG = np.random.default_rng(0)
X = RNG.normal(size=N)
TEXTS = [f"the {'cat' if x > 0 else 'dog'} sees {'a bird' if i % 2 else 'it'}" for i, x in enumerate(X)]
GONE = 5  # a row without a target


class Case(NamedTuple):
    """Data with a target of one type, and what the user and the objective say."""

    columns: Mapping[str, Any]
    spec: Mapping[str, Any]
    wanted: tuple[str, ...] = ()


def holed(values: list[Any]) -> list[Any]:
    return [*values[:GONE], None, *values[GONE + 1 :]]


CASES = {
    "number": Case({"y": holed((2 * X + 1).tolist())}, {"target": "y"}),
    "count": Case({"y": holed(RNG.poisson(2.0, N).tolist())}, {"target": "y"}, ("count",)),
    "category": Case({"y": holed(["b" if x > 0 else "a" for x in X])}, {"target": "y"}),
    "boolean": Case({"y": holed(["yes" if x > 0 else "no" for x in X])}, {"target": "y", "types": {"y": "boolean"}}),
    "labels": Case({"y": holed([["p"] if x > 0 else ["p", "q"] for x in X])}, {"target": "y"}, ("labels",)),
    "probabilities": Case(
        {"a": holed((1 / (1 + np.exp(-X))).tolist()), "b": holed((1 / (1 + np.exp(X))).tolist())},
        {"target": ["a", "b"]},
    ),
    "several": Case(
        {"y": holed((2 * X).tolist()), "z": holed(["b" if x > 0 else "a" for x in X])}, {"target": ["y", "z"]}
    ),
    "tags": Case(
        {
            "said": [text.split() for text in TEXTS],
            "y": holed([["N" if word in ("cat", "dog", "bird") else "O" for word in text.split()] for text in TEXTS]),
        },
        {"target": "y", "columns": ["said"]},
    ),
    "text": Case({"said": holed(TEXTS)}, {"target": "said", "columns": ["said"]}, ("text",)),
    "series": Case(
        {"y": (X + 10).tolist(), "time": pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 2, 29), eager=True)},
        {"target": "y", "series": {"time": "time", "horizon": 2, "context_length": 3}},
    ),
    "polygons": Case({"y": outlines(N)["outline"]}, {"target": "y"}),
}
OF_TABLES = [kind for kind in CASES if kind != "series"]


@pytest.fixture(autouse=True)
def _installed(packages: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages.give("targets", "polygons", POLYGONS)
    packages.give("objectives", "outlines", OUTLINES)
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))


def frame_of(kind: str) -> pl.DataFrame:
    own = pl.DataFrame(CASES[kind].columns, strict=False)
    return own if kind in ("tags", "text", "series") else own.with_columns(x=pl.Series(X))


def read(kind: str, **more: Any) -> Dataset:
    case = CASES[kind]
    spec = DataSpec.model_validate({**case.spec, **more.pop("spec", {})})
    wanted = {"*": case.wanted} if case.wanted else None
    return prepare(spec, more.pop("frame", frame_of(kind)), target_types=wanted, **more)


def whole(dataset: Dataset) -> np.ndarray:
    target = dataset.splits["train"].target
    assert target is not None
    return target


def of(schema: Schema) -> TargetType:
    assert schema.target is not None
    return target_type(schema.target.kind)


def test_every_type_has_a_case() -> None:
    assert set(CASES) == {*TABLES["targets"], "polygons"}


@pytest.mark.parametrize("kind", CASES)
def test_a_type_is_registered_by_its_kind_and_says_what_it_is(kind: str) -> None:
    own = target_type(kind)
    assert own.kind == kind
    for words_of in (own.noun, words.describe(read(kind).schema)):
        assert words_of and "\n" not in words_of and not words_of.endswith(".") and words_of[0] != " "
    assert (own.recognition is None) == (own.fitting.fit is None)


@pytest.mark.parametrize("kind", OF_TABLES)
def test_columns_are_found_to_be_it(kind: str) -> None:
    schema = read(kind).schema
    assert schema.target is not None and schema.target.kind == kind
    own = target_type(kind).recognition
    assert own is not None
    if own.single and len(schema.target.columns) == 1:
        said = read(kind, spec={"types": {schema.target.name: kind}}).schema
        assert said.target is not None and said.target.kind == kind, "where the user says so too"


@pytest.mark.parametrize("kind", CASES)
def test_what_is_fitted_is_json(kind: str) -> None:
    schema = read(kind).schema
    assert schema.target is not None
    assert json.loads(json.dumps(dict(schema.target.state), allow_nan=False)) == dict(schema.target.state)
    assert Schema.model_validate_json(schema.model_dump_json()) == schema


@pytest.mark.parametrize("kind", OF_TABLES)
def test_a_row_without_a_target_is_left_out_with_its_reason(kind: str) -> None:
    frame = frame_of(kind)
    present = targets.present(frame, targets.choose(_table(frame), _spec(kind), {"*": CASES[kind].wanted}))
    gone = np.flatnonzero(~present).tolist()
    assert len(gone) == 1
    dataset = read(kind)
    assert all(not set(gone) & set(part.rows.tolist()) for part in dataset.splits.values())
    fresh = read(kind, schema=dataset.schema)
    aside = fresh.invalid_rows.filter(pl.col("row") == gone[0] + 1)
    assert aside.height == 1 and aside["reason"][0]


@pytest.mark.parametrize("kind", CASES)
def test_batches_hold_what_the_split_holds(kind: str) -> None:
    part = read(kind).splits["train"]
    at = torch.tensor([4, 0, 2])
    target_B, target_n = part.batch(at).target_B, part.target
    assert target_B is not None and target_n is not None
    assert len(target_n) == len(part)
    found, expected = target_B.numpy(), target_n[at.numpy()]
    steps = min(found.shape[1], expected.shape[1]) if found.ndim > 1 else None
    np.testing.assert_array_equal(found[:, :steps] if steps else found, expected[:, :steps] if steps else expected)


@pytest.mark.parametrize("kind", CASES)
def test_rows_are_encoded_the_same_with_what_was_fitted(kind: str) -> None:
    dataset = read(kind)
    again = read(kind, schema=dataset.schema, resplit=True)
    np.testing.assert_array_equal(whole(again), whole(dataset))
    assert again.schema == dataset.schema


@pytest.mark.parametrize("kind", OF_TABLES)
def test_targets_are_read_as_they_were_written(kind: str) -> None:
    dataset = read(kind)
    part = dataset.splits["train"]
    told = words.targets_in_words(dataset.schema, whole(dataset))
    assert all(len(values) == len(part) for values in told.values())
    assert any(name.startswith("target") for name in told)
    frame, rows = frame_of(kind), part.rows.tolist()
    if kind in ("category", "boolean", "text"):
        (name,) = [column for column in frame.columns if column != "x"]
        assert told["target"].to_list() == frame[name][rows].to_list()
    if kind in ("number", "count"):
        np.testing.assert_allclose(told["target"].to_numpy(), frame["y"][rows].to_numpy(), rtol=1e-6)
    if kind == "labels":
        assert told["target"].to_list() == ["; ".join(labels) for labels in frame["y"][rows].to_list()]
    if kind == "tags":
        assert told["target"].to_list() == [" ".join(tags) for tags in frame["y"][rows].to_list()]
    if kind == "polygons":
        assert [len(outline) for outline in told["target"]] == [len(outline) for outline in frame["y"][rows].to_list()]


@pytest.mark.parametrize("kind", CASES)
def test_its_objective_takes_it_and_answers_without_looking_at_the_inputs(kind: str) -> None:
    dataset = read(kind)
    schema = dataset.schema
    component = Component(name=targets.default_objective(schema))
    objective = objective_for(component)
    assert objective.unsuitable(schema) is None
    name, columns = objective.complete(schema).decision.dummy_predictor(whole(dataset), 3, schema)
    assert name
    told = words.predictions_in_words(schema, columns)
    assert all(len(values) == 3 for values in told.values())
    assert any(name.startswith("predicted") for name in told) or "prediction" not in columns


@pytest.mark.parametrize("kind", [kind for kind in CASES if kind not in ("several", "text")])
def test_a_run_is_no_better_than_itself(kind: str) -> None:
    dataset = read(kind)
    how = of(dataset.schema).comparison
    assert how is not None and how.comparable(dataset.schema, dataset.schema)
    told = words.targets_in_words(dataset.schema, whole(dataset)).get("target", pl.Series(whole(dataset)))
    one = pl.DataFrame({"file": "", "row": np.arange(len(told)), "target": told, "predicted": told})
    if kind == "series":
        one = one.with_columns(target=pl.lit(1.0), predicted=pl.lit(2.0), step=pl.lit(1), variable=pl.lit("y"))
    assert {*how.needs} <= {*one.columns}
    both = one.join(one, on=list(how.on), how="inner", suffix="_other")
    assert both.height == one.height
    assert how.difference(both, dataset.schema, None).value == 0


@pytest.mark.parametrize("kind", CASES)
def test_no_more_errors_are_shown_than_asked_for(kind: str) -> None:
    dataset = read(kind)
    schema, target = dataset.schema, whole(dataset)
    objective = objective_for(Component(name=targets.default_objective(schema))).complete(schema)
    _, columns = objective.decision.dummy_predictor(target, len(target), schema)
    for found in of(schema).display.worst(schema, target, columns, 4):
        assert found.title
        assert len(found.at) == len(found.words)
        assert len(found.at) <= (4 if kind != "several" else 12)
        assert all(0 <= at < len(target) for at in found.at)


@pytest.mark.parametrize("kind", ["polygons", "tags"])
def test_what_has_many_values_a_row_is_no_task_of_several(kind: str) -> None:
    frame = frame_of(kind).with_columns(z=pl.Series(X))
    spec = DataSpec.model_validate({"target": ["y", "z"], "types": {"y": kind}})
    with pytest.raises(Exception, match=says("targets.type-stands-alone", type=kind)):
        targets.choose(_table(frame), spec)


def test_a_package_trains_its_own_target_without_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    outlines(80).write_ndjson("things.jsonl")
    asked = ["--target", "outline", "--epochs", "3", "--require", "corner_error <= 100"]
    assert run(["train", "things.jsonl", *asked]) == 0
    said = capsys.readouterr().err
    assert "Target outline: outlines of at most 4 corners" in said
    assert "'outline' is taken for outlines." in said
    (folder,) = (tmp_path / "runs").iterdir()
    report = Report.model_validate_json((folder / "report.json").read_text(encoding="utf-8"))
    assert any(one.name == "corner_error" and one.split == "test" and one.value is not None for one in report.findings)
    predicted = pl.read_parquet(folder / "predictions.parquet")
    assert all(3 <= len(outline) <= 4 for outline in predicted["predicted"])
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "The outlines furthest off" in page
    assert run(["predict", str(folder), "things.jsonl", "--out", "told.parquet"]) == 0
    assert pl.read_parquet("told.parquet").height == 80
    assert run(["train", "things.jsonl", *asked, "--seed", "0"]) == 0
    assert run(["compare", *map(str, sorted((tmp_path / "runs").iterdir()))]) == 0
    assert "corner_error" in capsys.readouterr().out


def _spec(kind: str) -> DataSpec:
    return DataSpec.model_validate(CASES[kind].spec)


def _table(frame: pl.DataFrame) -> Any:
    from leadline.data.table import Table

    return Table(frame=frame, name="data", fingerprint="", origin="")
