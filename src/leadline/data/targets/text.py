"""The text itself, token by token: each from those before it, and where it ends.

Shapes: N rows of the dataset, n rows of a split, B rows of a batch, T tokens of the longest of them, S items of all
rows.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.schema import ColumnSchema, Schema
from leadline.data.columns.contract import ColumnContext, ColumnState, column_type
from leadline.data.columns.scalars.parsing import as_text, is_text
from leadline.data.columns.texts.tokens import tokens_of
from leadline.data.encoding import PROBLEMS, encode
from leadline.data.storage import RaggedRows
from leadline.data.table import Progress, Table
from leadline.data.targets import tokens
from leadline.data.targets.candidate import Candidate
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
from leadline.data.targets.tokens import NOTHING
from leadline.data.targets.values import EncodedTarget, TargetSelection
from leadline.errors import DataError, UsageError
from leadline.metrics.statistics import paired
from leadline.metrics.statistics.measurement import Measurement

END = 0  # in the place of a token: the text is over


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


def _locate(table: Table, spec: DataSpec) -> tuple[str, ...]:
    """Return the column of text that is learnt from: the one that is named, or the only one there is.

    Raises DataError where there is none, or more than one.
    """
    if spec.target is not None:
        if not isinstance(spec.target, str):
            raise UsageError(say("targets.one-text-column", count=len(spec.target)))
        return (spec.target,)
    fixed = {**table.kinds, **spec.types, **{n: one.type for n, one in (spec.inputs or {}).items() if one.type}}
    names = [c for c in spec.columns or table.frame.columns if c in table.frame.columns and c not in spec.ignore]
    texts = [name for name in names if fixed.get(name, _guessed(table.frame[name])) == "text"]
    if len(texts) == 1:
        return (texts[0],)
    columns = ", ".join(table.frame.columns)
    if not texts:
        raise DataError(say("targets.no-text", table=table.name, columns=columns))
    raise DataError(
        say("targets.text-among-several", table=table.name, texts=", ".join(map(repr, texts)), columns=columns)
    )


def _guessed(column: pl.Series) -> str:
    sample = column.gather(tokens.sampled(len(column)))
    return "text" if is_text(column) and column_type("text").infer(sample.drop_nulls(), ColumnContext()) > 0 else ""


def _select(candidate: Candidate, asked: bool) -> TargetSelection:
    return TargetSelection(candidate.name, "text", None, candidate.columns)


def _suggestion(table: Table) -> str:
    return say("targets.language-instead") if "text" in table.kinds.values() else ""


def _fit(table: Table, selection: TargetSelection, train: np.ndarray) -> ColumnState:
    return {}  # what is to be foreseen is what the input is made of


def _present(frame: pl.DataFrame, target: Target) -> np.ndarray:
    column = frame[target.name]
    return as_text(column).is_not_null().to_numpy() if is_text(column) else tokens.lists_present(column)


def _encode(table: Table, field: ColumnSchema, progress: Progress | None, read: Read | None) -> EncodedTarget:
    assert read is not None
    text, columns = read
    assert columns.ends is not None
    # texts may have been cut: what comes next in them?
    if np.diff(columns.ends).max(initial=0) >= text.state["length"]:
        one_more = text.model_copy(update={"state": {**text.state, "length": text.state["length"] + 1}})
        columns = encode(table, (one_more,), field.name, progress)
        assert columns.ends is not None
    problems = pl.DataFrame(schema=PROBLEMS)
    return EncodedTarget(torch.from_numpy(columns.values), problems, torch.from_numpy(columns.ends))


def _rows(target: EncodedTarget, state: ColumnState) -> Ended:
    assert target.ends is not None
    return Ended(target.values, target.ends, padding=NOTHING, longest=state["length"])


def _decode(token_nT: np.ndarray, schema: Schema) -> pl.Series:
    of = tokens_of(schema.inputs[0].fields[0].state)
    return pl.Series([of.text(row[row > 0].tolist()) for row in token_nT], dtype=pl.String)


def _difference(both: pl.DataFrame, schema: Schema, group_n: np.ndarray | None) -> Measurement:
    """Return how much less surprising a token is."""
    tokens_n = both["tokens"].to_numpy()
    mine_n, theirs_n = (both[name].to_numpy().astype(np.float64) * tokens_n for name in ("nll", "nll_other"))
    return paired.ratio_difference(mine_n, theirs_n, tokens_n, group_n=group_n)._replace(n=both.height)


def _same_tokens(first: Schema, second: Schema) -> bool:
    one, two = (schema.inputs[0].fields[0].state["vocabulary"] for schema in (first, second))
    return bool(one == two)


TARGET = TargetType(
    kind="text",
    noun="the text itself",
    objective="language",
    recognition=Recognition(_select, locate=_locate, suggestion=_suggestion),
    fitting=Fitting(
        _fit,
        taken=lambda selection: (),
        with_inputs=lambda table, spec, selection: (tokens.with_text(spec, selection.name, {}), ()),
        bind=tokens.bind,
    ),
    encoding=Encoding(_present, encode=_encode, rows=_rows, ragged=True),
    display=Display(describe=lambda schema: say("targets.described-text"), decode=_decode),
    comparison=Comparison(
        "nll", _difference, on=("file", "row", "target", "tokens"), needs=("target", "nll"), comparable=_same_tokens
    ),
)
