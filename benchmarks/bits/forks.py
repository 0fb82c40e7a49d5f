"""Commands in copies of one process that has loaded the libraries: four fifths of a short run's time are spent on
loading them.

Nothing of Leadline is loaded before a copy is made, so each runs the code that ``PYTHONPATH`` names, from its first
line on.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# Not polars: its threads do not outlive the making of a copy.
LIBRARIES = (
    "torch",
    "torch._dynamo",
    "torch.distributed.fsdp",
    "scipy.stats",
    "sklearn",
    "jinja2",
    "pydantic",
    "typer",
    "rich",
    "PIL.Image",
)


class Forks:
    """The process that makes copies of itself, seen from outside; one command at a time."""

    def __init__(self, environment: Mapping[str, str], folder: Path, messages: Path) -> None:
        """Begin it in a folder; `messages` is the file for what commands say."""
        self.messages = messages
        words = [sys.executable, __file__]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(words, stdin=pipe, stdout=pipe, bufsize=0, env=dict(environment), cwd=folder)

    def start(self, words: Sequence[str]) -> int:
        """Run ``leadline`` with these words, and return the number of its process."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"words": list(words), "messages": str(self.messages)}).encode() + b"\n")
        return self._number()

    def ended(self, seconds: float) -> int | None:
        """Wait so long at most, and return the exit code of what runs; None where it goes on."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        return self._number() if ready else None

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def _number(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


def serve() -> None:
    """Run what each line of the standard input asks for in a copy of this process, and say its number and, later,
    its exit code.
    """
    for library in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(library)
    for line in sys.stdin:
        asked = json.loads(line)
        number = os.fork()
        if number == 0:
            run(asked["words"], asked["messages"])
        print(number, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)


def run(words: Sequence[str], messages: str) -> None:
    """Become ``leadline`` with these words; what it says goes into a file, and the process ends with it."""
    silent = os.open(os.devnull, os.O_RDWR)
    said = os.open(messages, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for old, new in ((0, silent), (1, silent), (2, said)):
        os.dup2(new, old)
    sys.argv = ["leadline", *words]
    sys.path[0] = ""  # as with -m; it was this file's folder
    runpy.run_module("leadline", run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    serve()
