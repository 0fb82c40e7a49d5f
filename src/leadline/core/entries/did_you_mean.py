"""Which entry of the experiment a wrong name means, and what to write for it: one answer for keywords, flags, settings
and files.

A name that is not ours is never taken: it is answered with the right one, in the language in which it was asked.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from leadline.core.catalogue import say, translated
from leadline.core.entries.foreign_names import FOREIGN
from leadline.core.entries.places import ANY, LISTS, Entry, entries, item_entries
from leadline.core.entries.train_options import OPTIONS, PLACES
from leadline.core.entries.writing import written

NEAR = 0.75  # how alike two names are, at least, for one to be taken for the other's misspelling
MOST = 5  # places that are offered


# Where an input or a network has no name, as there is but one.
ALONE: Mapping[str, tuple[str, ...]] = {"encoders": (), "optimizers": ("optimizer",)}


class Meaning(NamedTuple):
    """What a wrong name may mean: entries, what is to be known of them, whether the value given means the same."""

    places: tuple[str, ...]
    why: str = ""
    same: bool = True


def meaning(name: str, *, items: bool = True) -> Meaning:
    """Return what a wrong name, bare or dotted, means: nothing where it is like no name there is.

    Without `items` options of the registry's items are looked up only where nothing else is like the name, as that
    loads them.
    """
    last = _plain(name)
    declared = [*entries(), *(item_entries() if items else ())]
    foreign = FOREIGN.get(last)
    places = (*(foreign.entries if foreign else ()), *_exact(name, last, declared))
    if foreign or places:
        return Meaning(_offered(places), *((_why(last, foreign.why), foreign.same) if foreign else ()))
    known = {one.last for one in declared} | set(OPTIONS)
    near = _near(last, known) or _near(last, FOREIGN)
    if near is not None:
        found = meaning(near, items=items)
        return found._replace(places=_offered(_closest(name, found.places)))
    return Meaning(()) if items else meaning(name)


def answer(name: str, value: Any = ..., *, items: bool = True) -> str:
    """Return a sentence that says what to write in place of a wrong name; empty where nothing is like it."""
    found = meaning(name, items=items)
    shown = [_written(place, value if found.same else ...) for place in found.places]
    said = say("options.write", what=", or ".join(shown)) if shown else ""
    return " ".join(one for one in (said, found.why) if one)


def _written(place: str, value: Any) -> str:
    """Return what to write for an entry, in the list of items where it is an option of one of those."""
    holder, _, option = place.rpartition(".")
    if holder.rpartition(".")[2] in LISTS:
        item = next(one.items[0] for one in item_entries() if one.place == place)
        return written(holder, [{"name": item.rpartition("/")[2], option: "…" if value is ... else value}])
    return written(place, value)


def _plain(name: str) -> str:
    """Return the last word of a name as it stands in the tables."""
    return name.strip("-").rpartition(".")[2].replace("-", "_").lower()


def _why(name: str, why: str) -> str:
    return translated(f"foreign_names.{name}", why)


def _exact(name: str, last: str, declared: Iterable[Entry]) -> tuple[str, ...]:
    """Return the places whose last name it is, those nearest to a dotted name first."""
    option = PLACES.get(last) or (last if last in OPTIONS else None)
    same = [one.place for one in declared if one.last == last]
    return _closest(name, (*((option,) if option else ()), *same))


def _closest(name: str, places: Iterable[str]) -> tuple[str, ...]:
    """Return places in the order of how alike they are to a dotted name; as they are for a bare one."""
    if "." not in name:
        return tuple(places)
    return tuple(sorted(places, key=lambda place: -difflib.SequenceMatcher(None, name, place).ratio()))


def _offered(places: Iterable[str]) -> tuple[str, ...]:
    """Return each place once; those for one input of several only where there is no simpler one."""
    once = tuple(dict.fromkeys(places))
    return tuple(place for place in once if _simpler(place) not in once)[:MOST]


def _simpler(place: str) -> str | None:
    """Return the place that means the same where there is one input or one network; None where there is none."""
    names = place.split(".")
    at = next((number for number, name in enumerate(names) if name in ANY.values()), None)
    if at is None or names[at - 1] not in ALONE:
        return None
    return ".".join([*names[: at - 1], *ALONE[names[at - 1]], *names[at + 1 :]])


def _near(name: str, known: Iterable[str]) -> str | None:
    found = difflib.get_close_matches(name, sorted(known), n=1, cutoff=NEAR)
    return found[0] if found else None
