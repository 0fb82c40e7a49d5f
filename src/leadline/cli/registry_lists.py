"""Lists of names, from the registry alone: nothing is imported to make them."""

from __future__ import annotations

import json

import typer

from leadline.core.registry import registered
from leadline.core.registry_tables import Group


def show(group: Group, *, as_json: bool) -> None:
    """Print the names of a group with what each is."""
    entries = registered(group)
    if as_json:
        typer.echo(json.dumps({name: entry.summary for name, entry in entries.items()}, ensure_ascii=False, indent=1))
        return
    width = max(map(len, entries))
    for name, entry in sorted(entries.items()):
        typer.echo(f"{name:<{width}}  {entry.summary}")
