"""What other packages add to the registry by entry points: found without importing anything, checked once imported.

A package that is installed beside Leadline may add a name to any group. What it gives is refused, with the package and
what is wrong, where its name is taken, where it does not import, and where it is not what its group is made of.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from functools import reduce
from importlib.metadata import entry_points
from typing import Any, NamedTuple, Protocol

from leadline.core.catalogue import say
from leadline.errors import UsageError

OURS = "leadline"


class Entry(NamedTuple):
    """Where a name lives (``module:ATTRIBUTE``), what it is, in a line, and the package that it comes from.

    `others` are further packages that give the same name; where there are any, nothing of that name can be used.
    `example` is a command that uses it, without ``leadline``.
    """

    target: str
    summary: str
    package: str = OURS
    others: tuple[str, ...] = ()
    example: str = ""


class Contract(NamedTuple):
    """What an item of a group is called, and the type, ``module:NAME``, that it is of; a group of `classes` holds
    subclasses of it.
    """

    noun: str
    target: str
    classes: bool = False


def with_plugins(group: str, ours: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return the entries of a group with those of installed packages before our own; imports nothing."""
    theirs: dict[str, Entry] = {}
    for point in entry_points(group=f"leadline.{group}"):
        package = point.dist.name if point.dist else "an unknown package"
        known = theirs.get(point.name)
        if known is None:
            theirs[point.name] = Entry(point.value, f"from {package}", package)
        elif (point.value, package) != (known.target, known.package):  # one that is found twice is no clash
            theirs[point.name] = known._replace(others=(*known.others, package))
    both = {
        name: ours[name]._replace(others=(theirs[name].package, *theirs[name].others))
        for name in ours.keys() & theirs.keys()
    }
    return {name: _marked(entry) for name, entry in {**theirs, **ours, **both}.items()}


def _marked(entry: Entry) -> Entry:
    if not entry.others:
        return entry
    return entry._replace(summary=say("core.plugin-duplicate", packages=_listed((entry.package, *entry.others))))


def load(group: str, name: str, entry: Entry, contract: Contract) -> Any:
    """Import and return what an entry points to; raises UsageError where a package gives what cannot be used."""
    if entry.others:
        packages = [one for one in (entry.package, *entry.others) if one != OURS]
        raise UsageError(
            say(
                "core.provided-by-several-packages",
                noun=contract.noun,
                name=name,
                listed=_listed((entry.package, *entry.others)),
                group=group,
                packages=" or ".join(packages),
            )
        )
    if entry.package == OURS:
        module, _, attribute = entry.target.partition(":")
        return getattr(importlib.import_module(module), attribute)
    try:
        return _loaded(entry.target, contract)
    except _Unusable as error:
        raise UsageError(
            say(
                "core.package-item-unusable",
                package=entry.package,
                article=_article(contract.noun),
                name=name,
                error=error,
                target=entry.target,
                group=group,
            )
        ) from error.__cause__


class _Unusable(Exception):
    """What is wrong with what a package gives, as a sentence."""


def _loaded(target: str, contract: Contract) -> Any:
    module, colon, attribute = target.partition(":")
    if not colon:
        raise _Unusable(say("core.plugin-without-attribute"))
    try:
        item = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        raise _Unusable(
            say("core.plugin-import-fails", module=module, type=type(error).__name__, error=error)
        ) from error
    try:
        found = reduce(getattr, attribute.split("."), item)
    except AttributeError:
        raise _Unusable(say("core.plugin-attribute-missing", module=module, attribute=attribute)) from None
    wrong = misfit(found, contract)
    if wrong:
        raise _Unusable(say("core.plugin-unusable", attribute=attribute, wrong=wrong))
    return found


def misfit(item: Any, contract: Contract) -> str | None:
    """Say what keeps an item from being one of a group's, or None: another type, or members that it lacks."""
    module, _, attribute = contract.target.partition(":")
    kind: Any = getattr(importlib.import_module(module), attribute)
    lacking: Sequence[str] = ()
    if contract.classes:
        if not (isinstance(item, type) and issubclass(item, kind)):
            return say("core.plugin-wrong-class", found=_called(item), wanted=kind.__name__)
        lacking = sorted(getattr(item, "__abstractmethods__", ()))
    elif getattr(kind, "_is_protocol", False) and not isinstance(item, type):
        lacking = [member for member in members(kind) if not hasattr(item, member)]
    elif not isinstance(item, kind):
        return say("core.plugin-wrong-type", found=_called(item), wanted=_article(kind.__name__))
    return say("core.plugin-lacks", members=_listed(lacking), noun=contract.noun) if lacking else None


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiouAEIOU' else 'a'} {noun}"


def _called(item: Any) -> str:
    if isinstance(item, type):
        return say("core.the-class", name=item.__name__)
    return say("core.value-of-type", type=type(item).__name__)


def members(protocol: type) -> list[str]:
    """Return the names of what a protocol asks for, in the order of its declaration."""
    found: dict[str, None] = {}
    for base in reversed(protocol.__mro__):
        if base in (object, Protocol) or not getattr(base, "_is_protocol", False):
            continue
        found.update(dict.fromkeys(name for name in vars(base).get("__annotations__", {}) if not name.startswith("_")))
        found.update(dict.fromkeys(name for name in vars(base) if not name.startswith("_")))
    return list(found)


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
