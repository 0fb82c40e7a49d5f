"""SIGINT and SIGTERM as a flag that is looked at between steps, so that a checkpoint can be written before leaving."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from leadline.errors import Interrupted


@contextmanager
def catching() -> Iterator[Callable[[], int | None]]:
    """Yield a function that returns the number of the signal that asked to stop, or None.

    A second SIGINT raises KeyboardInterrupt at once. Outside of the main thread nothing is caught, as Python allows no
    handlers there. The handlers found are put back at the end.
    """
    caught: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if caught and number == signal.SIGINT:
            raise KeyboardInterrupt
        caught.append(number)

    def stopped() -> int | None:
        return caught[0] if caught else None

    with _handling(note):
        yield stopped


@contextmanager
def interrupting(message: str) -> Iterator[None]:
    """Raise Interrupted with a message where SIGINT or SIGTERM comes within the block, for work that has no steps to
    stop between.

    Outside of the main thread nothing is caught. The handlers found are put back at the end.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        raise Interrupted(message, number)

    with _handling(leave):
        yield


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, found in before.items():
            # A handler that was not set from Python reads as None and cannot be put back; the default is the nearest.
            signal.signal(number, signal.SIG_DFL if found is None else found)
