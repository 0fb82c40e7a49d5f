"""A tag for each token of a text.

Shapes: N rows of the dataset, n rows of a split, B rows of a batch, T tokens of the longest of them, S items of all
rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.schema import ColumnSchema, Schema
from leadline.core.wording import listed
from leadline.data.column_inference import shown
from leadline.data.columns.contract import ColumnState
from leadline.data.columns.scalars.parsing import is_text, natural_order
from leadline.data.columns.texts import pretokenized
from leadline.data.encoding import PROBLEMS
from leadline.data.storage import RaggedRows
from leadline.data.table import Progress, Table
from leadline.data.targets import tokens
from leadline.data.targets.candidate import Candidate
from leadline.data.targets.class_numbers import SHOWN
from leadline.data.targets.contract import (
    Comparison,
    Display,
    Encoding,
    Fitting,
    Read,
    Recognition,
    Target,
    TargetType,
)
from leadline.data.targets.rows import with_missing
from leadline.data.targets.tokens import NOTHING, blocks
from leadline.data.targets.values import EncodedTarget, Numbers, TargetSelection
from leadline.errors import DataError, UsageError
from leadline.metrics.statistics import paired
from leadline.metrics.statistics.measurement import Measurement

_NEW = -2  # a tag that was not there to be fitted
_NEARLY = 0.9  # of the rows have as many tags as another column has tokens: then they are tags


class _Coded(NamedTuple):
    """Encoded tags of all rows (S,), where rows end (N+1,), and the rows that cannot be used."""

    values: Tensor
    ends: Tensor
    problems: pl.DataFrame


class Tags(RaggedRows):
    """Tags of rows as batches (B,T) int64, `NOTHING` after a row's end."""

    def gather(self, row_B: Tensor) -> Tensor:
        """Return the tags of some rows (B,T)."""
        return super().gather(row_B).to(torch.int64)


def _infer(candidate: Candidate) -> float:
    asked = bool(candidate.wanted) or candidate.column is None
    return 0.0 if asked or not _are_tags(candidate.table, candidate.name) else 0.97


def _select(candidate: Candidate, asked: bool) -> TargetSelection:
    table, name = candidate.table, candidate.name
    if not tokens.lists_present(table.frame[name]).any():
        raise DataError(say("targets.no-values", table=table.name, column=name))
    note = say("targets.tags-found", column=name)
    return TargetSelection(name, "tags", None if asked else note, (name,))


def _are_tags(table: Table, name: str) -> bool:
    """Say whether lists in a column have as many items, in nearly every row, as those in another column, and not all as
    many.
    """
    if not pretokenized.are_lists(table.frame[name]):
        return False
    others = [c for c in table.frame.columns if c != name and pretokenized.are_lists(table.frame[c])]
    rows = tokens.sampled(table.frame.height)
    own_N = pretokenized.counts(table.frame[name][rows]) if others else pl.Series()
    return any(own_N.n_unique() > 1 and _equal(table.frame[c][rows], own_N) >= _NEARLY for c in others)


def _tokens_column(table: Table, spec: DataSpec, target: str) -> tuple[str, tuple[str, ...]]:
    """Return the column whose tokens have the tags of `target`, and notes.

    It is the one that the user names as the only input, else that with as many tokens as tags in most rows, of several
    the one with the most different tokens. Raises DataError where there is none.
    """
    columns = [*(spec.columns or ()), *(c for one in (spec.inputs or {}).values() for c in one.columns or ())]
    if len(columns) == 1:
        return columns[0], ()
    out = {target, table.split, spec.split.column, spec.weight, *spec.ignore}
    names = [c for c in columns or table.frame.columns if c not in out and _holds_items(table.frame[c])]
    rows = tokens.sampled(table.frame.height)
    tags_N = pretokenized.counts(table.frame[target][rows])
    equal = {name: _equal(table.frame[name][rows], tags_N) for name in names}
    fitting = [name for name in names if equal[name] > 0.5] or (names if len(names) == 1 else [])
    if not fitting:
        raise DataError(
            say("targets.no-tokens-for-tags", table=table.name, target=target, columns=", ".join(table.frame.columns))
        )
    best = max(fitting, key=lambda name: pretokenized.items(table.frame[name][rows]).explode().n_unique())
    note = say("targets.tokens-found", column=best, target=target)
    return best, (note,) if len(fitting) > 1 else ()


def _equal(column: pl.Series, counts_N: pl.Series) -> float:
    """Return the share of rows that have so many items."""
    return float((pretokenized.counts(column) == counts_N).sum()) / max(len(counts_N), 1)


def _holds_items(column: pl.Series) -> bool:
    if pretokenized.are_lists(column):
        return not column.dtype.inner.is_nested()  # type: ignore[attr-defined]
    return is_text(column)


def _with_inputs(table: Table, spec: DataSpec, selection: TargetSelection) -> tuple[DataSpec, tuple[str, ...]]:
    """Return the spec with the tokens that the tags belong to as the input, as they are given, and notes."""
    column, notes = _tokens_column(table, spec, selection.name)
    found = tokens.with_text(spec, column, {"tokenizer": "given"})
    for name, entry in (found.inputs or {}).items():
        if tuple(entry.columns or ()) == (column,) and entry.options["tokenizer"] != "given":
            given = entry.options["tokenizer"]
            raise UsageError(say("targets.tags-need-given-tokens", name=name, tokens=given))
    return found, notes


def _fit(table: Table, selection: TargetSelection, train: np.ndarray) -> ColumnState:
    """Return all tags in natural order; raises DataError where there is but one."""
    column = table.frame[selection.name][train]
    found: dict[str, None] = {}
    for block in blocks(column):
        found |= dict.fromkeys(pretokenized.items(block).explode().drop_nulls().unique().to_list())
    if len(found) < 2:
        if not found:
            raise DataError(say("targets.no-tag", table=table.name, column=column.name))
        raise DataError(say("targets.one-tag", table=table.name, column=column.name, tag=shown(next(iter(found)))))
    return {"tags": natural_order(found)}


def _coded(table: Table, field: ColumnSchema) -> _Coded:
    """Return the tags of all rows, cut to as many as the text has tokens at most; unknown ones are `NOTHING`.

    Rows with another number of tokens, or with a tag that no train row has, are among the problems.
    """
    names, of = list(field.state["tags"]), field.state["of"]
    codes = {name: number for number, name in enumerate(names)}
    lengths, values, problems = [], [], []
    starts = range(0, table.frame.height, tokens.BLOCK)
    for start, block, text in zip(starts, blocks(table.frame[field.name]), blocks(table.frame[of]), strict=True):
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
            problems.append((start + int(at), field.name, say("targets.tag-unseen", tag=shown(new))))
        values.append(np.maximum(code_S, NOTHING).astype(np.int16 if len(names) < 2**15 else np.int32))
        lengths.append(length_N)
    ends_N1 = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64)
    aside = pl.DataFrame(problems, schema=PROBLEMS, orient="row").unique("row", keep="first", maintain_order=True)
    return _Coded(torch.from_numpy(np.concatenate(values)), torch.from_numpy(ends_N1), aside)


def _uneven(tokens: int, tags: int) -> str:
    return say("targets.tokens-and-tags", tokens=tokens, tags=tags)


def _present(frame: pl.DataFrame, target: Target) -> np.ndarray:
    return tokens.lists_present(frame[target.name])


def _encode(table: Table, field: ColumnSchema, progress: Progress | None, read: Read | None) -> EncodedTarget:
    values, ends, problems = _coded(table, field)
    missing = ~_present(table.frame, field)
    return EncodedTarget(values, with_missing(Numbers(values.numpy(), missing, problems), field.name), ends)


def _rows(target: EncodedTarget, state: ColumnState) -> Tags:
    assert target.ends is not None
    return Tags(target.values, target.ends, padding=NOTHING, longest=state["length"])


def in_words(tag_T: np.ndarray, tags: Sequence[str]) -> str:
    """Return the tags of a row as text, a blank between them, ``?`` for those that are not known."""
    known = np.flatnonzero(tag_T >= 0)
    return (
        " ".join("?" if number < 0 else tags[number] for number in tag_T[: known[-1] + 1].tolist())
        if len(known)
        else ""
    )


def _decode(tag_nT: np.ndarray, schema: Schema) -> pl.Series:
    return pl.Series([in_words(row, schema.tags) for row in tag_nT], dtype=pl.String)


def _predicted(schema: Schema, columns: Mapping[str, np.ndarray]) -> dict[str, pl.Series]:
    found = {"predicted": _decode(columns["prediction"], schema)} if "prediction" in columns else {}
    for name, values in columns.items():
        if name not in ("prediction", "probability"):
            found[name] = _steps_in_words(values) if values.ndim == 2 else pl.Series(values)
    return found


def _steps_in_words(values_nT: np.ndarray) -> pl.Series:
    """Return numbers of steps (n,T), NaN where there is none, as text that stands beside tags: ``0.98 0.71``."""
    return pl.Series([" ".join(f"{value:.3g}" for value in row[~np.isnan(row)]) for row in values_nT], dtype=pl.String)


def _difference(both: pl.DataFrame, schema: Schema, group_n: np.ndarray | None) -> Measurement:
    """Return by how many more tags the second is right."""
    known = pl.col("target").str.split(" ").list.len()  # tags after the last known one are not in the target
    said = both.select(
        pl.int_range(pl.len()).alias("row") if group_n is None else pl.Series("row", group_n),
        *(pl.col(name).str.split(" ").list.head(known) for name in ("target", "predicted", "predicted_other")),
    ).explode("target", "predicted", "predicted_other")
    said = said.filter(pl.col("target") != "?")
    right, other = ((said[name] == said["target"]).to_numpy() for name in ("predicted", "predicted_other"))
    result = paired.accuracy_difference(other, right, group_n=said["row"].to_numpy())
    return result._replace(n=both.height)


TARGET = TargetType(
    kind="tags",
    noun="a tag for each token",
    objective="tagging",
    recognition=Recognition(_select, infer=_infer, admits=lambda candidate: candidate.column is not None),
    fitting=Fitting(_fit, with_inputs=_with_inputs, bind=tokens.bind),
    encoding=Encoding(_present, encode=_encode, rows=_rows, ragged=True),
    display=Display(
        describe=lambda schema: say("targets.described-tags", count=len(schema.tags), names=listed(schema.tags, SHOWN)),
        decode=_decode,
        predicted=_predicted,
    ),
    comparison=Comparison("token_accuracy", _difference),
)
