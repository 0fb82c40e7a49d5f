"""No code outside an item's own file asks which item of a registry it has in hand, but for what is listed here."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping

import pytest
from kinds import everywhere, places
from package import Module

FORM = "the form of a signal, which has features, steps or pixels: by its shape layers differ, not by a type of column"
# A file of the package -> how often it asks, and why it may. A count that is no longer reached fails: lower it.
ALLOWED: Mapping[str, tuple[int, str]] = {
    "data/inputs.py": (
        3,
        "'table' is the word for columns that are gathered in one input, in experiments and in `TABLE`",
    ),
    "models/composed.py": (4, FORM),
    "models/sequence/rnn.py": (2, FORM),
    "models/sequence/transformer.py": (6, FORM),
    "models/vision/cnn.py": (1, FORM),
    "nn/classical/plain_features.py": (1, FORM),
    "nn/generative/decoders.py": (3, FORM),
    "nn/layers/pooling.py": (
        1,
        "the name of a way to pool, an option of its own; a fusion happens to be called so too",
    ),
    "objectives/generative/vae.py": (1, FORM),
    "pipeline/resolving/reference.py": (
        1,
        "only a run trained for plain classification can compare generated rows with real ones",
    ),
    "rendering/baseline_text.py": (1, "shorter words for our own baselines; any other one is called by its name"),
    "rendering/exhibits.py": (1, "forms of exhibits, of which the page draws these, and refuses any other in words"),
    "rendering/summary_text.py": (
        5,
        "a report may be of another machine: what it shows is known by names alone, others are called rows; "
        "the constant prediction of quantiles is called so",
    ),
    "run/build.py": (1, FORM),
    "training/trackers.py": (1, "'step' is the column of the history that counts updates, no schedule"),
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
