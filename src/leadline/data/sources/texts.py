"""Files that hold one text each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from leadline.core.catalogue import say
from leadline.data.sources import encodings
from leadline.data.table import Progress
from leadline.errors import DataError

_TELLING = 1 << 16  # bytes of a file that its encoding is told by


def read(
    root: Path, names: Sequence[str], encoding: str | None, progress: Progress | None
) -> tuple[pl.Series, tuple[str, ...]]:
    """Return the contents of some files under a folder, null where there is nothing but blanks, and notes for the user.

    Each is read in the encoding that is named, or else in its own. Raises DataError for a file that cannot be read.
    """
    asked = encodings.named(encoding) if encoding else None
    contents: list[str | None] = []
    others: Counter[str] = Counter()
    for done, name in enumerate(names, start=1):
        path = root / name
        try:
            data = path.read_bytes()
        except OSError as error:
            raise DataError(say("sources.unreadable", path=path, error=error.strerror)) from None
        codec = asked or encodings.of_sample(data[:_TELLING], path)
        if asked is None and codec.codec == encodings.UTF_8 and len(data) > _TELLING:
            codec = encodings.of_sample(data, path)
        others[codec.codec] += 1
        text = "".join(encodings.decoded([data], codec, path))
        contents.append(text if text.strip() else None)
        if progress:
            progress(say("stages.reading-files", folder=root.name), done, len(names))
    del others[encodings.UTF_8]
    said = ", ".join(f"{count:,} as {codec}" for codec, count in others.most_common())
    if not said:
        return pl.Series(contents, dtype=pl.String), ()
    note = say("sources.texts-not-utf-8", root=root, others=others.total(), files=len(names), encodings=said)
    return pl.Series(contents, dtype=pl.String), (note,)
