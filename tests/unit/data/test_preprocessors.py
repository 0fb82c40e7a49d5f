"""The fronts of inputs."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
import torch

from leadline.core.registry import lookup
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.core.series_spec import SeriesSpec, Window
from leadline.data.columns.contract import ColumnContext
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.errors import UsageError
from leadline.nn.batch import SignalSpec
from sentences import says

COLUMNS = {
    "age": ("number", pl.Series([20.0, 40.0, None])),
    "town": ("category", pl.Series(["a", "b", "c"])),
    "born": ("date", pl.Series([dt.date(2000, 1, 1), dt.date(2001, 5, 5), dt.date(2002, 9, 9)])),
    "size": ("number", pl.Series([1.0, 2.0, 3.0])),
    "club": ("category", pl.Series(["x", "y", "x"])),
    "paid": ("boolean", pl.Series([True, False, None])),
}


def table() -> tuple[InputSchema, torch.Tensor]:
    fields, blocks = [], []
    for name, (kind, column) in COLUMNS.items():
        field = lookup("columns", kind)
        state = field.fit(column, ColumnContext())
        fields.append(ColumnSchema(name=name, kind=kind, state=state))
        blocks.append(field.encode(column, state, ColumnContext()).values)
    raw = np.concatenate(blocks, 1)
    return InputSchema(name="table", kind="table", fields=tuple(fields), shape=raw.shape[1:]), torch.from_numpy(raw)


def image_schema() -> InputSchema:
    state = lookup("columns", "image").fit(pl.Series(np.zeros((3, 6, 5, 3), np.uint8)), ColumnContext())
    return InputSchema(
        name="photo", kind="image", fields=(ColumnSchema(name="photo", kind="image", state=state),), shape=(6, 5, 3)
    )


def test_columns_go_to_the_front_of_their_kind() -> None:
    schema, raw = table()
    out = build_preprocessor(schema)(raw).values
    numbers = lookup("columns", "number").preprocessor([schema.fields[0].state, schema.fields[3].state])(raw[:, [0, 4]])
    categories = lookup("columns", "category").preprocessor([schema.fields[1].state, schema.fields[4].state])(
        raw[:, [1, 5]]
    )
    dates = lookup("columns", "date").preprocessor([schema.fields[2].state])(raw[:, [2, 3]])
    truths = lookup("columns", "boolean").preprocessor([schema.fields[5].state])(raw[:, [6]])
    torch.testing.assert_close(out, torch.cat([numbers, categories, dates, truths], 1))
    assert out.isfinite().all()


def series(lookback: int = 6, known: tuple[str, ...] = ()) -> InputSchema:
    """Two numbers, one with gaps in train, and a category, of which the first is forecast two steps ahead."""
    columns = {
        "load": ("number", pl.Series([1.0, 3.0, 5.0])),
        "heat": ("number", pl.Series([10.0, None, 30.0])),
        "town": ("category", pl.Series(["a", "b", "c"])),
    }
    fields = [
        ColumnSchema(name=name, kind=kind, state=lookup("columns", kind).fit(column, ColumnContext()))
        for name, (kind, column) in columns.items()
    ]
    window = Window(spec=SeriesSpec(horizon=2, context_length=lookback, known_covariates=known), aims=("load",))
    shape = (lookback + window.seen, 3)
    return InputSchema(name="series", kind="series", fields=tuple(fields), shape=shape, window=window)


def test_a_series_has_the_features_of_a_table_at_each_step() -> None:
    schema = series()
    front = build_preprocessor(schema)
    raw = torch.tensor([[float(k), 10.0 * k, k % 4] for k in range(12)]).view(2, 6, 3)
    out, steps = front(raw), build_preprocessor(InputSchema(name="t", kind="table", fields=schema.fields, shape=(3,)))
    steps.load_state_dict({name.removeprefix("steps."): value for name, value in front.state_dict().items()})
    torch.testing.assert_close(out.values, steps(raw.view(12, 3)).values.view(2, 6, -1))
    assert out.mask is None
    torch.testing.assert_close(out.values[0, :, 0], (torch.arange(6.0) - 3) / np.float32(np.sqrt(8 / 3)))
    spec = signal_spec(front, schema)
    assert (spec.kind, spec.shape, spec.ahead, spec.past, spec.aims) == (
        "sequence",
        (6, out.values.shape[2]),
        2,
        6,
        (0,),
    )


def test_a_number_that_is_missing_goes_on_from_the_last_known_one() -> None:
    schema = series(known=("heat",))
    front, nan = build_preprocessor(schema), torch.nan
    heat = torch.tensor([[nan, 10.0, nan, nan, 30.0, nan, 20.0, nan], [nan] * 8])
    raw = torch.stack([torch.zeros(2, 8), heat, torch.ones(2, 8)], 2)
    out = front(raw).values
    torch.testing.assert_close(out[0, :, 1], torch.tensor([0.0, -1, -1, -1, 1, 1, 0, 0]))  # the future is not guessed
    assert (out[1, :, 1] == 0).all() and out.isfinite().all()
    torch.testing.assert_close(out[0, :, 2], heat[0].isnan().float())  # and the network is told


def test_signal_spec() -> None:
    schema, raw = table()
    front = build_preprocessor(schema)
    width = front(raw).values.shape[1]
    assert signal_spec(front, schema) == SignalSpec("table", (width,), edges=front.edges)
    assert len(front.edges) == width
    assert signal_spec(build_preprocessor(image_schema()), image_schema()) == SignalSpec("image", (3, 6, 5))
    assert front.training


def test_weights_round_trip() -> None:
    schema, raw = table()
    front, other = build_preprocessor(schema), build_preprocessor(schema)
    other.load_state_dict(front.state_dict())
    torch.testing.assert_close(other(raw).values, front(raw).values)


@pytest.mark.parametrize(
    "make",
    [table, lambda: (image_schema(), torch.zeros(2, 3, 6, 5)), lambda: (series(), torch.full((2, 6, 3), torch.nan))],
)
def test_fronts_can_be_exported_for_any_number_of_rows(make: object) -> None:
    schema, raw = make()
    front = build_preprocessor(schema).eval()
    exported = torch.export.export(front, (raw,), dynamic_shapes=({0: torch.export.Dim.AUTO},)).module()
    more = torch.cat([raw, raw, raw[:1]])
    torch.testing.assert_close(exported(more).values, front(more).values)


def test_kinds_that_do_not_fit_the_input_are_refused() -> None:
    image = image_schema()
    with pytest.raises(UsageError, match=says("data.type-of-own-input", type="image")):
        build_preprocessor(InputSchema(name="table", kind="table", fields=image.fields, shape=(1,)))
    with pytest.raises(UsageError, match=says("columns.type-of-table", type="number")):
        build_preprocessor(InputSchema(name="x", kind="number", fields=(), shape=(1,)))
    with pytest.raises(UsageError, match=says("core.unknown-item", name="imge", suggestion="Did you mean 'image'?")):
        build_preprocessor(InputSchema(name="x", kind="imge", fields=(), shape=(1,)))
