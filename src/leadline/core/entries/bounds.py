"""What no entry of an experiment can hold, whatever it is: numbers that no network can calculate with, and text that
cannot be written to a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leadline.core.catalogue import say
from leadline.core.entries.surface import as_written, named
from leadline.core.safe_text import is_unicode

LARGEST_INT = 2**63 - 1
LARGEST_FLOAT = 3.4e38  # of float32


def out_of_bounds(values: object, at: str = "") -> Iterator[str]:
    """Yield a sentence for each entry at a dotted place, and below, that holds such a value."""
    if isinstance(values, Mapping):
        for name, value in values.items():
            if not is_unicode(str(name)):
                yield say("options.name-not-encodable", entry=named(at) if at else say("options.experiment"), name=name)
            yield from out_of_bounds(value, f"{at}.{name}" if at else str(name))
    elif isinstance(values, list | tuple):
        for value in values:
            yield from out_of_bounds(value, at)
    elif isinstance(values, str) and not is_unicode(values):
        with as_written(at):
            yield say("options.not-encodable", entry=named(at), value=values)
    elif isinstance(values, int) and abs(values) > LARGEST_INT:
        with as_written(at):
            yield say("options.integer-too-large", entry=named(at), most=LARGEST_INT)
    elif isinstance(values, float) and LARGEST_FLOAT < abs(values) < float("inf"):
        with as_written(at):
            yield say("options.number-too-large", entry=named(at), most=LARGEST_FLOAT)
