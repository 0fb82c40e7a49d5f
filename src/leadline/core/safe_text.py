"""Names from the data in any script: visible, on one line, and unable to turn round the text they stand in."""

from __future__ import annotations

import re
import unicodedata

# Unicode Standard Annex 9: between them, text orders itself and nothing else
FIRST_STRONG_ISOLATE, POP = ("\u2068", "\u2069")
_OVERRIDES = dict.fromkeys(range(0x202A, 0x202F))  # and embeddings, which reach to the end of a paragraph
_ISOLATES = dict.fromkeys(range(0x2066, 0x206A))
_INVISIBLE = ("Cc", "Cf", "Zs", "Zl", "Zp")
# all but tabs and ends of lines: those of ASCII, those beyond it (C1), and lone surrogates
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
LONGEST = 60  # characters of a name in a sentence
_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and symbols that are blank


def visible(text: str) -> str:
    """Return a name on one line, without the characters that turn text round; of one that looks empty, which characters
    it is.
    """
    line = "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in straight(text).translate(_ISOLATES)
    )
    if text and all(unicodedata.category(c) in _INVISIBLE or c in _FILLERS for c in line):
        return f"(blank: {' '.join(f'U+{ord(c):04X}' for c in text[:8])})"
    return line


def straight(text: str) -> str:
    """Return text without the characters by which a name in it would turn round what follows."""
    return text.translate(_OVERRIDES)


def apart(text: str) -> str:
    """Return a visible name as it stands inside a sentence: cut where it is long, and kept from taking the sentence
    along where it runs from right to left.
    """
    line = visible(text)
    line = line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
    turns = any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in line)
    return f"{FIRST_STRONG_ISOLATE}{line}{POP}" if turns else line


def printable(text: str) -> str:
    """Return text with control characters written out (``\\x1b``): a name from a file that is printed cannot move the
    cursor, change colours or set the title of a terminal. Lines and tabs stay; so are half characters of names that are
    no UTF-8 written out, which could not be printed.
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def is_unicode(text: str) -> bool:
    """Say whether text can be written: names of files that are no UTF-8, and escapes of JSON, bring half characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def for_terminal(text: str) -> str:
    """Return printable text without isolates, which terminals show as boxes."""
    return printable(text.replace(FIRST_STRONG_ISOLATE, "").replace(POP, ""))
