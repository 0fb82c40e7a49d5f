"""Texts whose words are marked by what they do to a decision."""

from __future__ import annotations

from leadline.rendering.exhibits import Piece, texts


def test_words_are_marked_by_direction_and_strength() -> None:
    content = {
        "texts": [{"caption": "no, taken for yes", "pieces": ["good ", "film ", "bad "], "weights": [1.0, 0.01, -0.4]}]
    }
    (passage,) = texts(content)
    assert passage.caption == "no, taken for yes"
    assert passage.pieces == (Piece("good ", "for", 100), Piece("film ", "plain", 1), Piece("bad ", "against", 40))


def test_letters_that_turn_text_round_are_taken_out_and_blanks_stay_blank() -> None:
    content = {"texts": [{"caption": "", "pieces": ["a\u202e", " ", "\n"], "weights": [0.0, 0.0, 0.0]}]}
    assert [piece.text for piece in texts(content)[0].pieces] == ["a", " ", " "]
