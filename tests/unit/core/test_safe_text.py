"""Names in any script are visible, and turn nothing round but themselves."""

from __future__ import annotations

import pytest

from leadline.core.catalogue import say
from leadline.core.safe_text import LONGEST, apart, for_terminal, printable, straight, visible

ARABIC, HEBREW = "شمس", "חתול"


@pytest.mark.parametrize("name", ["cat", "猫", ARABIC, HEBREW, "نعم 2", "nan", "None", "<b>", "a b", "é", "👩‍🔬", ""])
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert visible(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("line\nbreak\tand\x00more", "line break and more"),
        ("a\u2028b", "a b"),
        ("\u202eevil", "evil"),
        ("a\u2067b\u2069\u202c", "ab"),
        ("\u200b", "(blank: U+200B)"),
        ("\u3164\u00a0", "(blank: U+3164 U+00A0)"),
        (" ", "(blank: U+0020)"),
        ("\u202e", "(blank: U+202E)"),
    ],
)
def test_what_would_hide_or_turn_is_made_plain(name: str, shown: str) -> None:
    assert visible(name) == shown


@pytest.mark.parametrize("name", [ARABIC, HEBREW, f"a {ARABIC}", "\u0661\u0662"])
def test_what_runs_from_right_to_left_is_isolated_in_sentences(name: str) -> None:
    assert apart(name) == f"\u2068{name}\u2069"
    assert for_terminal(apart(name)) == name


def test_other_names_need_no_isolates_and_long_ones_are_cut() -> None:
    assert apart("cat 1") == "cat 1"
    assert apart("a" * 61) == "a" * (LONGEST - 1) + "…"
    assert apart("a" * 60) == "a" * 60


def test_markdown_keeps_isolates_and_drops_overrides() -> None:
    assert straight(f"\u202e{apart(ARABIC)}\u202c") == apart(ARABIC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
        ("\x9b2J\x7f\r", r"\x9b2J\x7f\r"),
        ("half \udcff", r"half \udcff"),
        ("Łódź,\ttwo\nlines", "Łódź,\ttwo\nlines"),
    ],
)
def test_what_is_printed_cannot_command_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert say("cli.error", message=text) == f"leadline: {shown}"
