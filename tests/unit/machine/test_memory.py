import subprocess
import sys

import pytest

from leadline.machine import memory

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.mark.skipif(sys.platform == "win32", reason="absent on Windows")
def test_peak_holds_what_was_touched_after_it_is_freed():
    code = (
        "from leadline.machine import memory\n"
        "before = memory.peak_rss_mb().mb\n"
        "block = bytearray(b'x') * 200_000_000\n"
        "during = memory.peak_rss_mb().mb\n"
        "del block\n"
        "print(before, during, memory.peak_rss_mb().mb)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, during, after = map(float, done.stdout.split())
    assert 190 < during - before < 220
    assert after == pytest.approx(during, rel=0.01)


@linux
def test_anonymous_memory_follows_allocation_and_release():
    # in a process of its own: what tests before have freed may be what a large one is given
    code = (
        "import numpy as np\n"
        "from leadline.machine import memory\n"
        "before = memory.rss_anon_mb().mb\n"
        "block = np.ones(100_000_000, np.uint8)\n"
        "during = memory.rss_anon_mb().mb\n"
        "del block\n"
        "print(before, during, memory.rss_anon_mb().mb)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, during, after = map(float, done.stdout.split())
    assert 90 < during - before < 130
    assert after < before + 30


@linux
def test_anonymous_memory_of_another_process():
    with subprocess.Popen(
        [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        mb = memory.rss_anon_mb(child.pid).mb
        child.kill()
    assert mb is not None
    assert 1 < mb < 100


def test_absent_with_reason_for_a_process_that_is_gone():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    gone = memory.rss_anon_mb(child.pid)
    assert gone.mb is None
    assert gone.why


@linux
def test_peak_is_of_this_program_not_of_the_one_that_started_it():
    code = (
        "import subprocess, sys\nblock = bytearray(b'x') * 300_000_000\nchild = 'from leadline.machine import memory;"
        " print(memory._status_mb(\"VmHWM\") or 0)'\nsys.stdout.write(subprocess.run([sys.executable, '-c', child],"
        " capture_output=True, text=True, check=True).stdout)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0 < float(done.stdout) < 100
