"""What `leadline verify` found out about a run: for each thing that the run claims, whether it still holds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from leadline.core.base import Fact, parsed_json
from leadline.core.catalogue import say
from leadline.run import folder as files

Outcome = Literal["holds", "differs", "recorded", "unchecked"]
Subject = Literal["file", "page", "data", "finding", "exhibit", "predictions", "requirement", "parent", "signature"]


class Check(Fact):
    """One thing that was checked: `name` of a `subject`, and whether it `holds` or `differs`.

    What was `recorded` while the run took place (the seconds of training) cannot be had again; `unchecked` is what
    could be and was not, and `why` says why not. Of what differs, `why` says in which way.
    """

    subject: Subject
    name: str
    outcome: Outcome
    why: str | None = None


class Verification(Fact):
    """All checks of a run: when (ISO 8601, UTC), by which version of Leadline, from which `source`.

    The source is ``data`` where findings were measured again from the weights and the data, ``predictions`` where the
    data was gone and they were computed from the stored predictions, ``none`` where neither could be had. `full` says
    that baselines were fitted again.
    """

    run: str
    at: str
    version: str
    source: Literal["data", "predictions", "none"]
    full: bool = False
    checks: tuple[Check, ...] = ()

    def of(self, outcome: Outcome, subject: Subject | None = None) -> tuple[Check, ...]:
        """Return the checks that ended so, those of one subject or all."""
        return tuple(
            one for one in self.checks if one.outcome == outcome and (subject is None or one.subject == subject)
        )

    @property
    def holds(self) -> bool:
        """Whether nothing that was checked differs."""
        return not self.of("differs")

    @property
    def exit_code(self) -> int:
        """0 where all that was checked holds, 4 where something does not."""
        return 0 if self.holds else 4

    def __repr__(self) -> str:
        """Return in a line what differs first, or how much holds."""
        different = self.of("differs")
        if different:
            return f"Verification({self.run!r}: {len(different)} differ, first {different[0].name!r})"
        return f"Verification({self.run!r}: {len(self.of('holds'))} hold)"

    __str__ = __repr__

    def to_json(self) -> str:
        """Return the text of `verification.json`."""
        return self.model_dump_json(indent=1)


def last_verification(folder: Path) -> Verification | None:
    """Return the last verification of a run; None where there was none, or its file cannot be read."""
    try:
        return Verification.model_validate(parsed_json((folder / files.VERIFICATION).read_bytes()))
    except (OSError, ValueError, ValidationError):
        return None


def same(name: str, subject: Subject, stored: object, found: object) -> Check:
    """Return whether what is stored and what was found are equal."""
    if stored == found:
        return Check(subject=subject, name=name, outcome="holds")
    return Check(
        subject=subject, name=name, outcome="differs", why=say("verify.is-and-was", found=found, stored=stored)
    )


def unchecked(names: Iterable[str], subject: Subject, why: str) -> tuple[Check, ...]:
    """Return that things could not be checked, and why not."""
    return tuple(Check(subject=subject, name=name, outcome="unchecked", why=why) for name in names)
