"""Several processes that train one network, as ``torchrun`` starts them; one process is the ordinary case of a world of
size 1.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

import torch
import torch.distributed as dist
from torch import Tensor

from leadline.core.catalogue import say
from leadline.errors import UsageError


@dataclass(frozen=True)
class World:
    """The processes of a run: this one's `rank` from 0, how many there are, and which GPU of its machine it should
    take.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def is_main(self) -> bool:
        """True in the one process that writes files and talks to the user."""
        return self.rank == 0

    def barrier(self) -> None:
        """Wait until every process is here."""
        if self.size > 1:
            dist.barrier()

    def sum_(self, x: Tensor) -> Tensor:
        """Replace `x` by its sum over all processes and return it."""
        if self.size > 1:
            dist.all_reduce(x)
        return x

    def any(self, flag: bool) -> bool:
        """Return whether the flag is set in any process, so that all of them decide alike."""
        if self.size == 1:
            return flag
        return bool(self.sum_(torch.tensor(int(flag), device=self._device)).item())

    def share(self, text: str | None) -> str:
        """Return the main process's text in every process; the others' own is ignored and may be None."""
        if self.size == 1:
            return text or ""
        data = (text or "").encode() if self.is_main else b""
        length = self.sum_(torch.tensor(len(data), device=self._device))
        letters = torch.zeros(int(length.item()), dtype=torch.uint8, device=self._device)
        if data:
            letters.copy_(torch.frombuffer(bytearray(data), dtype=torch.uint8))
        dist.broadcast(letters, src=0)
        return bytes(letters.cpu().numpy()).decode()

    @property
    def _device(self) -> torch.device:
        # NCCL moves nothing but GPU memory.
        return torch.device("cuda", self.local_rank) if dist.get_backend() == "nccl" else torch.device("cpu")


ALONE = World()


@contextmanager
def joined(device: str | None = None) -> Iterator[World]:
    """Join the processes that ``torchrun`` started, for the length of the block; yields `ALONE` outside of it.

    They talk through NCCL where each has a GPU and `device` is not ``cpu``, else through Gloo. Raises UsageError where
    the environment that ``torchrun`` sets is incomplete.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    missing = [name for name in ("RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        raise UsageError(say("training.distributed-variable-missing", size=size, missing=", ".join(missing)))
    rank = int(os.environ["RANK"])
    local_rank = int(os.environ.get("LOCAL_RANK", rank))
    on_gpu = device != "cpu" and torch.cuda.is_available() and local_rank < torch.cuda.device_count()
    if on_gpu:
        torch.cuda.set_device(local_rank)
    # Its functions take the group of the moment they are imported as a default, and keep it from ever being destroyed.
    import_module("torch.distributed.nn.functional")
    dist.init_process_group("nccl" if on_gpu else "gloo", rank=rank, world_size=size)
    try:
        yield World(rank, size, local_rank)
    finally:
        # networks in cycles hold the group too, and a thread of it that outlives the interpreter aborts the process
        gc.collect()
        dist.destroy_process_group()
