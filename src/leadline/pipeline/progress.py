"""What a person sees while work goes on: bars with an ETA on a terminal, quiet lines elsewhere. Always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Protocol, Self


class Progress(Protocol):
    """How verbs tell what they are doing; `Silent`, `Lines` and `Bars` are the three ways to show it."""

    def note(self, text: str) -> None:
        """Say one thing that the user should know."""

    def stage(self, name: str, done: int, total: int) -> None:
        """Say how far a named stage of work is."""

    def train(self, done: int, total: int, rate: float, shown: Mapping[str, float]) -> None:
        """Say how far training is: steps done of total, examples a second, the newest losses and measures."""

    def epoch(self, number: int, epochs: int, shown: Mapping[str, float]) -> None:
        """Say that an epoch has ended, with its losses and measures."""

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

    def train(self, done: int, total: int, rate: float, shown: Mapping[str, float]) -> None:
        pass

    def epoch(self, number: int, epochs: int, shown: Mapping[str, float]) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Lines(Silent):
    """Plain lines: notes, an epoch line at most every few seconds, a line for a stage, or within an epoch, when it
    takes long.
    """

    EVERY = 5.0  # seconds between lines of one kind

    def __init__(self, write: Callable[[str], object] | None = None) -> None:
        self._write = write or (lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201  this is what it is for
        self._last: dict[str, float] = {}

    def _due(self, kind: str, *, at_once: bool) -> bool:
        """Return whether a line of a kind may be written now; the first one may be `at_once`, or after as long as all
        others.
        """
        now = time.monotonic()
        if now - self._last.setdefault(kind, now - self.EVERY if at_once else now) < self.EVERY:
            return False
        self._last[kind] = now
        return True

    def note(self, text: str) -> None:
        self._write(text)

    def stage(self, name: str, done: int, total: int) -> None:
        if done >= total:
            self._last.pop(name, None)  # it may come again
        elif self._due(name, at_once=False):
            self._write(f"{name}: {done:,} of {total:,}")

    def train(self, done: int, total: int, rate: float, shown: Mapping[str, float]) -> None:
        if done < total and self._due("train", at_once=False):
            self._write(f"step {done:,} of {total:,}  {rate:,.0f} examples/s  {describe(shown)}")

    def epoch(self, number: int, epochs: int, shown: Mapping[str, float]) -> None:
        self._last["train"] = time.monotonic()  # steps are told only while no epoch ends
        if number == epochs or self._due("epoch", at_once=True):
            self._write(f"epoch {number}/{epochs}  {describe(shown)}")


class Bars(Silent):
    """Rich progress bars on a terminal, with notes and epoch lines above them."""

    DELAY = 1.0  # seconds a stage may take before it is given a bar

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._console = Console(stderr=True, highlight=False)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[more]}"),
        )
        self._bars = RichProgress(*columns, console=self._console, transient=True)
        self._tasks: dict[str, object] = {}
        self._began: dict[str, float] = {}

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
            self._show(name, done, total, "")

    def train(self, done: int, total: int, rate: float, shown: Mapping[str, float]) -> None:
        if done >= total:
            self._drop("training")
        else:
            self._show("training", done, total, f"{rate:,.0f} examples/s  {describe(shown)}")

    def epoch(self, number: int, epochs: int, shown: Mapping[str, float]) -> None:
        self._console.print(f"epoch {number}/{epochs}  {describe(shown)}", markup=False, style="dim")

    def _show(self, name: str, done: int, total: int, more: str) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total, more=more)
        self._bars.update(self._tasks[name], completed=done, total=total, more=more)  # type: ignore[arg-type]

    def _drop(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        self._began.pop(name, None)
        if task is not None:
            self._bars.remove_task(task)  # type: ignore[arg-type]


def describe(shown: Mapping[str, float]) -> str:
    """Return losses and measures as a line of text."""
    return "  ".join(f"{name} {value:.4g}" for name, value in shown.items())


def progress(quiet: bool = False) -> Progress:
    """Return bars on a terminal, lines elsewhere, nothing when quiet."""
    if quiet:
        return Silent()
    return Bars() if sys.stderr.isatty() else Lines()
