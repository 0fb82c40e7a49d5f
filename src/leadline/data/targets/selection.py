"""Which columns are predicted, and what they are taken for: the type of target that is surest of them.

Types say how sure they are of columns (`contract.Recognition`); here the user's word comes first, then the source's,
then what the objective takes, then the surest type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.registry import registered
from leadline.data.column_inference import check_columns, check_kinds, shown
from leadline.data.table import Table
from leadline.data.targets.candidate import Candidate, TargetTypes
from leadline.data.targets.contract import Recognition, TargetType, target_type
from leadline.data.targets.values import TargetSelection
from leadline.errors import DataError, UsageError

NONE = "none"  # in the place of a target's name, where there is to be none, unless a column is called so
ANY = "*"  # stands for every column that `target_types` does not name
_NAMES = ("label", "target", "class", "y")


def check_target_types(table: Table, spec: DataSpec) -> bool:
    """Say whether the user wants no target: names it `NONE`, and no column is called so."""
    return spec.target == NONE and NONE not in table.frame.columns


def find(table: Table, spec: DataSpec) -> tuple[str, ...]:
    """Return the target's columns: the user's, the source's, or the only one named label, target, class or y; none
    without one.

    One text may name several columns, with commas between them, where no column is called so. Raises UsageError where a
    column that the user named is not there or is named twice.
    """
    if spec.target is None:
        if table.target is not None:
            return (table.target,)
        named = [name for name in table.frame.columns if name.strip().lower() in _NAMES]
        return (named[0],) if len(named) == 1 else ()
    if check_target_types(table, spec):
        raise UsageError(say("targets.objective-needs-target"))
    names: Sequence[str] = (spec.target,) if isinstance(spec.target, str) else spec.target
    if isinstance(spec.target, str) and "," in spec.target and spec.target not in table.frame.columns:
        names = [name.strip() for name in spec.target.split(",") if name.strip()]
    check_columns(names, table, "⟦data.target⟧")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(say("targets.column-twice", column=twice[0]))
    return tuple(names)


def none_taken(table: Table, spec: DataSpec) -> Mapping[str, str]:
    """Return the column that the source says is the target, where there is to be none, and why no input has it."""
    if not check_target_types(table, spec) or not table.target:
        return {}
    return {table.target: say("targets.taken-by-none")}


def none_notes(table: Table, spec: DataSpec) -> tuple[str, ...]:
    """Return which inputs may be targets by their names, where there is to be none."""
    if table.target or not check_target_types(table, spec):
        return ()
    named = [name for name in table.frame.columns if name.strip().lower() in _NAMES and name not in spec.ignore]
    return tuple(say("targets.target-as-input", column=name) for name in named)


def choose(table: Table, spec: DataSpec, target_types: TargetTypes | None = None) -> TargetSelection:
    """Return the target and its kind: the user's, the source's, the one `target_types` by the objective where the
    values allow it, else that of the type which is surest of the values.

    `target_types` gives kinds by column, the best first; ``"*"`` stands for all columns not named. Raises DataError
    where there is no target or a column cannot be one, UsageError for an unknown column or kind.
    """
    target_types = target_types or {}
    located = _located(table, spec, target_types)
    if located is not None:
        return located
    names = find(table, spec)
    if not names:
        raise DataError(_which(table))
    ours = {name for name in names if spec.types.get(name) in _kinds()}
    check_kinds({column: kind for column, kind in spec.types.items() if column not in ours}, "data.types")
    if len(names) == 1:
        return select_column(table, spec, names[0], target_types.get(names[0]) or target_types.get(ANY, ()), only=True)
    candidate = Candidate(table, spec, names, tuple(target_types.get(ANY, ())), target_types)
    return _select(candidate, only=True)


def select_column(table: Table, spec: DataSpec, name: str, wanted: Sequence[str], *, only: bool) -> TargetSelection:
    """Return what one column is taken for, the `only` target or one of several.

    Raises UsageError for a kind that it cannot have.
    """
    candidate = Candidate(table, spec, (name,), tuple(wanted), {})
    fixed = {**table.kinds, **spec.types}.get(name)
    if fixed is None:
        return _select(candidate, only=only)
    if fixed not in _kinds():
        raise UsageError(say("targets.no-such-type", column=name, types=", ".join(_kinds()), type=fixed))
    own = target_type(fixed)
    if own.encoding.ragged and not only:
        raise UsageError(say("targets.type-stands-alone", column=name, type=fixed))
    if not _recognition(own).fits(candidate):
        value = shown(candidate.values[0])
        raise DataError(say("targets.type-fits-no-value", table=table.name, column=name, type=fixed, value=value))
    return _recognition(own).select(candidate, True)


def _select(candidate: Candidate, *, only: bool) -> TargetSelection:
    """Return what columns are taken for that nobody says the kind of."""
    types = {one.kind: one for one in _types() if only or not one.encoding.ragged}
    for kind in candidate.wanted:
        if kind in types and _recognition(types[kind]).admits(candidate):
            return _recognition(types[kind]).select(candidate, True)
    sure = {kind: _recognition(one).infer(candidate) for kind, one in types.items()}
    best = max(sure, key=lambda kind: sure[kind])
    if sure[best] > 0:
        return _recognition(types[best]).select(candidate, False)
    assert len(candidate.values), "what has values that are classes or numbers is one of them"
    raise DataError(say("targets.no-type-fits", table=candidate.table.name, column=candidate.name))


def _located(table: Table, spec: DataSpec, target_types: TargetTypes) -> TargetSelection | None:
    """Return the target where a type is asked for that finds its columns itself."""
    said = spec.types.get(spec.target) if isinstance(spec.target, str) else None
    for kind in (*target_types.get(ANY, ()), *([said] if said in _kinds() else [])):
        own = target_type(kind).recognition
        if own is not None and own.locate is not None:
            names = own.locate(table, spec)
            check_columns(names, table, "⟦data.target⟧")
            return own.select(Candidate(table, spec, names, (kind,), target_types), True)
    return None


def _which(table: Table) -> str:
    """Return the question which column is to be predicted, and what there is to do without one."""
    hints = [hint for one in _types() if (hint := _recognition(one).suggestion(table))]
    return " ".join([say("targets.which-target", table=table.name, columns=", ".join(table.frame.columns)), *hints])


def _types() -> list[TargetType]:
    """Return all types that columns of a table can be."""
    found = (target_type(kind) for kind in registered("targets"))
    return [one for one in found if one.recognition is not None]


def _kinds() -> list[str]:
    """Return the kinds that one column can be said to be."""
    return [one.kind for one in _types() if _recognition(one).single]


def _recognition(own: TargetType) -> Recognition:
    assert own.recognition is not None
    return own.recognition


def choose_any(table: Table, spec: DataSpec, target_types: TargetTypes | None = None) -> TargetSelection | None:
    """Return the target of rows that need none: the one that is named, else one that the data itself has; None where it
    is `NONE`.

    Raises as `choose` does for a column that the user names.
    """
    target_types = target_types or {}
    asked = spec.target is not None
    if check_target_types(table, spec) or not (asked or find(table, spec)):
        return None
    try:
        found = choose(table, spec, target_types)
    except DataError:
        if asked:
            raise
        return None
    return found
