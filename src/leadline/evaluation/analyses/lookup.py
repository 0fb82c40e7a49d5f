"""The analyses that there are, those of other packages among them."""

from __future__ import annotations

from leadline.core.plugins import OURS
from leadline.core.registry import lookup, registered
from leadline.core.registry_tables import TABLES
from leadline.core.sections import section_rank
from leadline.evaluation.analyses.contract import Analysis


def analyses() -> tuple[Analysis, ...]:
    """Return all analyses in the order of the report's sections, those of one section as the registry lists them.

    Raises UsageError where one that a package adds cannot be used.
    """
    ours = TABLES["analyses"]
    names = [*ours, *sorted(registered("analyses").keys() - ours.keys())]
    found: list[Analysis] = [lookup("analyses", name) for name in names]
    return tuple(sorted(found, key=lambda one: section_rank(one.section)))


def package_of(analysis: Analysis) -> str:
    """Return the package that an analysis is from; ours where the registry does not list it."""
    entries = registered("analyses").items()
    return next((entry.package for name, entry in entries if lookup("analyses", name) is analysis), OURS)
