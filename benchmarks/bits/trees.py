"""Trees of source code, the working tree's and a commit's, and running a job with either."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bits.forks import Forks
from benchmarks.bits.jobs import Job
from benchmarks.common import ROOT, command

CHECKPOINTS = "checkpoints"
PATIENCE = 600  # seconds that one command may take
REFUSED = 2  # the exit code of words that are not understood


class Broken(Exception):
    """A job that did not end as it should, and what it said."""


# Python runs this first in every process of a tree: packages that add to Leadline fit one of the trees alone.
ALONE = """
import importlib.metadata

everything = importlib.metadata.entry_points
importlib.metadata.entry_points = lambda **asked: (
    () if asked.get("group", "").startswith("leadline.") else everything(**asked)
)
"""


class Tree:
    """One tree's code in `src`; its runs, cache and ledger lie in `folder`, what it trains on in `data`."""

    def __init__(self, name: str, src: Path, folder: Path, data: Path) -> None:
        """Make its folders, and end the benchmark where another tree's code would run instead of its own."""
        self.name, self.folder, self.data = name, folder, data
        self.runs = folder / "runs"
        self.runs.mkdir(parents=True)
        alone = folder / "alone"
        alone.mkdir()
        (alone / "sitecustomize.py").write_text(ALONE, encoding="utf-8")
        own = {
            "LEADLINE_CACHE": str(folder / "cache"),
            "LEADLINE_HOME": str(folder / "home"),
            "PYTHONPATH": os.pathsep.join((str(alone), str(src))),
        }
        self.environment = os.environ | own | {"OMP_NUM_THREADS": "1"}
        words = [sys.executable, "-c", "import leadline; print(leadline.__file__)"]
        done = subprocess.run(words, env=self.environment, cwd=self.runs, capture_output=True, text=True, check=True)
        if not Path(done.stdout.strip()).resolve().is_relative_to(src.resolve()):
            sys.exit(f"the code of {name} is not what runs, but {done.stdout.strip()}")

    def __enter__(self) -> Tree:
        """Begin the process that its commands are copies of."""
        self.forks = Forks(self.environment, self.runs, self.folder / "messages.txt")
        return self

    def __exit__(self, *_: object) -> None:
        """End that process."""
        self.forks.close()

    def train(self, job: Job) -> Path:
        """Run a job in the first of its spellings that is understood, and return the run's folder; raises Broken."""
        run, code, said = self.runs / job.name, 0, ""
        for spelling in job.spellings():
            shutil.rmtree(run, ignore_errors=True)
            words = [word.replace("{data}", str(self.data)).replace("{runs}", str(self.runs)) for word in spelling]
            if job.processes > 1:
                code, said = self._together(words, job.processes)
            else:
                code, said = self._alone(words, run if job.killed else None)
            if code == -signal.SIGKILL and job.killed:
                code, said = self._alone(("resume", job.name, "--quiet"))
            if code != REFUSED:
                break
        if code:
            raise Broken(f"{job.name} with {self.name} ended with {code}:\n{said[-2000:]}")
        return run

    def _together(self, words: Sequence[str], processes: int) -> tuple[int, str]:
        """Run a command in several processes, and return its exit code and what it said."""
        started = command(*words)
        started[1:1] = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        try:
            done = subprocess.run(
                started,
                cwd=self.runs,
                env=self.environment,
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Broken(f"a command of {self.name} took more than {PATIENCE} s") from None
        return done.returncode, done.stderr

    def _alone(self, words: Sequence[str], killed: Path | None = None) -> tuple[int, str]:
        """Run a command, and return its exit code and what it said; the run in `killed` is killed after its first
        checkpoint.

        Raises Broken where it ends before it can be killed, or goes on for too long.
        """
        number = self.forks.start(words)
        deadline, code = time.monotonic() + PATIENCE, None
        while code is None and time.monotonic() < deadline:
            code = self.forks.ended(0.002 if killed else 1.0)
            if killed and code is None and any((killed / CHECKPOINTS).glob("*.json")):
                os.kill(number, signal.SIGKILL)
                code = self.forks.ended(PATIENCE)
        if code is None:
            os.kill(number, signal.SIGKILL)
            self.forks.ended(PATIENCE)
            raise Broken(f"a command of {self.name} took more than {PATIENCE} s")
        if killed and code == 0:
            raise Broken(f"{killed.name} with {self.name} ended before it could be killed")
        return code, self.forks.messages.read_text(encoding="utf-8", errors="replace")


def take(commit: str, folder: Path) -> Path:
    """Write the source code of a commit into a folder, and return where packages lie in it."""
    done = subprocess.run(
        ["git", "-C", ROOT, "archive", "--format=tar", commit, "src"], capture_output=True, check=False
    )
    if done.returncode:
        sys.exit(f"there is no commit {commit}: {done.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"


def name_of(commit: str) -> str:
    """Return the full name of a commit."""
    words = ["git", "-C", str(ROOT), "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"there is no commit {commit}")
    return done.stdout.strip()
