"""The page of a first hour shows what is shown: each line that is typed does what it did, in the same words."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from first_hour import PAGE, Session, typed

# Lines that depend on the machine and its speed, as the widths of tables do, and words that depend on numbers.
VARIES = re.compile(r" |epoch |step |Using |Timing |Restored |Early |Calibration|Overfitting|Generalisation|could |A ")


def words(line: str) -> str:
    """Return a line without its numbers and its layout."""
    return " ".join(re.sub(r"[\d.,:−–-]+", "#", line).split())


@pytest.mark.slow
def test_the_page_shows_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))
    session = Session(tmp_path)
    page = list(typed(PAGE.read_text(encoding="utf-8")))
    assert len(page) > 15
    for one in page:
        shown = {words(line)[:40] for line in session.run(one)}
        missing = [line for line in one.shown if line and not VARIES.match(line) and words(line)[:40] not in shown]
        assert missing == [], f"{one.line} no longer shows these lines; it shows {sorted(shown)}"
