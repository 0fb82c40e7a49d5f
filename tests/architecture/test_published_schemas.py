"""The published JSON Schemas are those of the code: ``python tests/architecture/test_published_schemas.py`` writes them
anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leadline.core.entries import experiment_schema
from leadline.core.report import Report

DOCS = Path(__file__).parents[2] / "docs"


def report() -> str:
    return json.dumps(Report.model_json_schema(by_alias=True), indent=1, sort_keys=True) + "\n"


SCHEMAS = {"report": report, "experiment": experiment_schema.text}


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_published_schema_is_current(name: str) -> None:
    assert (DOCS / f"{name}.schema.json").read_text(encoding="utf-8") == SCHEMAS[name]()


if __name__ == "__main__":
    for name, text in SCHEMAS.items():
        (DOCS / f"{name}.schema.json").write_text(text(), encoding="utf-8")
