"""Train several runs of one kind, the repeats or the folds of one: in turn, or at once where the machine has cores to
spare.

A small network cannot keep several cores busy, and several of them can: each run then takes a process of its own and
its share of the cores. Seeds and folds decide what each run gives, and not what ran beside it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

import torch

from leadline import errors
from leadline.core.catalogue import say
from leadline.core.experiment import Experiment
from leadline.core.own_code import holds_object
from leadline.errors import Interrupted, LeadlineError
from leadline.machine.environment import cores
from leadline.pipeline.context import RunContext
from leadline.pipeline.train import continue_run, train_run
from leadline.run import folder as files
from leadline.run.run import Run
from leadline.training.signals import catching

POLL = 0.05  # seconds between checks of the processes
GRACE = 60.0  # seconds that a process has for its checkpoint once it is told to stop


class GroupedRun(NamedTuple):
    """One of several runs: what it is called (``Fold 2 of 5``), what it is made from, and its folder."""

    words: str
    run_context: RunContext
    folder: Path


def one_of_several(experiment: Experiment, **entries: Any) -> Experiment:
    """Return an experiment with other `entries` as one of several runs: baselines and label efficiency are left to the
    whole, and each input is trained alone only where that is asked for.
    """
    once = {
        "baselines": (),
        "single_input_ablation": bool(experiment.single_input_ablation),
        "label_efficiency": (),
    }
    return experiment.model_copy(update={**once, **entries})


def train_all(ones: Sequence[GroupedRun], whole: Path) -> list[Run | None]:
    """Bring every run to its end, from wherever it stopped; `whole` is the folder that resuming speaks of.

    Runs at once are not timed, as they share the machine. Raises what a run raises; the others then stop with a
    checkpoint.
    """
    todo = [one for one in ones if not _finished(one)]
    if len(todo) > 1 and _may_share(todo):
        _at_once(todo, whole)
    else:
        for one in todo:
            one.run_context.shown.note(one.words)
            with _named(one, whole):
                train_here(one)
    return [
        Run(one.folder, modules=one.run_context.modules or None) if one.run_context.world.is_main else None
        for one in ones
    ]


def train_here(one: GroupedRun) -> None:
    """Train one run in this process, or go on with it."""
    main, folder = one.run_context.world.is_main, one.folder
    if one.run_context.world.any(main and (folder / files.EXPERIMENT).exists()):
        continue_run(one.run_context.of(Experiment.read(folder / files.EXPERIMENT)), folder)
        return
    if main:
        shutil.rmtree(folder, ignore_errors=True)  # killed before there was anything to go on with
    train_run(one.run_context, folder)


def _finished(one: GroupedRun) -> bool:
    return one.run_context.world.any(one.run_context.world.is_main and (one.folder / files.MANIFEST).exists())


def _may_share(ones: Sequence[GroupedRun]) -> bool:
    """Say whether other processes can take the runs: several cores, no GPU, no torchrun, and all that is needed lies in
    files.
    """
    run_context = ones[0].run_context
    objects = holds_object(run_context.experiment.model_dump(mode="json"))
    here = (
        run_context.memory is not None
        or bool(run_context.modules or run_context.moved)
        or objects
        or run_context.world.size > 1
    )
    return (
        not here
        and cores() > 1
        and run_context.experiment.training.plan.device in (None, "cpu")
        and not torch.cuda.is_available()
    )


def _at_once(todo: Sequence[GroupedRun], whole: Path) -> None:
    workers = min(len(todo), cores())
    shown = todo[0].run_context.shown
    shown.note(say("pipeline.several-at-once", runs=len(todo), workers=workers))
    crew = [_Worker(max(1, cores() // workers)) for _ in range(workers)]
    failed: list[tuple[GroupedRun, LeadlineError]] = []
    waiting = deque(todo)
    with catching() as stopped:
        try:
            while (waiting and not failed) or any(worker.one for worker in crew):
                for worker in crew:
                    if worker.one is None and waiting and not failed:
                        worker.take(waiting.popleft())
                    elif worker.one is not None and worker.answered():
                        one, error = worker.result()
                        if error is not None:
                            failed.append((one, error))
                        else:
                            shown.note(say("pipeline.run-finished", run=one.words))
                if stopped() or failed:
                    break
                time.sleep(POLL)
        finally:
            for worker in crew:
                worker.leave()
        if failed:
            one, error = failed[0]
            raise type(error)(say("pipeline.in-run", run=one.words, error=error)) from None
        number = stopped()
        if number:
            raise Interrupted(say("pipeline.stopped", folder=whole), number)


class _Worker:
    """A process that trains one run after another: experiment and folder go in as a line of JSON, and comes back how it
    went.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.one: GroupedRun | None = None
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONUTF8": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            encoding="utf-8",
        )
        self._answers: SimpleQueue[str] = SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            for line in answers:
                self._answers.put(line)
        self._answers.put("")  # the process has ended

    def take(self, one: GroupedRun) -> None:
        """Begin a run, with this process's share of the cores unless the user fixed it."""
        assert self._process.stdin is not None
        self.one = one
        experiment = one.run_context.experiment
        training = experiment.training
        plan = training.plan.model_copy(update={"threads": training.plan.threads or self.threads})
        shared = experiment.model_copy(update={"training": training.model_copy(update={"plan": plan})})
        task = {"experiment": shared.unresolved(), "folder": str(one.folder.absolute())}
        with suppress(BrokenPipeError):  # a process that has died answers with nothing
            self._process.stdin.write(json.dumps(task) + "\n")
            self._process.stdin.flush()

    def answered(self) -> bool:
        """Say whether the run has ended."""
        return not self._answers.empty()

    def result(self) -> tuple[GroupedRun, LeadlineError | None]:
        """Return the run that has ended, and what it raised."""
        assert self.one is not None
        line, one, self.one = self._answers.get(), self.one, None
        if not line:
            raise RuntimeError(say("pipeline.worker-died", run=one.words))
        answer = json.loads(line)
        return one, getattr(errors, answer["error"])(answer["words"]) if answer["error"] else None

    def leave(self) -> None:
        """End the process; a run under way writes a checkpoint first."""
        if self.one is not None:
            self._process.terminate()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join()


def _work() -> None:
    """Train what comes on standard input, line by line, until nothing does."""
    for line in sys.stdin:
        task = json.loads(line)
        answer = {"error": None, "words": ""}
        try:
            # The cores are shared, so that nothing is timed.
            train_here(
                GroupedRun(
                    "", RunContext(Experiment.recorded(task["experiment"]), shares_machine=True), Path(task["folder"])
                )
            )
        except (Interrupted, KeyboardInterrupt):
            return
        except LeadlineError as error:
            answer = {"error": type(error).__name__, "words": str(error)}
        print(json.dumps(answer), flush=True)  # noqa: T201  this is how it answers


@contextmanager
def _named(one: GroupedRun, whole: Path) -> Iterator[None]:
    """Say in which run it was that a signal came, and what goes on with all of them."""
    try:
        yield
    except Interrupted as error:
        message = say("pipeline.stopped-during", run=one.words, folder=whole)
        raise Interrupted(message, error.exit_code - 128) from None


if __name__ == "__main__":
    _work()
