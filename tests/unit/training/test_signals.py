from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from leadline.training.signals import catching

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends the process on Windows")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_becomes_a_flag_and_handlers_are_put_back(number: int) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with catching() as stopped:
        assert stopped() is None
        os.kill(os.getpid(), number)
        assert stopped() == number
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_second_interrupt_does_not_wait() -> None:
    with pytest.raises(KeyboardInterrupt), catching() as stopped:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    assert stopped() == signal.SIGTERM


def test_elsewhere_than_in_the_main_thread_nothing_is_caught() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with catching() as stopped:
            seen.append((stopped(), signal.getsignal(signal.SIGINT) is before))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(None, True)]
