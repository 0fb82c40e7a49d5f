"""Files, classes and public functions are called what the field calls things: retired names do not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from package import modules

# A retired word -> what to say. It is no part of any name.
WORDS: Mapping[str, str] = {
    "course": "trainer state",
    "feed": "data loader",
    "job": "run context",
    "telling": "describe",
    "remark": "warning",
    "remarks": "warnings",
    "beside": "baseline comparison, auxiliary run",
    "alone": "single-input ablation",
    "further": "auxiliary run",
    "settle": "calibrate",
    "settled": "calibrated",
    "unsettled": "uncalibrated",
    "seeking": "learning-rate range test",
    "watching": "training diagnostics",
    "twins": "near-duplicates",
    "medium": "modality",
    "media": "modalities",
    "front": "preprocessor",
    "fronts": "preprocessors",
    "body": "encoder",
    "bodies": "encoders",
    "player": "network",
    "players": "networks",
    "rhythm": "update frequency",
    "maker": "generator",
    "makers": "generators",
    "making": "sampling",
    "hiding": "masking",
    "suits": "validate",
    "lacks": "validate",
    "wants": "defaults",
    "usual": "defaults",
    "stepped": "gradient-trained",
    "ledger": "access log",
    "lookback": "context length",
    "tick": "log entry",
    "ticks": "log entries",
}
# A whole name that is retired for a file, a class or a function of a module; in longer names it is plain English.
NAMES: Mapping[str, str] = {
    "part": "split, subset",
    "parts": "split, subset",
    "field": "column type",
    "fields": "column types",
    "room": "disk-full guard",
    "between": "on_epoch_end",
    "without": "missing-modality test",
    "similar": "near-duplicates",
    "families": "duplicate groups",
    "made": "generated samples",
    "making": "sampling",
    "codes": "latent codes, embedding",
    "draws": "counter-based RNG",
    "under": "fold_in",
    "having": "bind",
    "wanted": "target types",
    "chosen": "defaults",
    "learns": "defaults",
    "by_row": "per-example score",
    "constant": "dummy predictor",
    "names": "metric names",
    "some": "semi-supervised",
    "few": "semi-supervised",
    "two": "adversarial pair",
    "looks": "test-set accesses",
    "item": "series id",
    "least_rows": "min_samples_leaf",
    "set_aside": "invalid rows, dropped",
    "told_apart": "discriminator accuracy",
    "watch": "training diagnostics",
}
# "path" or "path:name" -> why the word is the right one there.
ALLOWED: Mapping[str, str] = {
    "data/series/steps.py:ticks": "the numbers of steps of time, which are no entries of a log",
    "data/sources/delimited/dialect.py:fields": "what the fields of a line of CSV are called everywhere",
    "data/targets/rows.py:parts": "the targets that one of several consists of",
    "rendering/axes.py:Tick": "the mark on the axis of a chart",
    "training/schedule.py:Constant": "a constant learning rate",
}


def words(name: str) -> list[str]:
    """Return the words of a name: ``TableFront`` is table front."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]


def named(path: str, tree: ast.Module) -> Iterator[tuple[str, str, bool]]:
    """Yield where something is named, its name, and whether it is a file, a class or a function of the module."""
    for part in path.removesuffix(".py").split("/"):
        yield path, part, True
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield f"{path}:{node.name}", node.name, True
        for inner in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                yield f"{path}:{node.name}.{inner.name}", inner.name, False  # type: ignore[attr-defined]


def retired(name: str, whole: bool) -> str | None:
    """Return what to say instead of a name, or None."""
    plain = "_".join(words(name))
    if whole and plain in NAMES:
        return NAMES[plain]
    return next((WORDS[word] for word in words(name) if word in WORDS), None)


def offences() -> dict[str, str]:
    """Return where a retired name stands, and what to say instead."""
    found = {}
    for module in modules().values():
        for where, name, whole in named(module.path, module.tree):
            if say := retired(name, whole):
                found[where] = f"{name}: {say}"
    return found


def test_nothing_has_a_retired_name() -> None:
    assert {where: say for where, say in offences().items() if where not in ALLOWED} == {}


def test_no_exception_is_stale_or_without_a_reason() -> None:
    assert set(ALLOWED) <= set(offences())
    assert all(len(why) > 20 for why in ALLOWED.values())


def test_retired_names_are_seen() -> None:
    assert retired("TableFront", True) == "preprocessor"
    assert retired("steps_feed", False) == "data loader"
    assert retired("codes", True) is not None
    assert retired("codes", False) is None
    assert retired("field_names", True) is None
