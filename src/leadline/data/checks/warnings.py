"""Words about a dataset before training: what gives the target away, which split would be fairer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.schema import Schema
from leadline.core.wording import quoted, subset_name
from leadline.data.checks import copies, leaks, placeholders
from leadline.data.checks.duplicates import Duplicates
from leadline.data.checks.single_column import FEWEST
from leadline.data.column_inference import ROW_NUMBERS
from leadline.data.columns.contract import column_type
from leadline.data.columns.scalars.parsing import as_text, is_text
from leadline.data.inputs import InputLayout
from leadline.data.splits import time_blocks
from leadline.data.subset import Subset
from leadline.data.table import Table
from leadline.data.targets import TargetSelection, target_type

GROUPS = 10  # different values that a column must have to be one that rows are grouped by
_LOOK = 10_000  # rows
_NEAR = 3  # columns at most that are named as close to giving the target away
_ALONG = 0.5  # rank correlation from which a number of rows may be a measurement after all
_CODES = 0.95  # of a text column's values look like codes
_SOMEONE = (
    "patient|subject|participant|person|people|user|customer|client|member|employee|student|speaker|author|writer|reader|driver|player|"
    "household|family|session|visitor|account|device|machine|animal|donor|case|video|clip"
)
_NAMED = re.compile(rf"(^|_)(id|uuid|guid)$|(^|_)({_SOMEONE})(_?(id|no|nr|number|name|key|code|uuid))?$")
_CODE = r"^(?:[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{16,64}|[A-Za-z]{1,5}[-_]?[0-9]{3,})$"


def before_training(
    table: Table,
    spec: DataSpec,
    choice: TargetSelection,
    plan: InputLayout,
    train: np.ndarray,
    near: np.ndarray | None = None,
) -> tuple[str, ...]:
    """Return what the user should know before training, going by the columns and, where values count, by the train
    rows; `near` are numbers (N,) that are equal for copies, None where none were looked for or found.
    """
    used = [
        (column, kind) for group in plan.groups for column, kind in group.columns.items() if column_type(kind).scalar
    ]
    measured = [column for column, _ in used]
    quantities = [name for name, quantity in _targets(table, choice).items() if quantity]
    grouped = _groups(table, spec, choice) if _is_random(table, spec) else []
    suspects = [column for column in measured if column not in grouped]
    return (
        *_leaks(table, choice, suspects, _different(table, spec, choice, measured, train, near)),
        *_numbered_along(table, choice, plan, train),
        *placeholders.notes(placeholders.find(table.frame, [*measured, *quantities], train), len(train)),
        *_group_split(table, grouped),
        *(_better_split(table, used) if _is_random(table, spec) and not grouped else ()),
    )


def on_reading(schema: Schema) -> tuple[str, ...]:
    """Return how pictures, sounds and texts were read, where that is worth knowing."""
    return tuple(
        note for one in schema.inputs for field in one.fields for note in column_type(field.kind).warnings(field.state)
    )


def on_near_duplicates(splits: Mapping[str, Subset], near: Duplicates | None) -> tuple[str, ...]:
    """Return how many rows have nearly the same as one in another split, as a given split has it, and the first."""
    said: list[str] = []
    if near is None:
        return ()
    for (first, second), count in near.counts.items():
        if count:
            pair = next(one for one in near.examples if (one.first, one.second) == (first, second))
            places = {"place": _place(splits[second], pair.second_row), "other": _place(splits[first], pair.first_row)}
            said.append(say("checks.near-duplicates", count=count, second=second, first=subset_name(first), **places))
    return tuple(said)


def _place(subset: Subset, row: int) -> str:
    return subset.place(int(np.searchsorted(subset.rows, row)))


def on_few(splits: Mapping[str, Subset]) -> tuple[str, ...]:
    """Say where what is measured rests on so few groups that its uncertainty is itself uncertain."""
    test = splits.get("test", splits.get("all"))
    group = test.group if test is not None else None
    if not test or group is None or len(np.unique(group)) >= time_blocks.FEWEST:
        return ()
    return (say("checks.few-groups", rows=len(test), units=test.units),)


def on_copies(counts: Mapping[str, tuple[int, int]]) -> tuple[str, ...]:
    """Say of the rows that are tested on, or else of those validated on, how many differ where some are copies."""
    subset = next((name for name in ("test", "all", "validation") if name in counts), None)
    if subset is None:
        return ()
    different, rows = counts[subset]
    return (say("checks.equal-rows", different=different, rows=rows, subset="" if subset == "all" else f"{subset} "),)


def _is_random(table: Table, spec: DataSpec) -> bool:
    return spec.split.by == "random" or (spec.split.by == "auto" and table.split is None)


def _targets(table: Table, choice: TargetSelection) -> dict[str, bool]:
    """Return the columns of the target, and of each whether it is a quantity."""
    return {
        one.name: target_type(one.kind).encoding.quantity
        for one in target_type(choice.kind).fitting.parts(choice)
        if one.name in table.frame.columns
    }


def _numbered_along(table: Table, choice: TargetSelection, plan: InputLayout, train: np.ndarray) -> Iterator[str]:
    """Yield which columns were left out as numbers of the rows although a target rises or falls with them."""
    numbers = [column for column, why in plan.judged.items() if why == say(ROW_NUMBERS)]
    quantities = [name for name, quantity in _targets(table, choice).items() if quantity]
    for column in numbers if len(train) >= FEWEST else ():
        for target in quantities:
            along = leaks.rank_correlation(table.frame[column][train], table.frame[target][train])
            if abs(along) >= _ALONG:
                yield say("checks.row-numbers-follow-target", column=column, target=target, correlation=along)


def _different(
    table: Table,
    spec: DataSpec,
    choice: TargetSelection,
    columns: Sequence[str],
    train: np.ndarray,
    near: np.ndarray | None,
) -> np.ndarray:
    """Return one row of all copies: any column foretells the target of a row by that of its copy."""
    number_n = None if near is None else near[train]
    goal = table.frame.select(name for name in choice.columns if name in table.frame.columns)
    if spec.split.near_duplicates == "ignore" and columns and goal.width:  # nobody has looked for them
        number_n = copies.of_table(table.frame.select(columns)[train], copies.target_numbers(goal[train]))
    return train if number_n is None else train[np.sort(np.unique(number_n, return_index=True)[1])]


def _leaks(table: Table, choice: TargetSelection, columns: Sequence[str], train: np.ndarray) -> Iterator[str]:
    found: dict[tuple[str, str], list[str]] = {}
    targets = _targets(table, choice)
    for leak in leaks.find(table.frame, columns, targets, train):
        found.setdefault((leak.how, leak.target), []).append(leak.column)
    for (how, target), names in found.items():
        yield say(how, count=len(names), columns=quoted(names), target=target, ignored=",".join(names))
    told = {name for names in found.values() for name in names}
    close = leaks.near(table.frame, [name for name in columns if name not in told], targets, train)
    for one in sorted(close, key=lambda one: -one.share)[:_NEAR]:
        yield say(one.how, column=one.column, target=one.target, share=one.share, dummy=one.dummy)


def _groups(table: Table, spec: DataSpec, choice: TargetSelection) -> list[str]:
    """Return the columns whose name or values say that they number someone, and whose values repeat."""
    out = {*choice.columns, *spec.ignore, table.split, spec.weight}
    rows = np.linspace(0, table.frame.height - 1, min(table.frame.height, _LOOK)).astype(np.int64)
    names = [
        name
        for name, dtype in table.frame.schema.items()
        if name not in out and (dtype.is_integer() or _is_words(dtype))
    ]
    sample = table.frame.select(names)[rows] if names else pl.DataFrame()
    return [name for name in names if _numbers_someone(sample[name]) and _repeats(table.frame[name])]


def _is_words(dtype: pl.DataType) -> bool:
    return dtype in (pl.String, pl.Categorical, pl.Enum)


def _numbers_someone(values: pl.Series) -> bool:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", values.name).lower()
    if _NAMED.search(re.sub(r"[\s.-]+", "_", words)):
        return True
    present = as_text(values).drop_nulls() if is_text(values) else pl.Series(dtype=pl.String)
    return len(present) > 0 and float(present.str.contains(_CODE).sum()) >= _CODES * len(present)


def _repeats(column: pl.Series) -> bool:
    different = column.drop_nulls().n_unique()
    return GROUPS <= different <= len(column) / 2 and column.null_count() <= len(column) / 10


def _group_split(table: Table, columns: Sequence[str]) -> Iterator[str]:
    for name in columns[:1]:
        column = table.frame[name]
        yield say("checks.groups", column=name, values=column.n_unique(), rows=len(column))


def _better_split(table: Table, used: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield what the first column with something to say about it says of a split at random."""
    said = (column_type(kind).better_split(table.frame[name]) for name, kind in used)
    yield from (words for words in [next((words for words in said if words is not None), None)] if words)
