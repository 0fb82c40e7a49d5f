"""What a notebook shows of measures: a small table, in which every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import islice

from leadline.core.finding import Finding
from leadline.core.wording import Wording, level

SHOWN = 12  # measures


def table(findings: Iterable[Finding], words: Wording, title: str) -> str:
    """Return a title in words and the first measures of the whole of a split, with intervals, as HTML."""
    whole = (f for f in findings if f.value is not None and f.group is None and f.split and f.unit != "rows")
    first = list(islice(whole, SHOWN))
    rows = "".join(_row(f, words) for f in first)
    splits = " and ".join(dict.fromkeys(f.split or "" for f in first))
    heads = (f"On {splits} rows", "Value", f"{level(first[0])} CI", "n") if first else ()
    head = f"<tr>{''.join(f'<th>{escape(one)}</th>' for one in heads)}</tr>"
    return f"<p>{escape(title)}</p><table>{head}{rows}</table>"


def _row(finding: Finding, words: Wording) -> str:
    n = "" if finding.n is None else f"{finding.n:,}"
    cells = (words.title(finding), words.amount(finding), words.span(finding), n)
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
