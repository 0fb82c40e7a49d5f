"""Whether a column holds text that is written to be read, rather than names, codes or one of a few values.

Words are known by the blanks between them, and in scripts without blanks by their letters.
"""

from __future__ import annotations

import polars as pl

from leadline.data.columns.scalars.parsing import clean, is_text

NO_BLANKS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
_WORD = r"(?:^|[\s\p{P}])\p{L}[\p{L}\p{M}'’]*\p{L}\p{M}*"  # two letters or more, no digits
_SMALL = r"(?:^|[\s\p{P}])[\p{Ll}\p{Lo}][\p{L}\p{M}'’]*\p{L}\p{M}*"  # one that starts without a capital
_LOOK = 10_000  # texts that are looked at


def looks_like_prose(column: pl.Series) -> float:
    """Return how surely a column is text, 0 to 1, going by a sample of its values.

    Values hardly repeat, or are long and differ in hundreds; and a quarter of them are several words of which not each
    starts with a capital, as each of a name does, or are seven words or more. In scripts without blanks six letters do.
    """
    if column.dtype != pl.String:
        return 0.0
    values = clean(column).drop_nulls()
    if values.is_empty():
        return 0.0
    words = values.str.count_matches(_WORD)
    dense = values.str.count_matches(NO_BLANKS)
    blanks = values.str.contains(r"\s")
    least = 4 if _is_caseless(values) else 2
    read = blanks & (((words >= least) & (values.str.count_matches(_SMALL) > 0)) | (words >= 7)) | (dense >= 6)
    if float(read.sum()) < 0.25 * len(values):
        return 0.0
    different = values.n_unique() / len(values)
    long = float((words + dense).mean() or 0)  # type: ignore[arg-type]
    if len(values) < 20:  # where little can be said of repeating
        return 0.85 if different > 0.9 and long >= 4 else 0.0
    if different > 0.5:
        return 0.7
    return 0.85 if long >= 8 and values.n_unique() >= 100 else 0.0


def tokens_for(column: pl.Series) -> str:
    """Return what the text is best cut into: ``words``, or ``characters`` where most letters are of scripts without
    blanks.
    """
    step = max(1, len(column) // _LOOK)
    values = clean(column.gather_every(step)).drop_nulls() if is_text(column) else column.clear()
    if values.is_empty():
        return "words"
    dense, letters = values.str.count_matches(NO_BLANKS).sum(), values.str.count_matches(r"\p{L}").sum()
    return "characters" if 2 * dense > letters else "words"


def _is_caseless(values: pl.Series) -> bool:
    """Say whether most letters are of a script without capitals, in which names look like other words."""
    cased = values.str.count_matches(r"[\p{Lu}\p{Ll}]").sum()
    return bool(2 * cased < values.str.count_matches(r"\p{L}").sum())
