"""No code outside an item's own file asks which item of a registry it has in hand, but for what is listed here."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping

import pytest
from kinds import everywhere, places
from package import Module

OPEN = "what it asks for is not yet answered by the item itself"
# A file of the package -> how often it asks, and why it may. A count that is no longer reached fails: lower it.
ALLOWED: Mapping[str, tuple[int, str]] = {
    "data/inputs.py": (3, OPEN),
    "data/series/columns.py": (2, OPEN),
    "models/composed.py": (4, OPEN),
    "models/sequence/rnn.py": (2, OPEN),
    "models/sequence/transformer.py": (6, OPEN),
    "models/vision/cnn.py": (1, OPEN),
    "nn/classical/plain_features.py": (1, OPEN),
    "nn/generative/decoders.py": (3, OPEN),
    "nn/layers/pooling.py": (1, OPEN),
    "objectives/generative/vae.py": (1, OPEN),
    "pipeline/resolving/reference.py": (1, OPEN),
    "rendering/baseline_text.py": (1, OPEN),
    "rendering/exhibits.py": (1, OPEN),
    "rendering/summary_text.py": (4, OPEN),
    "run/build.py": (1, OPEN),
    "training/trackers.py": (1, OPEN),
}


def test_nothing_asks_which_item_it_has_in_hand() -> None:
    found = Counter(place.path for place in everywhere())
    more = {path: count for path, count in found.items() if count > ALLOWED.get(path, (0, ""))[0]}
    told = [f"src/leadline/{p.path}:{p.line}: {p.text}" for p in everywhere() if p.path in more]
    assert more == {}, "let the item answer instead:\n" + "\n".join(told)


def test_no_exception_is_stale_or_without_a_reason() -> None:
    found = Counter(place.path for place in everywhere())
    assert {path: found[path] for path, (count, _) in ALLOWED.items() if found[path] < count} == {}
    assert all(len(reason) > 20 for _, reason in ALLOWED.values())


@pytest.mark.parametrize(
    "line",
    [
        'one.kind == "image"',
        '"text" != one.kind',
        'one.kind in ("image", "audio")',
        '{f.kind for f in fields} & {"number"}',
        "WIDTHS[one.kind]",
        "WIDTHS.get(one.kind, 0)",
        "one.kind in WIDTHS",
        'kind == "date"',
        'one["kind"] == "date"',
        'optimizer.name == "muon"',
        'match one.kind:\n    case "image" | "audio":\n        pass',
        'match one:\n    case Column(kind="image"):\n        pass',
        "isinstance(schedule, Plateau)",
        "match schedule:\n    case Plateau():\n        pass",
    ],
)
def test_the_count_sees_each_way_to_ask(line: str) -> None:
    assert len(seen(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        'one.kind == "f"',
        'column == "image"',
        'lookup("columns", one.kind)',
        "isinstance(x, str)",
        "one.kind == two.kind",
    ],
)
def test_the_count_lets_the_rest_pass(line: str) -> None:
    assert seen(line) == []


def seen(line: str) -> list[object]:
    """Return what is found in a module whose path is that of a known one, with imports and a table before the line."""
    text = f'from leadline.training.schedule import Plateau\nWIDTHS = {{"image": 3, "text": 1}}\n{line}\n'
    return list(places(Module("", "leadline.core.made_up", text, ast.parse(text))))
