"""What a person sees while a run goes on: bars with an ETA in a terminal, a few plain lines elsewhere. Always on
stderr.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Protocol, Self

from leadline.core.catalogue import say
from leadline.core.wording import capitalised


class Progress(Protocol):
    """How verbs say what they are doing; `Silent`, `Lines` and `Bars` are the three ways to show it."""

    def note(self, text: str) -> None:
        """Say one thing that the user should know."""

    def stage(self, name: str, done: int, total: int) -> None:
        """Say how far a named stage of work is."""

    def train(self, done: int, total: int, rate: float, shown: Mapping[str, str]) -> None:
        """Say how far training is: steps done of total, examples a second, and epoch, losses and metrics in words."""

    def epoch(self, number: int, epochs: int, shown: Mapping[str, str]) -> None:
        """Say that an epoch has ended, with its losses and metrics in words."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Silent:
    """Shows nothing."""

    def note(self, text: str) -> None:
        pass

    def stage(self, name: str, done: int, total: int) -> None:
        pass

    def train(self, done: int, total: int, rate: float, shown: Mapping[str, str]) -> None:
        pass

    def epoch(self, number: int, epochs: int, shown: Mapping[str, str]) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class _Clock:
    """Says whether something of a kind may be shown again: not more often than every so many seconds."""

    def __init__(self, every: float) -> None:
        self.every = every
        self._last: dict[str, float] = {}

    def due(self, kind: str, *, at_once: bool) -> bool:
        """Return whether a line of a kind may be written now; the first one may be `at_once`, or after as long as all
        others.
        """
        now = time.monotonic()
        if now - self._last.setdefault(kind, now - self.every if at_once else now) < self.every:
            return False
        self._last[kind] = now
        return True

    def restart(self, kind: str) -> None:
        """Count from now on for a kind."""
        self._last[kind] = time.monotonic()

    def forget(self, kind: str) -> None:
        """Treat the next of a kind as the first."""
        self._last.pop(kind, None)


class Lines(Silent):
    """Plain lines: notes, an epoch line at most every few seconds, a line for a stage, or within an epoch, when it
    takes long.
    """

    EVERY = 5.0  # seconds between lines of one kind

    def __init__(self, write: Callable[[str], object] | None = None) -> None:
        self._write = write or (lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201  this is what it is for
        self._clock = _Clock(self.EVERY)

    def note(self, text: str) -> None:
        self._write(text)

    def stage(self, name: str, done: int, total: int) -> None:
        if done >= total:
            self._clock.forget(name)  # it may come again
        elif self._clock.due(name, at_once=False):
            self._write(say("pipeline.stage-line", stage=name, done=done, total=total))

    def train(self, done: int, total: int, rate: float, shown: Mapping[str, str]) -> None:
        if done < total and self._clock.due("train", at_once=False):
            step = say("pipeline.step-line", done=done, total=total)
            self._write("  ".join([step, describe(shown), say("pipeline.examples-per-second", rate=rate)]))

    def epoch(self, number: int, epochs: int, shown: Mapping[str, str]) -> None:
        self._clock.restart("train")  # steps are told only while no epoch ends
        if number == epochs or self._clock.due("epoch", at_once=True):
            self._write(epoch_line(number, epochs, shown))


class Bars(Silent):
    """Rich progress bars in a terminal, with notes and epoch lines above them."""

    DELAY = 1.0  # seconds a stage may take before it is given a bar
    EVERY = 2.0  # seconds between epoch lines
    FIXED = 40  # characters of a training's bar beside its losses and metrics: name, bar and ETA

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._console = Console(stderr=True, highlight=False)
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[count]}", markup=False),
            TextColumn(say("pipeline.eta")),
            TimeRemainingColumn(),
        )
        self._bars = RichProgress(*columns, console=self._console, transient=True)
        self._tasks: dict[str, object] = {}
        self._began: dict[str, float] = {}
        self._clock = _Clock(self.EVERY)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def note(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)

    def stage(self, name: str, done: int, total: int) -> None:
        if done >= total:
            self._drop(name)
        elif time.monotonic() - self._began.setdefault(name, time.monotonic()) > self.DELAY or name in self._tasks:
            self._show(name, done, total, f"{done:,}/{total:,}")

    def train(self, done: int, total: int, rate: float, shown: Mapping[str, str]) -> None:
        name = say("pipeline.stage-training")
        if done >= total:
            self._drop(name)
        else:
            words = [*_words(shown), say("pipeline.examples-per-second", rate=rate)]
            self._show(name, done, total, fitting(words, self._console.width - self.FIXED))

    def epoch(self, number: int, epochs: int, shown: Mapping[str, str]) -> None:
        if number == epochs or self._clock.due("epoch", at_once=True):
            line = epoch_line(number, epochs, shown)
            self._console.print(line, markup=False, style="dim", soft_wrap=True)

    def _show(self, name: str, done: int, total: int, count: str) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total, count=count)
        self._bars.update(self._tasks[name], completed=done, total=total, count=count)  # type: ignore[arg-type]

    def _drop(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        self._began.pop(name, None)
        if task is not None:
            self._bars.remove_task(task)  # type: ignore[arg-type]


def describe(shown: Mapping[str, str]) -> str:
    """Return losses and metrics as a line of text."""
    return "  ".join(_words(shown))


def epoch_line(number: int, epochs: int, shown: Mapping[str, str]) -> str:
    """Return the line of an epoch that has ended."""
    return capitalised(describe({say("pipeline.epoch"): f"{number}/{epochs}", **shown}))


def fitting(words: list[str], width: int) -> str:
    """Return as many of the words, from the first on, as fit a width; the first in any case."""
    line = words[0]
    for word in words[1:]:
        if len(line) + 2 + len(word) > width:
            break
        line = f"{line}  {word}"
    return line


def progress(quiet: bool = False) -> Progress:
    """Return bars in a terminal, lines elsewhere, nothing when quiet."""
    if quiet:
        return Silent()
    return Bars() if sys.stderr.isatty() else Lines()


def _words(shown: Mapping[str, str]) -> list[str]:
    return [f"{name} {value}" for name, value in shown.items()]
