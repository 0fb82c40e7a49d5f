"""Documents promise only what is there: every file, name, target and command that they mention exists."""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path

import pytest
import typer

from leadline.cli.app import app
from leadline.core.registry_tables import TABLES

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")]
DOCUMENTS += sorted(file for file in (ROOT / "docs").glob("*.md") if file.name != "formulas.md")  # test_formulas.py
PLACES = ("", "src/leadline/", "tests/", "docs/", "benchmarks/")  # that paths may be relative to
WRITTEN = ("runs/", "exhibits/", "checkpoints/")  # by a run: not in this tree


def quoted(text: str) -> set[str]:
    """Return what stands in backticks, but for blocks of code."""
    return set(re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)))


def expanded(name: str) -> list[str]:
    """Return the names that one with braces stands for: ``a/{b,c}.py`` is ``a/b.py`` and ``a/c.py``."""
    found = re.search(r"\{([^{}]*)\}", name)
    if found is None:
        return [name]
    parts = (name[: found.start()] + part.strip() + name[found.end() :] for part in found.group(1).split(","))
    return [one for part in parts for one in expanded(part)]


@cache
def source() -> frozenset[str]:
    """Return all words of the code, of its templates and of what configures it."""
    files = [
        f for folder in ("src", "tests", "benchmarks", "examples") for f in (ROOT / folder).rglob("*") if f.is_file()
    ]
    files += [ROOT / "pyproject.toml", ROOT / "Makefile"]
    text = "\n".join(
        f.read_text(encoding="utf-8")
        for f in files
        if f.suffix in {".py", ".toml", ".j2", ""} and f.name != "test_documents.py"
    )
    return frozenset(re.findall(r"\w+", text))


def reached(name: str) -> bool:
    """Say whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            at: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        return all((at := getattr(at, part, None)) is not None for part in parts[length:])
    return False


def missing(word: str) -> bool:
    """Say whether what stands in backticks names something that is not there, and that would be of this tree."""
    if re.search(r"[<>*…|=\s]|\.\.\.", word) and not word.startswith(("make ", "leadline ")):
        return False
    if word.startswith("make "):
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
        return not {w for w in word.split()[1:] if re.fullmatch(r"[a-z-]+", w)} <= set(targets)
    if word.startswith("leadline "):
        command = word.split()[1]
        return re.fullmatch(r"[a-z]+", command) is not None and command not in typer.main.get_command(app).commands  # type: ignore[attr-defined]
    if re.fullmatch(r"leadline(\.\w+)+", word):
        return word.removeprefix("leadline.") not in TABLES and not reached(word)  # or a group of entry points
    if re.fullmatch(r"[\w./{},-]+/[\w./{},-]*", word) and not word.startswith(("/", *WRITTEN)):
        looked = [any((ROOT / place / one).exists() for place in PLACES) for one in expanded(word)]
        known = word.endswith((".py", ".md", ".toml", "/")) or (ROOT / "src/leadline" / word.partition("/")[0]).is_dir()
        return known and not all(looked)
    if re.fullmatch(r"[A-Z][a-z]+[A-Z]\w+|[a-z]+_\w+|\w+\(\)", word):
        return word.removesuffix("()") not in source()
    return False


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_what_is_mentioned_exists(document: Path) -> None:
    words = quoted(document.read_text(encoding="utf-8"))
    assert words
    assert sorted(word for word in words if missing(word)) == []


@pytest.mark.parametrize(
    "word",
    ["make nothing", "leadline trane", "leadline.nothing.at.all", "nn/nothing.py", "tests/{unit,none}/", "NoSuchClass"],
)
def test_what_is_missing_is_seen(word: str) -> None:
    assert missing(word)


@pytest.mark.parametrize(
    "word",
    [
        "make test",
        "leadline train",
        "leadline.nn.rng",
        "nn/rng.py",
        "tests/{unit,contracts}/",
        "InputEncoder",
        "x == 1",
    ],
)
def test_what_is_there_passes(word: str) -> None:
    assert not missing(word)
