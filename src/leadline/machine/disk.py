"""What a full disk says of itself, in the words of each library that writes."""

from __future__ import annotations

import errno
import os
import re

# A quota, or the largest file that this process may write, is a full disk to whoever writes.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SHORT = re.compile(r"\d+ requested and \d+ written")  # NumPy, where less was written than given


def is_full(error: BaseException) -> bool:
    """Return whether an error says that a disk is full; safetensors, polars and NumPy say so in words only."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _FULL
    words = str(error)
    known = any(f"(os error {number})" in words or os.strerror(number) in words for number in _FULL)
    return known or (isinstance(error, OSError) and _SHORT.search(words) is not None)
