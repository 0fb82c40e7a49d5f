"""The published JSON Schemas are those of the code: ``python tests/architecture/test_published_schemas.py`` writes them
anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leadline.core.experiment import Experiment
from leadline.core.report import Report

DOCS = Path(__file__).parents[2] / "docs"
MODELS = {"report": Report, "experiment": Experiment}


def schema(name: str) -> str:
    return json.dumps(MODELS[name].model_json_schema(by_alias=True), indent=1, sort_keys=True) + "\n"


@pytest.mark.parametrize("name", sorted(MODELS))
def test_published_schema_is_current(name: str) -> None:
    assert (DOCS / f"{name}.schema.json").read_text(encoding="utf-8") == schema(name)


if __name__ == "__main__":
    for each in MODELS:
        (DOCS / f"{each}.schema.json").write_text(schema(each), encoding="utf-8")
