"""Trees of source code, the working tree's and a commit's, and running a job with either."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bits.jobs import Job
from benchmarks.common import ROOT, command

CHECKPOINTS = "checkpoints"
PATIENCE = 600  # seconds that one command may take
REFUSED = 2  # the exit code of words that are not understood


class Broken(Exception):
    """A job that did not end as it should, and what it said."""


@dataclass(frozen=True)
class Tree:
    """One tree's code in `src`; its runs, cache and ledger lie in `folder`, what it trains on in `data`."""

    name: str
    src: Path
    folder: Path
    data: Path

    @property
    def runs(self) -> Path:
        """Where its runs lie."""
        return self.folder / "runs"

    def prepare(self) -> Tree:
        """Make its folders, and end the benchmark where another tree's code would run instead of its own."""
        self.runs.mkdir(parents=True)
        words = [sys.executable, "-c", "import leadline; print(leadline.__file__)"]
        done = subprocess.run(words, env=self.environment, cwd=self.runs, capture_output=True, text=True, check=True)
        if not Path(done.stdout.strip()).resolve().is_relative_to(self.src.resolve()):
            sys.exit(f"the code of {self.name} is not what runs, but {done.stdout.strip()}")
        return self

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its processes: its code, and a cache and a ledger of its own."""
        own = {"LEADLINE_CACHE": str(self.folder / "cache"), "LEADLINE_HOME": str(self.folder / "home")}
        return os.environ | own | {"PYTHONPATH": str(self.src), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}

    def train(self, job: Job) -> Path:
        """Run a job in the first of its spellings that is understood, and return the run's folder; raises Broken."""
        run = self.runs / job.name
        for spelling in job.spellings():
            shutil.rmtree(run, ignore_errors=True)
            process = self._start(spelling, job.processes)
            if job.killed and self._killed(process, run):
                process = self._start(("resume", job.name, "--quiet"))
            code, said = self._end(process)
            if code != REFUSED:
                break
        if code:
            raise Broken(f"{job.name} with {self.name} ended with {code}:\n{said[-2000:]}")
        return run

    def _start(self, words: tuple[str, ...], processes: int = 1) -> subprocess.Popen[str]:
        given = [word.replace("{data}", str(self.data)).replace("{runs}", str(self.runs)) for word in words]
        started = command(*given)
        if processes > 1:
            started[1:1] = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            started, cwd=self.runs, env=self.environment, stdout=subprocess.DEVNULL, stderr=pipe, text=True, encoding="utf-8"
        )

    def _end(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Wait until a process ends, and return its exit code and messages."""
        try:
            _, said = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.terminate()  # not killed, so that it ends the processes that it has begun
            process.communicate()
            raise Broken(f"a command of {self.name} took more than {PATIENCE} s") from None
        return process.returncode, said

    def _killed(self, process: subprocess.Popen[str], run: Path) -> bool:
        """Kill a run once it has written a checkpoint, and say whether it was begun; raises Broken where it ended before."""
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            if any((run / CHECKPOINTS).glob("*.json")):
                process.kill()
                process.communicate()
                if (run / "report.json").exists():
                    break
                return True
            time.sleep(0.002)
        if process.returncode != REFUSED:
            raise Broken(f"{run.name} with {self.name} ended before it could be killed")
        return False


def take(commit: str, folder: Path) -> Path:
    """Write the source code of a commit into a folder, and return where packages lie in it."""
    done = subprocess.run(["git", "-C", ROOT, "archive", "--format=tar", commit, "src"], capture_output=True, check=False)
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
