"""The fronts of inputs."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
import torch

from leadline.data.fields.contract import Context
from leadline.data.front import build_front, signal_spec
from leadline.errors import UsageError
from leadline.facts.registry import lookup
from leadline.facts.schema import FieldSchema, InputSchema
from leadline.layers.types import SignalSpec

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
        field = lookup("fields", kind)
        state = field.fit(column, Context())
        fields.append(FieldSchema(name=name, kind=kind, state=state))
        blocks.append(field.encode(column, state, Context()).values)
    raw = np.concatenate(blocks, 1)
    return InputSchema(name="table", kind="table", fields=tuple(fields), shape=raw.shape[1:]), torch.from_numpy(raw)


def image_schema() -> InputSchema:
    state = lookup("fields", "image").fit(pl.Series(np.zeros((3, 6, 5, 3), np.uint8)), Context())
    return InputSchema(name="photo", kind="image", fields=(FieldSchema(name="photo", kind="image", state=state),), shape=(6, 5, 3))


def test_columns_go_to_the_front_of_their_kind() -> None:
    schema, raw = table()
    out = build_front(schema)(raw).values
    numbers = lookup("fields", "number").front([schema.fields[0].state, schema.fields[3].state])(raw[:, [0, 4]])
    categories = lookup("fields", "category").front([schema.fields[1].state, schema.fields[4].state])(raw[:, [1, 5]])
    dates = lookup("fields", "date").front([schema.fields[2].state])(raw[:, [2, 3]])
    truths = lookup("fields", "boolean").front([schema.fields[5].state])(raw[:, [6]])
    torch.testing.assert_close(out, torch.cat([numbers, categories, dates, truths], 1))
    assert out.isfinite().all()


def test_signal_spec() -> None:
    schema, raw = table()
    front = build_front(schema)
    assert signal_spec(front, schema) == SignalSpec("table", tuple(front(raw).values.shape[1:]))
    assert signal_spec(build_front(image_schema()), image_schema()) == SignalSpec("image", (3, 6, 5))
    assert front.training


def test_weights_round_trip() -> None:
    schema, raw = table()
    front, other = build_front(schema), build_front(schema)
    other.load_state_dict(front.state_dict())
    torch.testing.assert_close(other(raw).values, front(raw).values)


@pytest.mark.parametrize("make", [table, lambda: (image_schema(), torch.zeros(2, 3, 6, 5))])
def test_fronts_can_be_exported_for_any_number_of_rows(make: object) -> None:
    schema, raw = make()
    front = build_front(schema).eval()
    exported = torch.export.export(front, (raw,), dynamic_shapes=({0: torch.export.Dim.AUTO},)).module()
    more = torch.cat([raw, raw, raw[:1]])
    torch.testing.assert_close(exported(more).values, front(more).values)


def test_kinds_that_do_not_fit_the_input_are_refused() -> None:
    image = image_schema()
    with pytest.raises(UsageError, match="'image' is an input of its own"):
        build_front(InputSchema(name="table", kind="table", fields=image.fields, shape=(1,)))
    with pytest.raises(UsageError, match="'number' is a column of a table"):
        build_front(InputSchema(name="x", kind="number", fields=(), shape=(1,)))
    with pytest.raises(UsageError, match=r"'imge'.*'image'"):
        build_front(InputSchema(name="x", kind="imge", fields=(), shape=(1,)))
