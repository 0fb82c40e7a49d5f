from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from one_of_several import train
from safetensors.torch import load_file

from leadline.errors import UsageError
from leadline.training.distributed import ALONE, World, joined
from sentences import says

WORKER = Path(__file__).with_name("one_of_several.py")


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def start(out: Path, accumulates: tuple[int, ...], size: int) -> None:
    """Run the worker in `size` processes, as torchrun would start them, and see that they all end well."""
    common = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "WORLD_SIZE": str(size),
    }
    started = [
        subprocess.Popen(
            [sys.executable, str(WORKER), str(out), *map(str, accumulates)],
            env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]
    try:
        errors = [process.communicate(timeout=60)[1] for process in started]
    finally:
        for process in started:
            process.kill()
    assert [process.returncode for process in started] == [0] * size, errors


def test_two_processes_end_where_one_does(tmp_path: Path) -> None:
    train(tmp_path, 1, ALONE)
    alone = load_file(tmp_path / "0-of-1-1.safetensors")
    assert alone["ticks"][:, 0].tolist() == [4, 8, 12]
    assert bytes(alone["word"].tolist()).decode() == "naïve 計画"
    start(tmp_path, (1, 3), size=2)
    for accumulate in (1, 3):
        for rank in range(2):
            one = load_file(tmp_path / f"{rank}-of-2-{accumulate}.safetensors")
            assert one.keys() == alone.keys()
            for name, expected in alone.items():
                torch.testing.assert_close(one[name], expected, rtol=1e-5, atol=1e-5)


def test_one_process_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined() as world:
        assert world is ALONE and world.is_main
        assert world.share("plan") == "plan"
        assert world.any(True) and not world.any(False)
        assert world.sum_(torch.tensor(3)) == 3
        world.barrier()


def test_only_rank_zero_is_main() -> None:
    assert [World(rank, 2).is_main for rank in range(2)] == [True, False]


def test_half_an_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match=says("training.distributed-variable-missing")), joined():
        pass
