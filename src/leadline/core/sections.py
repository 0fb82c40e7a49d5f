"""The sections of a report, in the order in which the page shows them.

An analysis names the section that its findings and exhibits stand in; a new section is one line here.
"""

from __future__ import annotations

from collections.abc import Mapping

SECTIONS: Mapping[str, str] = {
    "data": "The data",
    "examples": "What it saw",
    "training": "How it learned",
    "metrics": "Measures",
    "per_class": "Part by part",
    "generated": "What it makes",
    "representations": "What it makes of rows",
    "baselines": "Against baselines",
    "inputs": "Input by input",
    "errors": "Right and wrong",
    "explanations": "Explanations",
    "robustness": "Robustness",
    "trust": "Trust",
    "fairness": "Fairness",
    "privacy": "Privacy",
    "cost": "Cost",
    "compression": "Compression",
    "other": "More",
    "absent": "Not measured",
    "declared": "Declared",
    "reproduce": "How to reproduce",
    "all_numbers": "Every number",
}


def section_rank(section: str) -> int:
    """Return where a section stands on the page; one that is not listed stands where all others do."""
    names = list(SECTIONS)
    return names.index(section if section in SECTIONS else "other")
