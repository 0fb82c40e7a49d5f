"""The sections of a report, in the order in which the page shows them; those without content are not shown.

An analysis names the section that its findings and exhibits stand in; a new section is one line here.
"""

from __future__ import annotations

from collections.abc import Mapping

# by the names of analyses, the sentence that is a section's title
SECTIONS: Mapping[str, str] = {
    "summary": "sections.summary",
    "requirements": "sections.requirements",
    "data": "sections.data",
    "examples": "sections.examples",
    "training": "sections.training",
    "metrics": "sections.metrics",
    "per_class": "sections.per-class",
    "generated": "sections.generated",
    "representations": "sections.representations",
    "baselines": "sections.baselines",
    "inputs": "sections.inputs",
    "errors": "sections.errors",
    "explanations": "sections.explanations",
    "robustness": "sections.robustness",
    "trust": "sections.trust",
    "fairness": "sections.fairness",
    "privacy": "sections.privacy",
    "cost": "sections.cost",
    "compression": "sections.compression",
    "other": "sections.other",
    "declared": "sections.declared",
    "absent": "sections.absent",
    "reproduce": "sections.reproduce",
    "all_numbers": "sections.all-numbers",
}


def section_rank(section: str) -> int:
    """Return where a section stands on the page; one that is not listed stands where all others do."""
    names = list(SECTIONS)
    return names.index(section if section in SECTIONS else "other")
