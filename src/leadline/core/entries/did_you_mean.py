"""Which entry of the experiment a wrong name means, and what to write for it: one answer for keywords, flags, settings
and files.

A name that is not ours is never taken: it is answered with the right one, in the language in which it was asked, and
in a form that what was called accepts.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from leadline.core.catalogue import filled, say, translated
from leadline.core.entries.foreign_names import FOREIGN, Foreign
from leadline.core.entries.places import ANY, LISTS, Entry, entries, item_entries, item_to_name
from leadline.core.entries.surface import asking, assigned, elsewhere, language, mentioned, speaking, verb_named
from leadline.core.entries.train_options import OPTIONS, PLACES
from leadline.core.entries.writing import LONG, shown, written

NEAR = 0.75  # how alike two names are, at least, for one to be taken for the other's misspelling
MOST = 5  # places that are offered


# Where an input or a network has no name, as there is but one.
ALONE: Mapping[str, tuple[str, ...]] = {"encoders": (), "optimizers": ("optimizer",)}
# Entries that estimators have no use for, and how what they are for is done there; those below them too.
_ESTIMATORS: Mapping[str, str] = {
    "quiet": "estimators.prints-nothing",
    "out": "estimators.saves",
    "objective": "estimators.decides-objective",
    "data.target": "estimators.y-in-fit",
    "data.weight": "estimators.weight-in-fit",
    "data.columns": "estimators.columns-of-X",
    "data.ignore": "estimators.columns-of-X",
    "data.split.folds": "estimators.cross-validated",
    "data.split": "estimators.trains-on-all",
    "data.test": "estimators.trains-on-all",
    **dict.fromkeys(("data", "name", "require", "repeats", "training.log"), "estimators.only-in-train"),
}
_USED = ("data.split.validation", "objective.")  # of those, what estimators do use


class Meaning(NamedTuple):
    """What a wrong name may mean: entries, what is to be known of them, whether the value given means the same, the
    item to name beside an option of it (by the option's place), and the value to write, where that is always one.
    """

    places: tuple[str, ...]
    why: str = ""
    same: bool = True
    items: Mapping[str, str] = {}
    value: Any = ...
    form: str = ""
    offered: bool = True


def meaning(name: str, *, items: bool = True) -> Meaning:
    """Return what a wrong name, bare or dotted, means: nothing where it is like no name there is.

    Without `items` options of the registry's items are looked up only where nothing else is like the name, as that
    loads them.
    """
    last = _plain(name)
    foreign = FOREIGN.get(last)
    if foreign and "." not in name:
        return _of_foreign(last, foreign)
    declared = [*entries(), *(item_entries() if items else ())]
    exact = _exact(name, last, declared)
    if foreign and (not exact or not foreign.entries or _shared(name, foreign.entries[0]) >= _shared(name, exact[0])):
        return _of_foreign(last, foreign)
    if exact:
        named = {one.place: item_to_name(one) for one in declared if one.items}
        return Meaning(exact, items={place: named[place] for place in exact if named.get(place)})
    known = {one.last for one in declared} | set(OPTIONS)
    near = _near(last, known) or _near(last, FOREIGN)
    if near is not None:
        return meaning(".".join([*name.strip("-").split(".")[:-1], near]), items=items)
    return Meaning(()) if items else meaning(name)


def answer(name: str, value: Any = ..., *, items: bool = True) -> str:
    """Return a sentence that says what to write in place of a wrong name; empty where nothing is like it."""
    found = meaning(name, items=items)
    if language() == "estimator":
        others = [_of_estimators(place) for place in found.places]
        if others and all(others):
            return " ".join(dict.fromkeys(filter(None, others)))
    if value is not ... and found.places == ("data.target",) and not _are_names(value):
        return say("options.target-as-values", type=type(value).__name__)
    places = found.places if found.offered else ()
    shown = [one for place in places for one in _offers(place, value, found)]
    said = say("options.write", what=say("options.or-rather").join(shown)) if shown else ""
    return " ".join(one for one in (said, found.why) if one)


def _of_foreign(last: str, foreign: Foreign) -> Meaning:
    """Return what a name of another library means."""
    why = translated(f"foreign_names.{last}", foreign.why)
    why = filled(why, {**{verb: verb_named(verb) for verb in ("resume", "train")}, "quiet": mentioned("quiet")})
    named = dict.fromkeys(foreign.entries, foreign.item) if foreign.item else {}
    return Meaning(foreign.entries, why, foreign.same, named, foreign.value, foreign.form, foreign.offered)


def _are_names(value: Any) -> bool:
    """Return whether a value names columns."""
    return all(isinstance(one, str) for one in (value if isinstance(value, list | tuple) else (value,)))


def _of_estimators(place: str) -> str | None:
    """Return how what an entry is for is done with an estimator, where it has no such entry."""
    if place.startswith(_USED):
        return None
    holder = place
    while holder and holder not in _ESTIMATORS:
        holder = holder.rpartition(".")[0]
    if not holder:
        return None
    with speaking("python"):
        return say(_ESTIMATORS[holder], what=written(place))


def _offers(place: str, value: Any, found: Meaning) -> list[str]:
    """Return what to write for an entry."""
    value = found.value if found.value is not ... else value if found.same else ...
    if found.form:
        value = found.form.format(value if isinstance(value, str) else "COLUMN")
    other = elsewhere(place)
    if other is not None:
        # what no file holds is a flag
        with asking(other), speaking("command line" if language() == "file" else language()):
            return [say("options.in-verb", what=written(place, value), verb=verb_named(other))]
    return [_written(place, value, found.items.get(place, ""))]


def _written(place: str, value: Any, item: str = "") -> str:
    """Return what to write for an entry: beside the item that it is an option of where that must be named, and in the
    list of items where it is an option of one of those.
    """
    holder, _, option = place.rpartition(".")
    if holder.rpartition(".")[2] in LISTS:
        one = next(one.items[0] for one in item_entries() if one.place == place)
        return _under(
            holder, written(holder, [{"name": one.rpartition("/")[2], option: "…" if value is ... else value}])
        )
    if not item:
        return _under(place, written(place, value))
    short = value is not ... and len(shown(value)) <= LONG
    return _under(holder, assigned(holder, shown({"name": item, option: value if short else "…"})))


def _under(entry: str, text: str) -> str:
    """Return what to write for an entry; in a file, under which entry it is written."""
    holder, dot, _ = entry.rpartition(".")
    if language() != "file" or not dot:
        return text
    return say("options.under", what=text.removeprefix(f"{holder}."), where=holder)


def _plain(name: str) -> str:
    """Return the last word of a name as it stands in the tables."""
    return name.strip("-").rpartition(".")[2].replace("-", "_").lower()


def _exact(name: str, last: str, declared: Iterable[Entry]) -> tuple[str, ...]:
    """Return the place that has a last name: the nearest to a dotted name, else that of an option, of an entry that
    every experiment has, or of most items; several where nothing tells them apart.
    """
    option = PLACES.get(last) or (last if last in OPTIONS else None)
    if option is not None and "." not in name:
        return (option,)
    found = [one for one in declared if one.last == last]
    if not found:
        return () if option is None else (option,)
    ranks = {one.place: (_shared(name, one.place), not one.items, len(one.items), _depth(one)) for one in found}
    best = max(ranks.values())
    return _offered(place for place, rank in ranks.items() if rank == best)


def _depth(entry: Entry) -> int:
    """Return how far up an entry stands that every experiment has; the same for all options of items."""
    return 0 if entry.items else -entry.place.count(".")


def _shared(name: str, place: str) -> int:
    """Return how many words before the last one a dotted name and a place have in common."""
    return len({*name.split(".")[:-1]} & {*place.split(".")[:-1]})


def _offered(places: Iterable[str]) -> tuple[str, ...]:
    """Return each place once, as it is written where there is one input and one network."""
    return tuple(dict.fromkeys(_simpler(place) or place for place in places))[:MOST]


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
