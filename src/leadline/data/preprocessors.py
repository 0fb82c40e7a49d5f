"""The front of an input: from raw encoded values to a Signal, inside the shipped network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.columns.contract import ColumnState, ColumnType, column_type, input_type
from leadline.errors import UsageError
from leadline.nn.batch import Signal, SignalSpec


class TablePreprocessor(nn.Module):
    """The table (B,F), columns of all scalar fields in order, to a Signal (B,G): the fronts of the kinds, side by side.

    The `plain` one is for models that are fitted, not stepped: nothing in it is learned, numbers and codes stay as they
    are and NaN where missing. `classes` then says of each feature how many classes it codes, 0 for a quantity; else
    `edges` says which features are numbers, as in a `SignalSpec`.
    """

    def __init__(self, fields: Sequence[ColumnSchema], *, plain: bool = False) -> None:
        super().__init__()
        kinds = {f.kind: _scalar(f.kind) for f in fields}
        columns: dict[str, list[int]] = {kind: [] for kind in kinds}
        start = 0
        for f in fields:
            end = start + kinds[f.kind].width(f.state)
            columns[f.kind] += range(start, end)
            start = end
        states = {kind: [f.state for f in fields if f.kind == kind] for kind in kinds}
        fronts = {kind: field.plain or _as_they_are if plain else field.preprocessor for kind, field in kinds.items()}
        self.fronts = nn.ModuleDict({kind: front(states[kind]) for kind, front in fronts.items()})
        for kind, at in columns.items():
            self.register_buffer(f"columns_{kind}", torch.tensor(at, dtype=torch.int64), persistent=False)
        self.columns = {kind: tuple(at) for kind, at in columns.items()}
        self.classes: tuple[int, ...] = ()
        self.edges: tuple[tuple[float, ...], ...] = ()
        coded = plain and any(field.codes(state) for kind, field in kinds.items() for state in states[kind])
        for kind, field in kinds.items():
            width = self.fronts[kind](torch.zeros(1, len(columns[kind]))).shape[1]
            edges = () if plain else getattr(self.fronts[kind], "edges", ())
            self.edges += (*edges, *((),) * (width - len(edges)))
            if coded:
                codes = tuple(field.codes(state) for state in states[kind])
                self.classes += codes if len(codes) == width else (0,) * width

    def forward(self, x_BF: Tensor) -> Signal:
        parts = [front(x_BF.index_select(1, self.get_buffer(f"columns_{kind}"))) for kind, front in self.fronts.items()]
        return Signal(torch.cat(parts, 1))

    def mixed(self, x_BF: Tensor, share: Mapping[int, Tensor]) -> Signal:
        """Return the Signal of rows whose classes have shares in the place of codes, by column: see
        `CategoryFront.mixed`.
        """
        parts = []
        for kind, front in self.fronts.items():
            own: Any = front
            if any(at in share for at in self.columns[kind]):
                parts.append(own.mixed([share[at] for at in self.columns[kind]]))
            else:
                parts.append(own(x_BF.index_select(1, self.get_buffer(f"columns_{kind}"))))
        return Signal(torch.cat(parts, 1))


class SeriesPreprocessor(nn.Module):
    """Windows (B,T,F), columns of scalar fields in order, to a Signal (B,T,G): the features of a table for each step.

    Of a number that is missing in the past, and was so in train, the last known one before it goes on: the train mean,
    as in a table, would be a jump. Numbers come first, and so the first features are the variables to be forecast,
    standardised.
    """

    def __init__(self, schema: InputSchema) -> None:
        super().__init__()
        assert schema.window is not None
        self.past = schema.window.past
        self.gaps_K: Tensor
        first = schema.fields[0].kind  # what is forecast comes first, and all of its kind
        gaps = [at for at, f in enumerate(schema.fields) if f.kind == first and f.state.get("missing")]
        self.register_buffer("gaps_K", torch.tensor(gaps, dtype=torch.int64), persistent=False)
        self.steps = TablePreprocessor(schema.fields)

    def forward(self, x_BTF: Tensor) -> Signal:
        features_SG: Tensor = self.steps(x_BTF.flatten(0, 1)).values
        features_BTG = features_SG.view(*x_BTF.shape[:2], -1)
        if not len(self.gaps_K):
            return Signal(features_BTG)
        past_BLG = features_BTG[:, : self.past]
        missing_BLK = torch.isnan(x_BTF[:, : self.past].index_select(2, self.gaps_K))
        known_BLK = past_BLG.index_select(2, self.gaps_K).masked_fill(missing_BLK, torch.nan)
        past_BLG = past_BLG.index_copy(2, self.gaps_K, torch.nan_to_num(_carried(known_BLK)))
        return Signal(torch.cat([past_BLG, features_BTG[:, self.past :]], 1))


def _carried(x_BLK: Tensor) -> Tensor:
    """Return values with each missing one replaced by the last known one before it: by its neighbour, then 2, 4, 8 …
    steps away.
    """
    apart = 1
    while apart < x_BLK.shape[1]:
        late_BLK = x_BLK[:, apart:]
        x_BLK = torch.cat([x_BLK[:, :apart], torch.where(torch.isnan(late_BLK), x_BLK[:, :-apart], late_BLK)], 1)
        apart *= 2
    return x_BLK


def build_preprocessor(schema: InputSchema, *, plain: bool = False) -> nn.Module:
    """Return the module from an input's raw tensor to its Signal; raises UsageError for kinds that do not fit the
    input.

    The `plain` one is for models that are fitted, not stepped: see `TablePreprocessor`.
    """
    return input_type(schema.kind).preprocessor(schema, plain)


def signal_spec(preprocessor: nn.Module, schema: InputSchema) -> SignalSpec:
    """Return what a front gives, found by passing two rows through it."""
    example = input_type(schema.kind).example(schema)
    training = preprocessor.training
    with torch.no_grad():
        values = preprocessor.eval()(example).values
    preprocessor.train(training)
    kind = {2: "table", 3: "sequence", 4: "image"}[values.ndim]
    spec = SignalSpec(
        kind,
        tuple(values.shape[1:]),
        classes=getattr(preprocessor, "classes", ()),
        texts=getattr(preprocessor, "texts", ()),
        edges=getattr(preprocessor, "edges", ()),
    )
    if schema.window is None:
        return spec
    aims = tuple(range(len(schema.window.aims)))
    return spec._replace(ahead=schema.window.spec.horizon, past=schema.window.past, aims=aims)


def _as_they_are(states: Sequence[ColumnState]) -> nn.Module:
    return nn.Identity()


def _scalar(kind: str) -> ColumnType:
    found = column_type(kind)
    if not found.scalar:
        raise UsageError(say("data.type-of-own-input", type=kind))
    return found
