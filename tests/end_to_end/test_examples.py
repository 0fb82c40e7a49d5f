"""The examples run, and reach what they show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(("script", "words"), [("own_module.py", "accuracy"), ("frame.py", "r2")])
def test_scripts(script: str, words: str, place: Path) -> None:
    command = [sys.executable, "-W", "error", str(EXAMPLES / script)]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=False, env={**os.environ, "PYTHONUTF8": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert words in done.stdout
    assert (place / "runs").is_dir()


def test_the_cifar10_experiment(cli, place: Path) -> None:
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for level, label in ((40, "cat"), (200, "dog")):
            folder = place / "cifar10" / split / label
            folder.mkdir(parents=True)
            for i in range(20):
                pixels = np.clip(rng.normal(level, 30, (32, 32, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}.png")
    assert cli("train", EXAMPLES / "cifar10.yaml", "--epochs", "1", "--deterministic", "-q") == 0
    assert (place / "runs" / "cifar10-1" / "report.html").exists()


def test_every_example_is_run() -> None:
    assert {file.name for file in EXAMPLES.iterdir() if file.is_file()} == {"own_module.py", "frame.py", "cifar10.yaml"}
