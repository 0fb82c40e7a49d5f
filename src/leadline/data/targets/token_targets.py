"""Targets with an answer for every step of a text: a tag for each token, or the text itself, token by token.

Shapes: N rows, B rows of a batch, T tokens of the longest of them, S items of all rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl
import torch
from torch import Tensor

from leadline.core.experiment import DataSpec, InputSpec
from leadline.core.schema import ColumnSchema, Schema
from leadline.data.column_inference import shown
from leadline.data.columns.contract import ColumnContext, ColumnState, column_type
from leadline.data.columns.scalars.parsing import as_text, is_text, natural_order
from leadline.data.columns.texts import pretokenized
from leadline.data.encoding import PROBLEMS
from leadline.data.storage import RaggedRows
from leadline.data.table import Table
from leadline.errors import DataError, UsageError

PER_STEP = ("tags", "text")  # the kinds of such targets
NOTHING = -1  # in the place of a tag: there is none, or it is not known
END = 0  # in the place of a token: the text is over
_NEW = -2  # a tag that was not there to be fitted
_NEARLY = 0.9  # of the rows have as many tags as another column has tokens: then they are tags
_LOOK = 2_000  # rows that columns are compared on
_BLOCK = 100_000  # rows whose items are held at a time


class Labelled(NamedTuple):
    """Encoded tags of all rows (S,), where rows end (N+1,), and the rows that cannot be used."""

    values: Tensor
    ends: Tensor
    problems: pl.DataFrame


class Tags(RaggedRows):
    """Tags of rows as batches (B,T) int64, `NOTHING` after a row's end."""

    def gather(self, row_B: Tensor) -> Tensor:
        """Return the tags of some rows (B,T)."""
        return super().gather(row_B).to(torch.int64)


class Ended(RaggedRows):
    """Tokens of rows as what is to be foreseen, (B,T+1) int64: each token, then `END`, then `NOTHING`.

    Of a text that the network is given cut, at `longest` tokens, one more is held: that comes next, and no end.
    """

    def gather(self, row_B: Tensor) -> Tensor:
        """Return the tokens of some rows and their ends (B,T+1)."""
        assert self.longest is not None
        return ended(super().gather(row_B), self.lengths.index_select(0, row_B), self.longest)


def ended(x_BT: Tensor, length_B: Tensor, longest: int) -> Tensor:
    """Return rows of tokens, so many each and one more than `longest` at most, as they are to be foreseen (B,T+1)
    int64.
    """
    places = min(x_BT.shape[1], longest) + 1
    place_S = torch.arange(places)
    tokens_BS = torch.nn.functional.pad(x_BT.to(torch.int64), (0, places - x_BT.shape[1]))
    after_BS = torch.where(place_S == length_B[:, None], END, NOTHING)
    return torch.where(place_S < length_B[:, None], tokens_BS, after_BS)


def own_text(table: Table, spec: DataSpec) -> str:
    """Return the column of text that is learnt from: the one that is named, or the only one there is.

    Raises DataError where there is none, or more than one.
    """
    if spec.target is not None:
        if not isinstance(spec.target, str):
            raise UsageError(f"--target names {len(spec.target)} columns, and the text is in one.")
        return spec.target
    fixed = {**table.kinds, **spec.kinds, **{n: one.kind for n, one in (spec.inputs or {}).items() if one.kind}}
    names = [c for c in spec.columns or table.frame.columns if c in table.frame.columns and c not in spec.ignore]
    texts = [name for name in names if fixed.get(name, _guessed(table.frame[name])) == "text"]
    if len(texts) == 1:
        return texts[0]
    have = (
        f"The columns {', '.join(map(repr, texts))} hold text"
        if texts
        else "No column holds text that is written to be read"
    )
    raise DataError(
        f"{table.name}: {have}; --target names the one to learn from. Columns: {', '.join(table.frame.columns)}."
    )


def _guessed(column: pl.Series) -> str:
    sample = column.gather(np.unique(np.linspace(0, max(len(column) - 1, 0), min(len(column), _LOOK)).astype(np.int64)))
    return "text" if is_text(column) and column_type("text").infer(sample.drop_nulls(), ColumnContext()) > 0 else ""


def are_tags(table: Table, name: str) -> bool:
    """Say whether lists in a column have as many items, in nearly every row, as those in another column, and not all as
    many.
    """
    if not pretokenized.are_lists(table.frame[name]):
        return False
    others = [c for c in table.frame.columns if c != name and pretokenized.are_lists(table.frame[c])]
    rows = _sample(table)
    own_N = pretokenized.counts(table.frame[name][rows]) if others else pl.Series()
    return any(own_N.n_unique() > 1 and _equal(table.frame[c][rows], own_N) >= _NEARLY for c in others)


def tokens_column(table: Table, spec: DataSpec, target: str) -> tuple[str, tuple[str, ...]]:
    """Return the column whose tokens have the tags of `target`, and notes.

    It is the one that the user names as the only input, else that with as many tokens as tags in most rows, of several
    the one with the most different tokens. Raises DataError where there is none."""
    columns = [*(spec.columns or ()), *(c for one in (spec.inputs or {}).values() for c in one.columns or ())]
    if len(columns) == 1:
        return columns[0], ()
    out = {target, table.split, spec.split.column, spec.weight, *spec.ignore}
    names = [c for c in columns or table.frame.columns if c not in out and _holds_items(table.frame[c])]
    rows = _sample(table)
    tags_N = pretokenized.counts(table.frame[target][rows])
    equal = {name: _equal(table.frame[name][rows], tags_N) for name in names}
    fitting = [name for name in names if equal[name] > 0.5] or (names if len(names) == 1 else [])
    if not fitting:
        raise DataError(
            f"{table.name}: no column has as many tokens as {target!r} has tags, in lists or between blanks. "
            f"--inputs names the column; columns: {', '.join(table.frame.columns)}."
        )
    best = max(fitting, key=lambda name: pretokenized.items(table.frame[name][rows]).explode().n_unique())
    note = f"{best!r} is taken for the tokens that {target!r} has the tags of; --inputs names another column."
    return best, (note,) if len(fitting) > 1 else ()


def _equal(column: pl.Series, counts_N: pl.Series) -> float:
    """Return the share of rows that have so many items."""
    return float((pretokenized.counts(column) == counts_N).sum()) / max(len(counts_N), 1)


def _sample(table: Table) -> np.ndarray:
    rows = table.frame.height
    return np.unique(np.linspace(0, rows - 1, min(rows, _LOOK)).astype(np.int64))


def _holds_items(column: pl.Series) -> bool:
    if pretokenized.are_lists(column):
        return not column.dtype.inner.is_nested()  # type: ignore[attr-defined]
    return is_text(column)


def with_steps(table: Table, spec: DataSpec, kind: str, target: str) -> tuple[DataSpec, tuple[str, ...]]:
    """Return how inputs are to be made where each step of one text has an answer, and notes; other targets change
    nothing.
    """
    if kind not in PER_STEP:
        return spec, ()
    column, notes = (target, ()) if kind == "text" else tokens_column(table, spec, target)
    entries = dict(spec.inputs or {})
    own = {name: one for name, one in entries.items() if name == column or tuple(one.columns or ()) == (column,)}
    name, entry = next(iter(own.items()), (column.replace(".", "_"), InputSpec()))
    options = {"tokens": "given", **entry.options} if kind == "tags" else dict(entry.options)
    if kind == "tags" and options["tokens"] != "given":
        raise UsageError(f"data.inputs.{name}: tags belong to tokens as they are given, not to {options['tokens']}.")
    entries[name] = entry.model_copy(update={"columns": (column,), "kind": "text", "options": options})
    return spec.model_copy(update={"inputs": entries}), notes


def bound(schema: Schema) -> Schema:
    """Return the schema with what the target of steps needs to know of the text: its column, and how long it may be.

    Raises UsageError where there are other inputs beside it.
    """
    goal = schema.target
    if goal is None or goal.kind not in PER_STEP:
        return schema
    if len(schema.inputs) > 1:
        raise UsageError(
            f"Each step of one text has an answer here, and there are {len(schema.inputs)} inputs: name one in"
            " data.inputs."
        )
    field = schema.inputs[0].fields[0]
    state = {**goal.state, "of": field.name, "length": field.state["length"]}
    return schema.model_copy(update={"target": goal.model_copy(update={"state": state})})


def fit_tags(column: pl.Series, table: Table) -> ColumnState:
    """Return all tags in natural order; raises DataError where there is but one."""
    found: dict[str, None] = {}
    for block in _blocks(column):
        found |= dict.fromkeys(pretokenized.items(block).explode().drop_nulls().unique().to_list())
    if len(found) < 2:
        only = f"only one tag, {shown(next(iter(found)))}" if found else "no tag"
        raise DataError(f"{table.name}: the target {column.name!r} has {only} in the rows that are trained on.")
    return {"tags": natural_order(found)}


def tags_of(table: Table, field: ColumnSchema) -> Labelled:
    """Return the tags of all rows, cut to as many as the text has tokens at most; unknown ones are `NOTHING`.

    Rows with another number of tokens, or with a tag that no train row has, are among the problems.
    """
    names, tokens = list(field.state["tags"]), field.state["of"]
    codes = {name: number for number, name in enumerate(names)}
    lengths, values, problems = [], [], []
    starts = range(0, table.frame.height, _BLOCK)
    for start, block, text in zip(starts, _blocks(table.frame[field.name]), _blocks(table.frame[tokens]), strict=True):
        sets, tokens_N = pretokenized.items(block), pretokenized.counts(text)
        counts_N = sets.list.len().fill_null(0).cast(pl.Int64)
        uneven = ((counts_N != tokens_N) & (counts_N > 0) & (tokens_N > 0)).arg_true().to_list()
        problems += [(start + row, field.name, _uneven(tokens_N[row], counts_N[row])) for row in uneven]
        cut_N = sets.list.head(field.state["length"])
        flat_S = cut_N.drop_nulls().explode(empty_as_null=False)
        found_S = flat_S.replace_strict(codes, default=_NEW, return_dtype=pl.Int32)
        code_S = found_S.set(flat_S.is_null(), NOTHING).to_numpy()
        length_N = cut_N.list.len().fill_null(0).cast(pl.Int64).to_numpy()
        row_S = np.repeat(np.arange(len(block)), length_N)
        for at in np.unique(row_S[code_S == _NEW], return_index=True)[0]:
            new = next(name for name in cut_N[int(at)] if name is not None and name not in codes)
            problems.append((start + int(at), field.name, f"the tag {shown(new)} does not occur in the train rows"))
        values.append(np.maximum(code_S, NOTHING).astype(np.int16 if len(names) < 2**15 else np.int32))
        lengths.append(length_N)
    ends_N1 = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64)
    aside = pl.DataFrame(problems, schema=PROBLEMS, orient="row").unique("row", keep="first", maintain_order=True)
    return Labelled(torch.from_numpy(np.concatenate(values)), torch.from_numpy(ends_N1), aside)


def _blocks(column: pl.Series) -> Iterator[pl.Series]:
    for start in range(0, len(column), _BLOCK):
        yield column[start : start + _BLOCK]


def _uneven(tokens: int, tags: int) -> str:
    return f"{tokens:,} token{'' if tokens == 1 else 's'}, but {tags:,} tag{'' if tags == 1 else 's'}"


def there(column: pl.Series, kind: str) -> np.ndarray:
    """Return where rows have such a target (N,) bool."""
    if kind == "text" and is_text(column):
        return as_text(column).is_not_null().to_numpy()
    return np.concatenate([pretokenized.items(block).is_not_null().to_numpy() for block in _blocks(column)])
