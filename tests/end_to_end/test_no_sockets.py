"""Nothing that a verb does with local files opens a socket."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys

opened = []
sys.addaudithook(lambda event, _: opened.append(event) if event.startswith("socket.") else None)

from leadline.cli.main import run

words = ["--quiet", "--epochs", "1", "--set", "baselines=[linear]"]
codes = [
    run(["train", "iris", *words, "--out", "run"]),
    run(["predict", "run", "iris", "-o", "rows.csv", "--quiet"]),
    run(["evaluate", "run", "--quiet"]),
    run(["report", "run"]),
    run(["verify", "run", "--quiet"]),
]
print(codes, opened, file=sys.stderr)
sys.exit(bool(opened) or any(codes))
"""
HEARD = """
import socket, sys

opened = []
sys.addaudithook(lambda event, _: opened.append(event) if event.startswith("socket.") else None)
socket.socket().close()
sys.exit(not opened)
"""


def test_local_files_are_trained_on_predicted_and_verified_without_one(place: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_one_that_is_opened_would_be_heard(place: Path) -> None:
    assert subprocess.run([sys.executable, "-c", HEARD], cwd=place, check=False).returncode == 0
