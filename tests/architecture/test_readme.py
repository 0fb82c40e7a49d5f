"""Every command and every line of Python in the README runs, on small inputs of the names the README uses."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile
from PIL import Image

from leadline.cli.main import run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

# A command as the README writes it -> why it is not run here.
NOT_RUN: dict[str, str] = {}


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[list[str]]:
    """Return the words of all commands in bash blocks, without prompts, comments and what shows the exit code."""
    found = []
    for block in blocks(text, "bash"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ ").removesuffix("; echo $?"), comments=True)
            if words:
                found.append(words)
    return found


def write_media(folder: Path, rng: np.random.Generator) -> None:
    """Write texts, sounds and a series."""
    good = rng.integers(0, 2, 60)
    words = {0: "dull and far too long", 1: "wonderful and warm"}
    reviews = [f"a film that is {words[int(g)]}, part {i} of many" for i, g in enumerate(good)]
    pl.DataFrame({"text": reviews, "label": good}).write_csv(folder / "reviews.csv")
    few = [str(int(g)) if i % 3 else None for i, g in enumerate(good)]
    pl.DataFrame({"text": reviews, "label": few}).write_csv(folder / "few.csv")
    (folder / "corpus.txt").write_text("\n".join(reviews))
    tagged = [{"tokens": ["part", str(i), "ends"], "tags": ["NOUN", "NUMBER", "VERB"]} for i in range(40)]
    pl.DataFrame(tagged).write_ndjson(folder / "tokens.jsonl")
    for name, pitch in (("low", 220), ("high", 880)):
        (folder / "recordings" / name).mkdir(parents=True)
        for i in range(15):
            clip = 0.3 * np.sin(2 * np.pi * pitch * np.arange(2400) / 8000 + i) + 0.01 * rng.normal(size=2400)
            soundfile.write(folder / "recordings" / name / f"{i}.wav", clip, 8000)
    days = pl.date_range(pl.date(2023, 1, 1), pl.date(2023, 12, 31), eager=True)
    sold = 20 + 5 * np.sin(2 * np.pi * np.arange(len(days)) / 7) + rng.normal(size=len(days))
    pl.DataFrame({"day": days, "bread": sold, "cake": 0.5 * sold + rng.normal(size=len(days))}).write_csv(
        folder / "sales.csv"
    )


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    """A working folder that holds what the README's commands read, and a cache of its own."""
    rng = np.random.default_rng(0)
    for name, low in (("cat", 0), ("dog", 128)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(20):
            pixels_HWC = rng.integers(low, low + 128, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels_HWC).save(tmp_path / "photos" / name / f"{i}.jpg")
    age_N = rng.integers(18, 90, 80)
    pl.DataFrame(
        {
            "id": range(80),
            "age": age_N,
            "zipcode": rng.integers(10_000, 10_005, 80),
            "sold": [f"2024-{1 + i % 12:02}-{1 + i // 12:02}" for i in range(80)],
            "price": age_N * 1000.5 + rng.normal(size=80),
            "income": ["high" if age > 50 else "low" for age in age_N],
        }
    ).write_csv(tmp_path / "table.csv")
    write_media(tmp_path, rng)
    images = {
        f"x_{part}": rng.integers(0, 256, (n, 28, 28), dtype=np.uint8) for part, n in (("train", 60), ("test", 20))
    }
    labels = {f"y_{part}": np.arange(n) % 10 for part, n in (("train", 60), ("test", 20))}
    np.savez(tmp_path / "mnist.npz", **images, **labels)
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(words: list[str]) -> None:
    """Run a `leadline` command; see that any other one could be run."""
    program, *arguments = words
    match program:
        case "leadline":
            short = ["--epochs", "1"] if arguments[0] == "train" and "--epochs" not in arguments else []
            # A network trained for one epoch may miss a bound: the command still works.
            assert run([*arguments, *short]) in ({0, 1, 3} if "--require" in arguments else {0}), shlex.join(words)
        case "make":
            targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert {a for a in arguments if "=" not in a} <= set(targets)
        case "pip":
            assert arguments[0] == "install"
            assert all((ROOT / word).exists() for word in arguments[1:] if not word.startswith("-"))
        case "git" | "cd":
            pass
        case _:
            pytest.fail(f"do not know how to check {shlex.join(words)!r}: put it into NOT_RUN, with a reason")


def test_all_commands_run_in_order(inputs):
    for words in commands(README):
        if shlex.join(words) not in NOT_RUN:
            check(words)


def test_all_python_runs_in_order(inputs):
    code = "\n".join(blocks(README, "python"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr


def test_no_entry_is_stale_or_without_a_reason():
    assert set(NOT_RUN) <= {shlex.join(words) for words in commands(README)}
    assert all(len(why) > 10 for why in NOT_RUN.values())


def test_files_that_are_named_exist():
    linked = re.findall(r"\]\(([^)#:]+)\)", README) + re.findall(r"`(examples/[^`]+)`", README)
    assert linked
    assert [name for name in linked if not (ROOT / name).exists()] == []


def test_commands_are_read_as_a_reader_would_type_them():
    text = (
        "```bash\n$ make demo  # first\n\nleadline train digits \\\n  --require 'accuracy >= 0.9'; echo"
        " $?\n```\n```text\nno\n```\n"
    )
    assert commands(text) == [["make", "demo"], ["leadline", "train", "digits", "--require", "accuracy >= 0.9"]]
