"""Runs what `docs/first_hour.md` types, in the terminal and in Python; as a script it writes the outputs into it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "first_hour.md"
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
PROMPTS = {"console": "$ ", "python": ">>> "}


class Typed(NamedTuple):
    """One line that is typed, in which language, and what the page shows under it."""

    language: str
    line: str
    shown: tuple[str, ...]


def typed(page: str) -> Iterator[Typed]:
    """Yield the lines of all blocks in order."""
    for language, block in BLOCK.findall(page):
        prompt = PROMPTS[language]
        for piece in re.split(rf"^(?={re.escape(prompt)})", block, flags=re.MULTILINE):
            first, *shown = piece.splitlines() or [""]
            if first.startswith(prompt):
                yield Typed(language, first.removeprefix(prompt), tuple(shown))


class Session:
    """A folder to work in, and the names that Python has learnt there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: dict[str, object] = {}

    def run(self, one: Typed) -> tuple[str, ...]:
        """Return the lines that are shown under what is typed; of the terminal both streams."""
        text = self._command(one.line) if one.language == "console" else self._python(one.line)
        return tuple(line.rstrip() for line in text.splitlines() if line.strip())

    def _command(self, line: str) -> str:
        words = [sys.executable, "-m", *shlex.split(line)]
        done = subprocess.run(
            words, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False
        )
        if done.returncode == 70:
            raise AssertionError(f"{line}: {done.stdout}")
        return done.stdout

    def _python(self, line: str) -> str:
        said = io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(said):
            try:
                exec(compile(line, "<notebook>", "single"), self._names)
            except Exception as error:  # noqa: BLE001  shown as Python shows it
                said.write(traceback.format_exception_only(error)[-1])
        return said.getvalue()


def written(page: str, session: Session) -> str:
    """Return the page with the outputs that there are now."""

    def block(found: re.Match[str]) -> str:
        language = found[1]
        lines = []
        for one in typed(found[0]):
            lines += ["", PROMPTS[language] + one.line, *session.run(one)]
        return "\n".join([f"```{language}", *lines[1:], "```"])

    return BLOCK.sub(block, page)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LEADLINE_CACHE"] = f"{folder}/cache"
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), Session(Path(folder))), encoding="utf-8")
