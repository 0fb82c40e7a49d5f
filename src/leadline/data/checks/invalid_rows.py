"""Which rows can be used: what could not be encoded, and what is missing altogether.

Shapes in names: N rows, K inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.schema import InputSchema, Schema
from leadline.data.columns.contract import input_type
from leadline.data.encoding import PROBLEMS, EncodedColumns
from leadline.data.subset import RowOrigins, Subset
from leadline.data.table import Table
from leadline.errors import DataError

SHOWN = 5  # reasons for invalid rows that are named
_OWN = r"'[^']*'|\"[^\"]*\"|‘[^’]*’|\d[\d.,]*"


def invalid_rows(
    schema: Schema, columns: Mapping[str, EncodedColumns], spec: DataSpec, labels: Sequence[pl.DataFrame]
) -> tuple[pl.DataFrame, np.ndarray | None]:
    """Return the rows that cannot be used, one line a row (`PROBLEMS`), and which inputs every row has (N,K) bool.

    The latter is None where every row that can be used has all of them. A row without one of several inputs can be
    used, unless ``data.inputs.NAME.missing`` is ``drop``; one without its only input, or without any, cannot. `labels`
    are the problems of the target.
    """
    rows = next(len(one.hashes) for one in columns.values())
    present_NK = np.ones((rows, len(schema.inputs)), dtype=bool)
    for at, one in enumerate(schema.inputs):
        present_NK[columns[one.name].missing, at] = False
    aside = [_absent(one, columns[one.name].missing) for one in schema.inputs if _needed(schema, one, spec)]
    nothing = np.flatnonzero(~present_NK.any(1))
    if len(schema.inputs) > 1 and len(nothing):
        aside.append(_problems(nothing, schema.inputs[0].fields[0].name, say("checks.all-inputs-missing")))
    problems = [one.problems for one in columns.values()]
    found = pl.concat([*problems, *aside, *labels, pl.DataFrame(schema=PROBLEMS)])
    bad = found.unique("row", keep="first", maintain_order=True).sort("row")
    good_N = np.ones(rows, dtype=bool)
    good_N[bad["row"].to_numpy()] = False
    return bad, None if present_NK[good_N].all() else present_NK


def _needed(schema: Schema, one: InputSchema, spec: DataSpec) -> bool:
    asked = (spec.inputs or {}).get(one.name)
    return len(schema.inputs) == 1 or (asked is not None and asked.missing == "drop")


def _absent(one: InputSchema, missing: np.ndarray) -> pl.DataFrame:
    noun = input_type(one.kind).noun if len(missing) else ""  # only media are ever missing altogether
    return _problems(missing, one.fields[0].name, say("checks.value-missing", noun=noun))


def _problems(rows: np.ndarray, column: str, reason: str) -> pl.DataFrame:
    return pl.DataFrame({"row": rows, "column": [column] * len(rows), "reason": [reason] * len(rows)}, schema=PROBLEMS)


def located(problems: pl.DataFrame, origins: RowOrigins) -> pl.DataFrame:
    """Return problems with the file and the number there of each row."""
    where = [origins.where(row) for row in problems["row"]]
    files = pl.Series("file", [file for file, _ in where], dtype=pl.String)
    numbers = pl.Series("row", [number for _, number in where], dtype=pl.Int64)
    return pl.DataFrame([files, numbers, problems["column"], problems["reason"]])


def check_valid(table: Table, invalid_rows: pl.DataFrame, *, strict: bool) -> None:
    """Raise DataError where no row can be used, or where one cannot and `strict` sets none aside."""
    bad, rows = invalid_rows.height, table.frame.height
    if not bad or (bad < rows and not strict):
        return
    if bad == rows:
        raise DataError(say("checks.none-rows-can-used", table=table.name, rows=rows, first=by_reason(invalid_rows)))
    raise DataError(
        say("checks.strict-drops-no-rows", table=table.name, bad=bad, rows=rows, first=by_reason(invalid_rows))
    )


def invalid_notes(invalid_rows: pl.DataFrame, splits: Mapping[str, Subset]) -> tuple[str, ...]:
    """Return how many rows cannot be used, with the first for each reason; nothing where all can."""
    bad = invalid_rows.height
    rows = bad + sum(len(subset) for subset in splits.values())
    return (say("checks.rows-unusable", count=bad, rows=rows, first=by_reason(invalid_rows)),) if bad else ()


def by_reason(invalid_rows: pl.DataFrame) -> str:
    """Return why rows are invalid, in words: the first row of each column and reason, with how many there are, the
    commonest first.
    """
    # reasons of one kind name values, sizes and files of their own
    kind = pl.col("reason").str.strip_prefix(pl.col("file")).str.replace_all(_OWN, "…")
    kinds = invalid_rows.group_by("column", kind.alias("kind"), maintain_order=True).agg(
        pl.col("file", "row", "reason").first(), pl.len().alias("count")
    )
    told = []
    for column, _, file, row, reason, count in kinds.sort("count", descending=True, maintain_order=True).iter_rows():
        # of a row in a file of its own, the reason says which
        whole = reason.startswith(f"{file}:")
        one = reason if whole else say("checks.invalid-row", file=file, row=row, column=column, reason=reason)
        told.append(one if count == 1 else say("checks.invalid-rows-alike", first=one, count=count))
    shown = "; ".join(told[:SHOWN])
    if len(told) <= SHOWN:
        return shown
    more = int(kinds["count"].sort(descending=True)[SHOWN:].sum())
    return say("checks.invalid-for-other-reasons", reasons=shown, more=more)
