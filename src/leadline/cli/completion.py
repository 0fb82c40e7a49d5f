"""What Tab offers in a shell, beside the commands and flags that typer knows: names, run folders, sources, entries.

``leadline completion SHELL`` prints what the shell needs (`shells/`), which asks this at every Tab: torch is never
loaded here, nor is anything read but the names of files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args, get_origin

import typer

from leadline.cli.registry_lists import summary
from leadline.core.catalogue import say, translated
from leadline.core.registry import registered
from leadline.core.registry_tables import Group
from leadline.errors import UsageError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

Offered = list[tuple[str, str]]  # what can be written, and what it is
Completer = Callable[[str], Offered]
_RUN = "experiment.yaml"  # which a run's folder has


class Shell(StrEnum):
    """Shells that are taught to complete."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def script(shell: str) -> str:
    """Return what a shell reads to complete commands of leadline; raises UsageError for a shell that is not taught."""
    if shell not in list(Shell):
        raise UsageError(say("cli.no-completion", shell=shell, known=", ".join(Shell)))
    return (Path(__file__).parent / "shells" / f"leadline.{shell}").read_text(encoding="utf-8")


def shells(incomplete: str) -> Offered:
    """Offer the shells that are taught to complete."""
    return _fitting(incomplete, ((shell, "") for shell in Shell))


def items(group: Group) -> Completer:
    """Return what offers the names of a group of the registry."""

    def offer(incomplete: str) -> Offered:
        return _fitting(incomplete, ((name, summary(group, name, entry)) for name, entry in registered(group).items()))

    return offer


def items_of_command(ctx: typer.Context, incomplete: str) -> Offered:
    """Offer the names of the group that a command is called after, as ``leadline models NAME`` is."""
    return items(cast(Group, ctx.info_name))(incomplete)


def sources(incomplete: str) -> Offered:
    """Offer bundled datasets with the files beside them; nothing where a path is meant, which a shell completes."""
    bundled = items("datasets")(incomplete)
    return [*bundled, *_fitting(incomplete, _here())] if bundled else []


def _here() -> Iterator[tuple[str, str]]:
    for path in Path().iterdir():
        if not path.name.startswith("."):
            yield f"{path.name}/" if path.is_dir() else path.name, ""


def run_folders(incomplete: str) -> Offered:
    """Offer the run folders here and in ``runs``, or in the folder that the path begins with."""
    folder, slash, _ = incomplete.rpartition("/")
    found = []
    for place in (folder + slash,) if slash else ("", "runs/"):
        inside = Path(place or ".").expanduser()
        if inside.is_dir():
            found += [(place + one.name, "") for one in inside.iterdir() if (one / _RUN).is_file()]
    return _fitting(incomplete, found)


def settings(incomplete: str) -> Offered:
    """Offer the dotted entries of an experiment, or the values of one after its ``=`` where they can be listed."""
    place, equals, _ = incomplete.partition("=")
    if equals:
        return _fitting(incomplete, ((f"{place}={value}", told) for value, told in _values(place)))
    from leadline.core.entries.train_options import AT, OPTIONS

    told = {place: translated(f"train_options.{name}", OPTIONS[name].help) for place, name in AT.items()}
    return _fitting(incomplete, ((f"{one}=", told.get(one, "")) for one in {**_entries(), **told}))


def of_option(name: str, entry: str | None) -> Completer | None:
    """Return what offers values of an option of training, by its name and the entry that it stands for; None where
    shells are to offer files.
    """
    if name in _BY_OPTION:
        return _BY_OPTION[name]
    return None if entry is None else lambda incomplete: _fitting(incomplete, _values(entry))


def _entries() -> Mapping[str, FieldInfo | None]:
    """Return the entries of an experiment by place, but for those below names that a user chooses."""
    import leadline.core.experiment  # noqa: F401  whose entries these are
    from leadline.core.entries.places import entries

    return {one.place: one.field for one in entries() if not any(part.isupper() for part in one.place.split("."))}


def _values(place: str) -> Offered:
    """Return the values that an entry may have, where they can be listed."""
    from leadline.core.entries.places import GROUPS, LISTS, alternatives

    last = place.rpartition(".")[2]
    if last in GROUPS and last not in LISTS:
        return items(GROUPS[last])("")
    field = _entries().get(place)
    kinds = alternatives(field.annotation) if field is not None else []
    values = [str(one) for kind in kinds if get_origin(kind) is Literal for one in get_args(kind)]
    return [(one, "") for one in (*values, *(("true", "false") if bool in kinds else ()))]


def _fitting(incomplete: str, offered: Iterable[tuple[str, str]]) -> Offered:
    return sorted((value, told) for value, told in offered if value.startswith(incomplete))


_BY_OPTION: Mapping[str, Completer] = {
    "init": run_folders,
    "test": sources,
    "validation": sources,
    "settings": settings,
    "device": lambda incomplete: _fitting(incomplete, ((name, "") for name in ("cpu", "cuda", "mps"))),
}
