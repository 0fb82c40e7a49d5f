"""What a kind of column, and an input of the network, must be able to do.

Each ``data/columns/<kind>.py`` declares one ``COLUMN``; where such a column is an input of its own, its `input` says
what is asked of that. Two inputs are made of scalar columns, tables and series: ``data/input_types/<kind>.py``.
Nothing else asks what kind a column or an input is of: it asks these for what it needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.exhibit import ExhibitKind
from leadline.core.registry import lookup, registered
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.augmentations.motion import Motion
from leadline.data.storage import DenseRows, RowStorage
from leadline.errors import UsageError
from leadline.nn.batch import SignalSpec
from leadline.nn.generative.cells import Cell
from leadline.nn.generative.decoders import Growing
from leadline.nn.generative.likelihood import Likelihood, PixelLikelihood, Sigma
from leadline.nn.generative.masking import Masking

ColumnState = Mapping[str, Any]
# How long networks learn from an input unless the user says it: as from most, few times over (texts are soon known by
# heart), or not for long, as a step takes a hundred times the work of others.
Pace = Literal["usual", "few", "slow"]


class Encoded(NamedTuple):
    """Encoded rows (N, *shape) and, by position, the reason why a row could not be encoded (its values are then
    undefined).

    Of a ragged kind `values` (S,) are all rows one after another, of `lengths` (N,) int64 each. `missing` are the
    positions where there is nothing at all, of a kind with an input of its own: their values stand for nothing, and are
    none where rows are ragged.
    """

    values: np.ndarray
    problems: Mapping[int, str]
    lengths: np.ndarray | None = None
    missing: Collection[int] = ()


class Unseen(NamedTuple):
    """Rows that hold what no train row did: their positions (K,) in ascending order, the name of the sentence that says
    so, its values beside the column, the counts, the first value and its place; and that value in words, where it is
    not the cell.
    """

    at: np.ndarray
    key: str = "checks.unseen-values"
    values: Mapping[str, Any] = {}
    value: str | None = None


class ColumnContext(NamedTuple):
    """What fitting and encoding may need beside the values: where relative paths start, and the user's options for the
    input.
    """

    base: Path | None = None
    options: Mapping[str, Any] = {}


def unseen_gaps(column: pl.Series, values: np.ndarray, state: ColumnState) -> tuple[Unseen, ...]:
    """Return the rows without a value, encoded as NaN, of a column that no train row lacked."""
    at = np.flatnonzero(np.isnan(values[:, 0])) if not state["missing"] else np.empty(0, dtype=np.int64)
    return (Unseen(at, "checks.unseen-gaps"),) if len(at) else ()


def unseen_range(values_N: np.ndarray, low: float, high: float, said: Callable[[float], str]) -> tuple[Unseen, ...]:
    """Return the rows whose values lie outside the range of the train rows by more than that range is wide."""
    wide = high - low
    at = np.flatnonzero((values_N < low - wide) | (values_N > high + wide))
    return (Unseen(at, "checks.unseen-range", {"low": said(low), "high": said(high)}),) if len(at) else ()


def _decoded(one: InputSchema, values: np.ndarray) -> dict[str, Any]:
    return {one.name: column_type(one.kind).decode(values, one.fields[0].state)[0]}


def _preprocessor(one: InputSchema, plain: bool) -> nn.Module:
    own = column_type(one.kind)
    return (own.plain if plain and own.plain is not None else own.preprocessor)([f.state for f in one.fields])


def _refitted(one: InputSchema, other: InputSchema) -> InputSchema:
    column = one.fields[0].model_copy(update={"state": other.fields[0].state})
    return one.model_copy(update={"fields": (column,), "shape": other.shape})


class Entries(NamedTuple):
    """What a row is made of: how many entries, and whether quantities and classes are among them."""

    size: int
    quantities: bool = False
    classes: bool = False


@dataclass(frozen=True)
class RowModel:
    """How rows of an input are told from a code, or hidden entries from the rest, for objectives that make rows again.

    - `likelihood(one, pixels, sigma)`: how likely rows are, given what a decoder says of them; parameters are fresh.
      `pixels` is how pixels are modelled, None where that is as usual; `sigma` the spread of quantities.
    - `words(one, pixels)`: the likelihood in words.
    - `masking(one, rate, patch)`: what hides a share of a row's entries, None where it is as usual; `patch` is the side
      of what is hidden of pictures at once.
    - `unsuitable(one)`: why such rows cannot be told after all, or None.
    """

    likelihood: Callable[[InputSchema, PixelLikelihood | None, Sigma], Likelihood]
    words: Callable[[InputSchema, PixelLikelihood | None], str]
    masking: Callable[[InputSchema, float | None, int | None], Masking]
    unsuitable: Callable[[InputSchema], str | None] = lambda one: None


@dataclass(frozen=True)
class TokenCodes:
    """The numbers of tokens that rows are made of: of padding, of those that are unknown, and what each stands for.

    `texts(one, column)` are the texts of all rows as the data has them, a block at a time, and `spans(one, text)` where
    in a text the tokens that are read begin and end, in characters, and whether each is unknown.
    """

    padding: int
    unknown: int
    vocabulary: Callable[[InputSchema], Sequence[str]]
    texts: Callable[[InputSchema, pl.Series], Iterator[list[str]]]
    spans: Callable[[InputSchema, str], Sequence[tuple[int, int, bool]]]


@dataclass(frozen=True)
class Display:
    """How people see rows of an input in a report.

    - `exhibit`: the kind of exhibit that shows some rows.
    - `picture(one, shown)`: what is looked at of a row as it is decoded, as PNG bytes; None where rows are read.
    - `sound(shown)`: what is listened to of it, as WAV bytes; None where there is nothing to hear.
    - `legend`: how the picture is to be read; `cut` is said too where `sound` leaves out the end.
    - `most`: rows that an exhibit holds at most, of rows that need much room; `few` where they stand in groups.
    """

    exhibit: ExhibitKind = "table"
    picture: Callable[[InputSchema, bytes], bytes] | None = None
    sound: Callable[[bytes], bytes] | None = None
    legend: str = ""
    cut: str = ""
    most: int | None = None
    few: int | None = None


def _frame(one: InputSchema, raw: Tensor) -> dict[str, pl.Series]:
    own = input_type(one.kind)
    rows = [own.decode(one, own.stored(one, raw[i : i + 1]))[one.name] for i in range(len(raw))]
    return {one.name: pl.Series(rows)}


@dataclass(frozen=True)
class InputType:
    """What is asked of an input of the network as a whole; what is not given is as for an input of one column.

    - `noun`: what one row of it is called.
    - `shape(fields)`: the shape of one encoded row, of the longest one where rows are `ragged`.
    - `example(one)`: two raw rows that its preprocessor can be tried on.
    - `describe(one)`: in words, what the network is given of it, ``28×28×1 image``; `short(one)`: the same to tell it
      from another input, in a word or two.
    - `storage(one, values, ends)`: how what is stored becomes the raw tensors of a batch; `ends` are those of ragged
      rows.
    - `stored(one, raw)`: one raw row (1, ...), augmented perhaps, as rows are stored.
    - `decode(one, values)`: one stored row (1, ...) as people read it, by column, or by the input's name.
    - `preprocessor(one, plain)`: the module from raw tensors to a `Signal`, the `plain` one without learned weights.
    - `columns_differ(one, other)`: how the columns of two such inputs differ, or None; an input of one column may call
      it as it likes.
    - `refitted(one, other)`: the input with what was fitted for another whose columns are the same.
    - `network(one, predicts)`: the network that reads it unless the user names one; `predicts` says whether there is a
      target.
    - `pace(one)`: how long networks learn from it.
    - `strong`: the augmentations of strong views, of which all are taken that fit an input.
    - `moved(one, raw, motion)`: raw rows moved as the picture is whose places they lie in; None for what stays in its
      place however others are moved.
    - `medium`: True for what networks soon know by heart beside a table.
    - `entries(one)`: what a row is made of.
    - `row_model`: how rows are made again; None for a kind of which no decoder makes rows.
    - `generator(one, spec, latent, classes, width, growing)`: what makes rows of codes for a discriminator to judge;
      `cannot_generate(one)` says why it cannot; `plural` is what rows without one are called, if not by their kind.
    - `pixels(one)`: of rows that are pictures (C,H,W), 0 to 255: how decoders model pixels where nobody says it; None
      for the other kinds.
    - `tokens`: of rows that are numbers of tokens; None for the other kinds.
    - `generated(raw)`: rows that a network has made as rows of a dataset are: of pixels whole numbers from 0 to 255.
    - `frame(one, raw)`: raw rows as columns of a table.
    - `display`: how people see rows; `baselines`: classical models that such inputs are compared with.
    - `columns(one)`: of rows (F,) that are the values of columns side by side: these columns; None for the other kinds.
    """

    noun: str
    shape: Callable[[Sequence[ColumnSchema]], tuple[int, ...]]
    example: Callable[[InputSchema], Tensor]
    describe: Callable[[InputSchema], str] = lambda one: one.kind
    short: Callable[[InputSchema], str] = lambda one: f"{one.kind} {'×'.join(map(str, one.shape))}"
    ragged: bool = False
    medium: bool = True
    storage: Callable[[InputSchema, Tensor, Tensor | None], RowStorage] = lambda one, values, ends: DenseRows(values)
    stored: Callable[[InputSchema, Tensor], np.ndarray] = lambda one, raw: raw.numpy()
    decode: Callable[[InputSchema, np.ndarray], dict[str, Any]] = _decoded
    preprocessor: Callable[[InputSchema, bool], nn.Module] = _preprocessor
    columns_differ: Callable[[InputSchema, InputSchema], str | None] = lambda one, other: None
    refitted: Callable[[InputSchema, InputSchema], InputSchema] = _refitted
    network: Callable[[InputSchema, bool], Component] = lambda one, predicts: Component(name="rnn")
    pace: Callable[[InputSchema], Pace] = lambda one: "usual"
    strong: tuple[Component, ...] = ()
    moved: Callable[[InputSchema, Tensor, Motion], Tensor] | None = None
    entries: Callable[[InputSchema], Entries] = lambda one: Entries(math.prod(one.shape))
    row_model: RowModel | None = None
    generator: Callable[[InputSchema, SignalSpec, int, int, int, Growing], nn.Module] | None = None
    cannot_generate: Callable[[InputSchema], str | None] = lambda one: None
    plural: str | None = None
    pixels: Callable[[InputSchema], PixelLikelihood] | None = None
    tokens: TokenCodes | None = None
    columns: Callable[[InputSchema], Sequence[ColumnSchema]] | None = None
    generated: Callable[[Tensor], Tensor] = lambda raw: raw
    frame: Callable[[InputSchema, Tensor], dict[str, pl.Series]] = _frame
    display: Display = Display()
    baselines: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnType:
    """A kind of column.

    - `infer(column, context)`: how surely a column is of this kind, 0 to 1 (the surest kind wins).
    - `fit(column, context)`: the state, plain JSON, from the train rows only.
    - `encode(column, state, context)`: raw values. Scalar kinds give float32 (N, width(state)) with NaN where missing.
    - `decode(values, state)`: stored values of some rows (of a ragged kind: of one, (1,L)) as what people read: text
      and numbers, PNG bytes for pictures, WAV bytes for sound.
    - `preprocessor(states)`: the module that turns the raw columns of this kind, side by side as float32
      (B, sum of widths), into features (B, F) — or, for a kind with an input of its own, raw values into a `Signal`. It
      is part of the shipped network: standardising, embedding, mean images live there.
    - `plain(states)`: that module for models that are fitted, not stepped: without learned weights and with NaN where
      something is missing. None where raw columns serve as they are; `codes(state)` then says how many classes they
      code, 0 for a quantity.
    - `width(state)`: how many table columns a scalar kind takes.
    - `recipe(state)`: the part of the state that encoded values depend on: fits that agree in it share what is cached.
    - `outline(column, context)`: that part as it can be told of all rows, before they are split, of a kind whose
      near-identical rows are looked for (stored as pixels (N,H,W,C), or as samples one after another); None for the
      other kinds.
    - `unseen(column, values, state)`: which of some rows, raw (N,) and encoded (N, width(state)), hold what no train
      row did; of a scalar kind.
    - `warnings(state)`: what the user should know of how the column's values were read.
    - `better_split(column)`: where rows with such a column are split at random, why another split may be wanted, and
      how; None where nothing is to be said.
    - `spread(state)`: the standard deviation of a scalar kind whose one encoded column is a quantity, to which noise
      can be added, which can be mixed with another's, and be forecast; None for the other kinds.
    - `cell(state)`: what a decoder has to say of a scalar column; None for a kind of which no decoder makes cells.
      The preprocessor of a kind whose cells are classes has a method `mixed` (see `CategoryPreprocessor`).
    - `input`: what is asked of the input that such a column is; None for a scalar kind, which is a column of a table.
    - `options`: the names of what may be said of an input of this kind under ``data.inputs``.
    - `missed(column)`: what the user should know of text that is no column of this kind, though most of its values look
      as if it were one; None for nothing.
    - `verbatim`: True for a kind whose values are names: text that the user says is of it is kept as it is written.
    """

    kind: str
    infer: Callable[[pl.Series, ColumnContext], float]
    fit: Callable[[pl.Series, ColumnContext], ColumnState]
    encode: Callable[[pl.Series, ColumnState, ColumnContext], Encoded]
    decode: Callable[[np.ndarray, ColumnState], Sequence[Any]]
    preprocessor: Callable[[Sequence[ColumnState]], nn.Module]
    plain: Callable[[Sequence[ColumnState]], nn.Module] | None = None
    codes: Callable[[ColumnState], int] = lambda state: 0
    width: Callable[[ColumnState], int] = lambda state: 1
    recipe: Callable[[ColumnState], ColumnState] = lambda state: state
    outline: Callable[[pl.Series, ColumnContext], ColumnState] | None = None
    unseen: Callable[[pl.Series, np.ndarray, ColumnState], Sequence[Unseen]] = lambda column, values, state: ()
    warnings: Callable[[ColumnState], Sequence[str]] = lambda state: ()
    better_split: Callable[[pl.Series], str | None] = lambda column: None
    spread: Callable[[ColumnState], float] | None = None
    cell: Callable[[ColumnState], Cell] | None = None
    input: InputType | None = None
    options: Sequence[str] = ()
    missed: Callable[[pl.Series], str | None] = lambda column: None
    verbatim: bool = False

    @property
    def scalar(self) -> bool:
        """Whether such a column is part of a table rather than an input of its own."""
        return self.input is None


def column_type(kind: str) -> ColumnType:
    """Return the column type of a kind; raises UsageError with the nearest names where there is none."""
    found: ColumnType = lookup("columns", kind)
    return found


def input_type(kind: str) -> InputType:
    """Return what is asked of inputs of a kind; raises UsageError where there is none, or columns of it are scalar."""
    if kind in registered("inputs"):
        made: InputType = lookup("inputs", kind)
        return made
    own = column_type(kind).input
    if own is None:
        raise UsageError(say("columns.type-of-table", type=kind))
    return own
