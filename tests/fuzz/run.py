"""Change files of every format at random, and read them: ``python tests/fuzz/run.py [FILES] [SEED]`` (`make fuzz`).

Each is to end in a table or in one sentence, within 20 seconds, without an abort of the process; and where a strict
reader of another library reads the file too, with the same values. Files that do not are kept in `.fuzz`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

KEPT = Path(".fuzz")
LIMIT = 20.0  # seconds that a file may take
OUTCOMES = ("read", "refused", "differs", "crashed", "aborted", "hung")
WRONG = OUTCOMES[2:]


class Outcome(NamedTuple):
    """What became of a file, and for what is wrong how."""

    name: str
    why: str = ""


def outcome(path: Path) -> Outcome:
    """Read a file as a user would, and say what came of it."""
    from second_readers import difference  # a file beside this one

    from leadline.errors import LeadlineError

    try:
        table = _read(path)
    except LeadlineError as error:
        told = str(error)
        return Outcome("refused") if told and "Traceback" not in told else Outcome("crashed", told)
    except BaseException:  # noqa: BLE001  a panic of Rust code is no Exception
        return Outcome("crashed", traceback.format_exc(limit=-4))
    other = None if table is None else difference(table, path)
    return Outcome("read") if other is None else Outcome("differs", other)


def _read(path: Path) -> Any:
    from leadline.core.experiment import Experiment
    from leadline.data.columns.decoding import images, sounds
    from leadline.data.sources import read

    if path.suffix in (".png", ".jpg", ".gif"):
        images.header(path)
        images.read(path, images.Shape(16, 16, 3, "pad"))
    elif path.suffix == ".wav":
        sounds.header(path)
        sounds.read(path, 8000, 800)
    elif path.suffix == ".yaml":
        Experiment.read(path)
    else:
        return read(str(path)).frame
    return None


def _work(pipe: Connection) -> None:
    """Read files whose paths come in, until there are no more."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)  # what panics print
    while (path := pipe.recv()) is not None:
        pipe.send(tuple(outcome(Path(path))))


@dataclass
class Worker:
    """A process that reads one file after the other, and is replaced where one ends it."""

    started: float = 0.0
    path: Path | None = None
    pipe: Any = field(init=False)
    process: Any = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def take(self, path: Path) -> None:
        self.path, self.started = path, time.monotonic()
        self.pipe.send(str(path))

    def ended(self) -> Outcome | None:
        """Return what became of the file in hand, None while it is being read."""
        if self.pipe.poll():
            try:
                return Outcome(*self.pipe.recv())
            except EOFError:
                return self._replaced("aborted")
        return self._replaced("hung") if time.monotonic() - self.started > LIMIT else None

    def _replaced(self, why: str) -> Outcome:
        self.process.kill()
        self.process.join()
        self.begin()
        return Outcome(why, f"exit code {self.process.exitcode}")

    def stop(self) -> None:
        self.pipe.send(None)
        self.process.join()


def fuzz(files: Iterator[Path], workers: int) -> Iterator[tuple[Path, Outcome]]:
    """Yield what became of each file."""
    crew = [Worker() for _ in range(workers)]
    idle, busy = deque(crew), list[Worker]()
    more = True
    while more or busy:
        while more and idle:
            path = next(files, None)
            if path is None:
                more = False
                break
            idle[0].take(path)
            busy.append(idle.popleft())
        wait([worker.pipe for worker in busy], timeout=1.0)
        for worker in list(busy):
            found = worker.ended()
            if found is not None:
                assert worker.path is not None
                busy.remove(worker)
                idle.append(worker)
                yield worker.path, found
    for worker in crew:
        worker.stop()


def changed_files(folder: Path, count: int, seed: int, only: str | None = None) -> Iterator[Path]:
    """Write changed files of all formats in turn, or of one, and yield each."""
    from changes import changed
    from seeds import seeds

    known = [(suffix, content) for suffix, content in seeds().items() if only in (None, suffix)]
    for number in range(count):
        suffix, content = known[number % len(known)]
        path = folder / f"{seed}-{number}{suffix}"
        path.write_bytes(changed(content, np.random.default_rng((seed, number))))
        yield path


def main() -> int:
    """Fuzz, print a table by format, keep what is wrong; return 1 where something is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="?", type=int, default=10_000)
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--only", help="one format, such as .parquet")
    asked = parser.parse_args()
    counted: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LEADLINE_CACHE"] = str(Path(folder) / "cache")
        for path, found in fuzz(changed_files(Path(folder), asked.files, asked.seed, asked.only), os.cpu_count() or 1):
            counted.setdefault(path.suffix, Counter())[found.name] += 1
            if found.name in WRONG:
                KEPT.mkdir(exist_ok=True)
                shutil.copy(path, KEPT)
                print(f"{path.name}: {found.name}: {found.why}", flush=True)
            path.unlink()
    print(f"{'format':10}", *(f"{name:>8}" for name in OUTCOMES))
    for suffix, counts in counted.items():
        print(f"{suffix:10}", *(f"{counts[name]:8}" for name in OUTCOMES))
    return int(any(counts[name] for counts in counted.values() for name in WRONG))


if __name__ == "__main__":
    sys.exit(main())
