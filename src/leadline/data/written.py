"""Which columns a schema records the written form of, and which are read exactly as they are written."""

from __future__ import annotations

from leadline.core.experiment import DataSpec
from leadline.core.registry import registered
from leadline.core.schema import Schema
from leadline.data.columns.contract import column_type
from leadline.data.table import Table


def used_columns(schema: Schema) -> tuple[str, ...]:
    """Return the columns of the data that inputs and target are made of, time and series id of a series among them."""
    names = [field.name for one in schema.inputs for field in one.fields]
    names += [*schema.target.columns] if schema.target else []
    for one in schema.inputs:
        names += [name for name in (one.window.spec.time, one.window.spec.series_id) if name] if one.window else []
    return tuple(dict.fromkeys(names))


def with_written(schema: Schema, table: Table, known: Schema | None) -> Schema:
    """Return a schema with how its columns are written, as the table was read; one that was `known` stays as it is."""
    if known is not None:
        return schema
    return schema.model_copy(
        update={"written": {name: table.forms[name] for name in used_columns(schema) if name in table.forms}}
    )


def verbatim_columns(spec: DataSpec) -> frozenset[str]:
    """Return the columns that the user says are of a kind whose values are taken as they are written."""
    kinds = dict(spec.types)
    for name, one in (spec.inputs or {}).items():
        kinds |= dict.fromkeys(one.columns or (name,), str(one.type)) if one.type else {}
    return frozenset(
        name for name, kind in kinds.items() if kind in registered("columns") and column_type(kind).verbatim
    )
