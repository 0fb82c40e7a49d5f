"""What every column type and input type promises, ours and one that a package adds, with an input of its own."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor, nn

from leadline.core.experiment import Experiment
from leadline.core.registry_tables import TABLES
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.data.augmentations.augmenter import Augmenter, strong
from leadline.data.columns.contract import (
    ColumnContext,
    ColumnState,
    ColumnType,
    Encoded,
    InputType,
    column_type,
    input_type,
)
from leadline.data.columns.decoding.sounds import wav
from leadline.data.dataset import prepare
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.data.storage import RaggedRows, RowStorage
from leadline.evaluation.sample_exhibits import gallery_of
from leadline.nn.batch import PRESENT, Batch, Signal
from leadline.nn.rng import Rng
from leadline.objectives.generative.input_likelihoods import unlikely

ROWS = 24
RANDOM = np.random.default_rng(0)
WAVES = [(8_000 * np.sin(np.arange(1_200) * (0.05 + 0.01 * i))).astype(np.int16) for i in range(ROWS)]
COLOURS = ("red", "blue", "green", "white", "black")
SAMPLES: dict[str, list[Any] | np.ndarray] = {
    "number": [float(i % 7) for i in range(ROWS)],
    "category": ["abcd"[i % 4] for i in range(ROWS)],
    "boolean": [i % 3 == 0 for i in range(ROWS)],
    "date": [dt.date(2024, 1, 1) + dt.timedelta(days=i) for i in range(ROWS)],
    "calendar": [dt.datetime(2024, 1, 1) + dt.timedelta(hours=5 * i) for i in range(ROWS)],
    "labels": [";".join(name for at, name in enumerate(COLOURS) if (i + 1) >> at & 1) for i in range(ROWS)],
    "image": RANDOM.integers(0, 256, (ROWS, 6, 5, 3), dtype=np.uint8),
    "text": [f"{' '.join(COLOURS[: 2 + i % 4])} cats number {i} sat on the mat again" for i in range(ROWS)],
    "audio": [wav(wave, 8_000) for wave in WAVES],
    "polyline": [f"0,0 {i},1 {2 * i},3" if i % 2 else f"0,1 {i},{i}" for i in range(ROWS)],
}
ALONE = "calendar"  # the kind that no column is guessed to be: it is added to others


def _read(text: str) -> np.ndarray:
    return np.array([float(number) for point in text.split() for number in point.split(",")], np.float32)


def _looks_like_points(column: pl.Series, context: ColumnContext) -> float:
    text = column.dtype == pl.String
    return 0.97 if text and bool(column.drop_nulls().str.contains(r"^(-?\d+,-?\d+ ?)+$").all()) else 0.0


def _fit(column: pl.Series, context: ColumnContext) -> ColumnState:
    rows = [_read(text) for text in column.drop_nulls()]
    return {"longest": max(map(len, rows)), "scale": float(max(np.abs(row).max() for row in rows)) or 1.0}


def _encode(column: pl.Series, state: ColumnState, context: ColumnContext) -> Encoded:
    rows = [_read(text)[: state["longest"]] for text in column.drop_nulls()]
    lengths = np.zeros(len(column), np.int64)
    lengths[column.is_not_null().to_numpy()] = list(map(len, rows))
    values = np.concatenate(rows) if rows else np.zeros(0, np.float32)
    return Encoded(values, {}, lengths, column.is_null().arg_true().to_list())


class _Steps(nn.Module):
    """Corners of lines (B,2T) to a Signal (B,T,2), NaN after a line's end masked."""

    def __init__(self, states: Sequence[ColumnState]) -> None:
        super().__init__()
        self.scale = states[0]["scale"]

    def forward(self, x: Tensor) -> Signal:
        steps_BT2 = x.unflatten(1, (-1, 2)) / self.scale
        mask_BT = ~steps_BT2.isnan().any(2)
        return Signal(torch.nan_to_num(steps_BT2), mask_BT)


def _storage(one: InputSchema, values: Tensor, ends: Tensor | None) -> RowStorage:
    assert ends is not None
    return RaggedRows(values, ends, padding=torch.nan, multiple=2, longest=one.shape[0])


POLYLINE = ColumnType(
    "polyline",
    _looks_like_points,
    _fit,
    _encode,
    lambda values, state: [" ".join(f"{x:g},{y:g}" for x, y in row.reshape(-1, 2)) for row in values],
    _Steps,
    input=InputType(
        "line",
        shape=lambda fields: (fields[0].state["longest"],),
        example=lambda one: torch.zeros(2, *one.shape),
        describe=lambda one: f"lines of up to {one.shape[0] // 2} corners",
        ragged=True,
        storage=_storage,
        stored=lambda one, raw: raw[:, ~raw[0].isnan()].numpy(),
    ),
)


@pytest.fixture(params=[*TABLES["columns"], "polyline"])
def kind(request: pytest.FixtureRequest, packages: Any) -> str:
    packages.give("columns", "polyline", POLYLINE)
    return str(request.param)


@pytest.fixture
def column(kind: str) -> pl.Series:
    return pl.Series("x", SAMPLES[kind])


@pytest.fixture
def one(kind: str, column: pl.Series) -> InputSchema:
    """The input that a column of the kind is, or is in."""
    own = column_type(kind)
    field = ColumnSchema(name="x", kind=kind, state=fitted(own, column))
    group = "table" if own.scalar else kind
    return InputSchema(name="x", kind=group, fields=(field,), shape=input_type(group).shape([field]))


def fitted(own: ColumnType, column: pl.Series) -> ColumnState:
    return json.loads(json.dumps(own.fit(column, ColumnContext()), allow_nan=False))


def raw_of(one: InputSchema, column: pl.Series) -> Tensor:
    encoded = column_type(one.fields[0].kind).encode(column, one.fields[0].state, ColumnContext())
    ends = None if encoded.lengths is None else torch.from_numpy(np.concatenate([[0], np.cumsum(encoded.lengths)]))
    storage = input_type(one.kind).storage(one, torch.from_numpy(encoded.values.copy()), ends)
    return storage.gather(torch.arange(len(column)))


def test_the_surest_kind_is_that_of_the_values(kind: str, column: pl.Series) -> None:
    sure = {name: column_type(name).infer(column, ColumnContext()) for name in (*TABLES["columns"], "polyline")}
    assert all(0 <= value <= 1 for value in sure.values())
    assert (max(sure, key=lambda name: sure[name]) == kind) is (kind != ALONE)


def test_a_state_is_json_and_encodes_the_same_again(kind: str, column: pl.Series) -> None:
    own = column_type(kind)
    state = fitted(own, column)
    assert state == fitted(own, column)
    first, again = (own.encode(column, state, ColumnContext()) for _ in range(2))
    np.testing.assert_array_equal(first.values, again.values)
    assert not first.problems
    assert set(own.recipe(state)) <= set(state)
    if own.scalar:
        assert first.values.shape == (ROWS, own.width(state))
        assert first.values.dtype == np.float32
        assert own.cell is None or own.cell(state).codes[0] >= 0


def test_what_is_missing_is_no_problem_of_the_others(kind: str, column: pl.Series) -> None:
    own = column_type(kind)
    gappy = column.clone().scatter(1, None) if kind != "image" else pl.concat([column[:1], column.clear(1), column[2:]])
    encoded = own.encode(gappy, fitted(own, column), ColumnContext())
    assert not set(encoded.problems) - {1}
    assert own.scalar or list(encoded.missing) == [1]


def test_a_stored_row_is_decoded_as_it_was(one: InputSchema, column: pl.Series) -> None:
    own, raw = input_type(one.kind), raw_of(one, column)
    shown = own.decode(one, own.stored(one, raw[:1]))
    assert list(shown) == ["x"]
    values = column_type(one.fields[0].kind).encode(column[:1], one.fields[0].state, ColumnContext()).values
    again = column_type(one.fields[0].kind).decode(values[None] if own.ragged else values, one.fields[0].state)
    assert shown["x"] == again[0]


def test_its_preprocessor_takes_its_rows_and_says_what_it_gives(one: InputSchema, column: pl.Series) -> None:
    module = build_preprocessor(one).eval()
    spec = signal_spec(module, one)
    given = module(raw_of(one, column)).values
    assert given.isfinite().all()
    assert given.ndim == 1 + len(spec.shape)
    ragged = input_type(one.kind).ragged
    assert tuple(given.shape[2 if ragged else 1 :]) == tuple(spec.shape[1 if ragged else 0 :])
    torch.testing.assert_close(module(raw_of(one, column)).values, given, rtol=0, atol=0)
    assert PRESENT not in one.name


def test_it_is_said_and_shown(one: InputSchema, column: pl.Series) -> None:
    own = input_type(one.kind)
    assert own.describe(one)
    assert own.short(one)
    assert own.entries(one).size > 0
    draft = gallery_of(one, raw_of(one, column))
    assert draft.kind == own.display.exhibit
    assert json.dumps(draft.content)
    assert own.network(one, True).name in TABLES["models"]


def test_strong_augmentations_fit_and_are_the_same_for_the_same_draws(one: InputSchema, column: pl.Series) -> None:
    augment = Augmenter([one.model_copy(update={"augment": strong(one)})])
    raw = raw_of(one, column)
    batch = Batch({"x": raw}, None, torch.ones(ROWS), torch.arange(ROWS))
    first, again = (augment(batch, Rng(0, 3, batch.row_B)).inputs["x"] for _ in range(2))
    assert torch.equal(torch.nan_to_num(first.float()), torch.nan_to_num(again.float()))


def test_it_is_masked_and_told_or_says_why_not(one: InputSchema, column: pl.Series) -> None:
    model, why = input_type(one.kind).row_model, unlikely(Schema(inputs=(one,)))
    if model is None or why is not None:
        assert why is not None
        assert "'x'" in why
        return
    raw, rng = raw_of(one, column), Rng(0, 0, torch.arange(ROWS))
    observed, masking = model.likelihood(one, None, "learned"), model.masking(one, 0.5, None)
    hidden, again = (masking.eval()(raw, observed, rng) for _ in range(2))
    assert torch.equal(hidden.where, again.where)
    assert int(hidden.count_B.sum()) > 0
    given = torch.randn(ROWS, *observed.spec.shape, generator=torch.Generator().manual_seed(0))
    assert masking.nll(observed, given, raw, hidden).isfinite().all()
    assert model.words(one, None)


def test_a_line_of_another_package_is_trained_on_and_shown(packages: Any, tmp_path: Path) -> None:
    import leadline

    packages.give("columns", "polyline", POLYLINE)
    frame = pl.DataFrame(
        {"line": SAMPLES["polyline"] * 4, "label": ["long" if i % 2 else "short" for i in range(ROWS)] * 4}
    )
    frame.write_csv(tmp_path / "lines.csv")
    source = Experiment.model_validate({"data": {"source": str(tmp_path / "lines.csv"), "target": "label"}})
    assert [one.kind for one in prepare(source.data).schema.inputs] == ["polyline"]
    run = leadline.train(str(tmp_path / "lines.csv"), target="label", epochs=2, out=tmp_path / "run")
    assert run.schema.inputs[0].kind == "polyline"
    assert any(finding.name == "accuracy" for finding in run.report.findings)
    examples = next(exhibit for exhibit in run.report.exhibits if exhibit.name == "examples")
    assert examples.kind == "table"
