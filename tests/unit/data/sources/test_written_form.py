"""What is said of words that stand for missing values."""

from __future__ import annotations

from leadline.core.catalogue import say
from leadline.data.sources.written_form import notes_on_missing


def test_words_read_as_missing_are_one_line_whatever_the_number_of_columns() -> None:
    assert notes_on_missing({"a": {}}) == ()
    one = say("sources.words-read-as-missing", column="a", cells=3, words="'NA', '?'")
    assert notes_on_missing({"a": {"NA": 2, "?": 1}, "b": {}}) == (one,)
    (many,) = notes_on_missing({f"c{i}": {"NA": 1_000 + i} for i in range(5)})
    assert many == say(
        "sources.words-read-as-missing-in-columns",
        cells=5_010,
        columns=5,
        words="'NA'",
        named="'c0' 1,000, 'c1' 1,001, 'c2' 1,002 and 2 more",
    )
