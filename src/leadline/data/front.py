"""The front of an input: from raw encoded values to a Signal, inside the shipped network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from leadline.data.fields.contract import DTYPE, Field, State
from leadline.errors import UsageError
from leadline.facts.registry import lookup
from leadline.facts.schema import FieldSchema, InputSchema
from leadline.layers.types import Signal, SignalSpec


class TableFront(nn.Module):
    """The table (B,F), columns of all scalar fields in order, to a Signal (B,G): the fronts of the kinds, side by side.

    The `plain` one is for models that are fitted, not stepped: nothing in it is learned, numbers and codes stay as they are and
    NaN where missing. `classes` then says of each feature how many classes it codes, 0 for a quantity.
    """

    def __init__(self, fields: Sequence[FieldSchema], *, plain: bool = False) -> None:
        super().__init__()
        kinds = {f.kind: _field(f.kind, scalar=True) for f in fields}
        columns: dict[str, list[int]] = {kind: [] for kind in kinds}
        start = 0
        for f in fields:
            end = start + kinds[f.kind].width(f.state)
            columns[f.kind] += range(start, end)
            start = end
        states = {kind: [f.state for f in fields if f.kind == kind] for kind in kinds}
        fronts = {kind: field.plain or _as_they_are if plain else field.front for kind, field in kinds.items()}
        self.fronts = nn.ModuleDict({kind: front(states[kind]) for kind, front in fronts.items()})
        for kind, at in columns.items():
            self.register_buffer(f"columns_{kind}", torch.tensor(at, dtype=torch.int64), persistent=False)
        self.classes: tuple[int, ...] = ()
        if plain and any(field.codes(state) for kind, field in kinds.items() for state in states[kind]):
            for kind, field in kinds.items():
                width = self.fronts[kind](torch.zeros(1, len(columns[kind]))).shape[1]
                coded = tuple(field.codes(state) for state in states[kind])
                self.classes += coded if len(coded) == width else (0,) * width

    def forward(self, x_BF: Tensor) -> Signal:
        parts = [front(x_BF.index_select(1, self.get_buffer(f"columns_{kind}"))) for kind, front in self.fronts.items()]
        return Signal(torch.cat(parts, 1))


def build_front(schema: InputSchema, *, plain: bool = False) -> nn.Module:
    """Return the module from an input's raw tensor to its Signal; raises UsageError for kinds that do not fit the input.

    The `plain` one is for models that are fitted, not stepped: see `TableFront`.
    """
    if schema.kind == "table":
        return TableFront(schema.fields, plain=plain)
    return _field(schema.kind, scalar=False).front([f.state for f in schema.fields])


def signal_spec(front: nn.Module, schema: InputSchema) -> SignalSpec:
    """Return what a front gives, found by passing two rows of zeros through it."""
    example = torch.zeros(2, *schema.shape, dtype=DTYPE[schema.kind])
    if schema.kind == "image":
        example = example.permute(0, 3, 1, 2)
    training = front.training
    with torch.no_grad():
        values = front.eval()(example).values
    front.train(training)
    return SignalSpec(schema.kind, tuple(values.shape[1:]), getattr(front, "classes", ()))


def _as_they_are(states: Sequence[State]) -> nn.Module:
    return nn.Identity()


def _field(kind: str, *, scalar: bool) -> Field:
    field: Field = lookup("fields", kind)
    if field.scalar != scalar:
        fits = "is an input of its own, not a column of a table" if scalar else "is a column of a table, not an input of its own"
        raise UsageError(f"A column of kind {kind!r} {fits}.")
    return field
