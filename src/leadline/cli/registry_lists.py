"""What can be named in an experiment: lists from the registry alone, which import nothing, and one item with its
options, for which its module is imported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import typer

from leadline.core.catalogue import say, translated
from leadline.core.plugins import Entry
from leadline.core.registry import lookup, registered
from leadline.core.registry_tables import Group

# where options of an item of a group are written
PATHS: Mapping[Group, str] = {
    "models": "network",
    "objectives": "objective",
    "optimizers": "training.optimizer",
    "schedules": "training.schedule",
}
# how an item is used that names no example, as those of other packages
USES: Mapping[Group, str] = {
    "models": "train SOURCE --network {name}",
    "objectives": "train SOURCE --objective {name}",
    "optimizers": "train SOURCE --optimizer {name}",
    "schedules": "train SOURCE --schedule {name}",
    "augmentations": "train SOURCE --set 'data.inputs.{kind}.augment=[{own}]'",
    "analyses": "evaluate RUN",
}


def show(group: Group, name: str | None = None, *, as_json: bool) -> None:
    """Print the names of a group with what each is, or one item with its options and an example.

    Raises UsageError, with the nearest names, where there is no such item.
    """
    entries = registered(group)
    if name is not None:
        found = [described(group, one) for one in _named(entries, name)]
        typer.echo(_json(found[0] if len(found) == 1 else found) if as_json else "\n\n".join(map(_text, found)))
    elif as_json:
        typer.echo(_json({one: summary(group, one, entry) for one, entry in entries.items()}))
    else:
        width = max(map(len, entries))
        for one, entry in sorted(entries.items()):
            typer.echo(f"{one:<{width}}  {summary(group, one, entry)}")


def summary(group: Group, name: str, entry: Entry) -> str:
    """Return what an item is, in a line, in the language in use."""
    return translated(f"registry.{group}-{name.replace('/', '-')}", entry.summary)


def _named(entries: Mapping[str, Entry], name: str) -> list[str]:
    """Return the names that are meant: that itself, or, without the type of input before it, all that end in it."""
    return [name] if name in entries else [one for one in entries if one.rpartition("/")[2] == name] or [name]


def described(group: Group, name: str) -> dict[str, Any]:
    """Return what is known of an item, as plain values; imports its module."""
    from leadline.core.item_options import item_options

    found = lookup(group, name)
    entry = registered(group)[name]
    kind, _, own = name.rpartition("/")
    use = entry.example or USES.get(group, "").format(name=name, kind=kind, own=own)
    return {
        "name": name,
        "summary": summary(group, name, entry),
        "package": entry.package,
        "question": getattr(found, "question", ""),
        "section": getattr(found, "section", ""),
        "reference": getattr(found, "reference", ""),
        "path": PATHS.get(group, ""),
        "options": [
            {**one._asdict(), "meaning": translated(f"options.{group}-{name}-{one.name}", one.meaning)}
            for one in item_options(found)
        ],
        "sizes": {size: dict(values) for size, values in getattr(found, "sizes", {}).items()},
        "metrics": {one.id: one.title for one in getattr(found, "metrics", ())},
        "example": f"leadline {use}" if use else "",
    }


def _text(one: Mapping[str, Any]) -> str:
    lines = [f"{one['name']}: {one['summary']}"]
    lines += [one[key] for key in ("question", "reference") if one[key]]
    if one["section"]:
        lines.append(say("cli.section", section=one["section"]))
    if one["options"]:
        path = say("cli.set-option", path=one["path"]) if one["path"] else ""
        lines += ["", say("cli.options", path=path).rstrip()]
    for option in one["options"]:
        default = say("cli.default", default=option["default"]) if option["default"] else say("cli.required")
        lines.append(f"  {option['name']} ({option['type']}), {default}")
        lines += [f"      {option['meaning']}"] if option["meaning"] else []
    if one["metrics"]:
        lines += ["", say("cli.metrics"), *(f"  {name}: {title}" for name, title in one["metrics"].items())]
    return "\n".join([*lines, *(("", say("cli.example"), f"  {one['example']}") if one["example"] else ())])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)
