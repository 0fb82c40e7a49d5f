"""What to do where the memory of the machine or of its GPU is not enough: the same with fewer rows at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import torch

from leadline.core.catalogue import say
from leadline.errors import TrainingFailed

Result = TypeVar("Result")

_NOT_ENOUGH = re.compile(r"(can't|cannot) allocate memory|not enough memory|out of memory", re.IGNORECASE)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory was not enough; PyTorch's CPU allocator and its libraries say so in
    words only.
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and _NOT_ENOUGH.search(str(error)) is not None


def retry_with_half(work: Callable[[int], Result], rows: int) -> Result:
    """Return `work(rows)`, with half of the rows, and half again, where memory is not enough; raises TrainingFailed at
    one row.
    """
    while True:
        try:
            return work(rows)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if rows <= 1:
                raise TrainingFailed(say("machine.out-of-memory-one-row")) from None
        rows //= 2  # not before the error is gone, which holds what the work had allocated
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
