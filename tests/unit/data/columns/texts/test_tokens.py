"""Vocabularies: what is a token, in any script; numbers and text of each other."""

import numpy as np
import pytest

from leadline.data.columns.texts.tokens import KINDS, NAMES, UNKNOWN, Tokens, learn, tokens_of

TEXTS = ["How far is it to Ulm?", "How far is it to Rome, then?", "Is it far?", "It's far to Ulm!"]


def vocabulary(texts: list[str], kind: str, *, most: int = 500, least: int = 1, lower: bool = False) -> dict:
    return learn([texts], kind, most=most, least=least, lower=lower)


def cut(text: str, kind: str) -> list[str]:
    state = vocabulary([text], kind)
    numbers, _ = Tokens(state).numbers([text])
    return [state["vocabulary"][number] for number in numbers]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's 3,000 km — isn’t it?", ["It's", "3", ",", "000", "km", "—", "isn’t", "it", "?"]),
        ("jean-claud  van\tdamme\n", ["jean", "-", "claud", "van", "damme"]),
        ("naïve CAFÉ", ["naïve", "CAFÉ"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("Привет, мир", ["Привет", ",", "мир"]),
        ("so 😀😀", ["so", "😀", "😀"]),
    ],
)
def test_words_of_any_script(text: str, words: list[str]) -> None:
    assert cut(text, "words") == words


def test_characters_are_code_points() -> None:
    assert cut("日本 a\n", "characters") == ["日", "本", " ", "a", "\n"]


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_and_lengths_agree_and_text_comes_back(kind: str) -> None:
    state = vocabulary(TEXTS, kind)
    assert state["vocabulary"][:2] == list(NAMES)
    numbers, lengths = Tokens(state).numbers(["Is it far to Ulm?", "", "Is it"])
    assert (numbers.dtype, lengths.dtype) == (np.int32, np.int64)
    assert lengths.sum() == len(numbers)
    assert lengths[1] == 0
    assert numbers.min() > UNKNOWN
    first = Tokens(state).text(numbers[: lengths[0]].tolist())
    assert first == ("Is it far to Ulm ?" if kind == "words" else "Is it far to Ulm?")


@pytest.mark.parametrize("kind", KINDS)
def test_a_vocabulary_does_not_depend_on_how_texts_arrive(kind: str) -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join("".join(rng.choice(list("abcdeé"), 3)) for _ in range(6)) for _ in range(200)]
    whole = learn([texts], kind, most=400, least=2, lower=True)
    pieces = learn((texts[at : at + 7] for at in range(0, 200, 7)), kind, most=400, least=2, lower=True)
    assert whole == pieces


def test_only_the_most_frequent_tokens_are_known() -> None:
    state = vocabulary(["b b b a a c"], "words", most=4)
    assert state["vocabulary"] == [*NAMES, "b", "a"]
    numbers, _ = Tokens(state).numbers(["c b a d"])
    assert numbers.tolist() == [UNKNOWN, 2, 3, UNKNOWN]
    assert Tokens(state).text(numbers.tolist()) == "[unknown] b a [unknown]"


def test_tokens_that_are_rare_are_unknown() -> None:
    assert vocabulary(["a a b"], "words", least=2)["vocabulary"] == [*NAMES, "a"]


def test_case_is_dropped_where_asked() -> None:
    assert set(vocabulary(["Ärger ärger ÄRGER"], "words", lower=True)["vocabulary"]) == {*NAMES, "ärger"}


def test_letters_are_the_same_however_they_are_composed() -> None:
    state = vocabulary(["caf\u00e9"], "words")
    numbers, _ = Tokens(state).numbers(["cafe\u0301"])
    assert numbers.tolist() == [2]


def test_bytes_know_every_text() -> None:
    state = vocabulary(TEXTS, "bpe")
    assert len(state["vocabulary"]) >= 258
    text = "Ωmega 漢字 😀 \t!"
    numbers, _ = Tokens(state).numbers([text])
    assert UNKNOWN not in numbers
    assert Tokens(state).text(numbers.tolist()) == text


def test_frequent_bytes_are_joined() -> None:
    state = vocabulary(["low lower lowest"] * 20, "bpe", most=300)
    numbers, _ = Tokens(state).numbers(["low"])
    assert len(numbers) == 1
    assert "low" in state["vocabulary"]


@pytest.mark.parametrize("kind", KINDS)
def test_texts_cannot_name_padding_or_the_unknown(kind: str) -> None:
    state = vocabulary([" ".join(NAMES)] * 3, kind)
    numbers, _ = Tokens(state).numbers([" ".join(NAMES)])
    assert numbers.min() > UNKNOWN


def test_a_vocabulary_is_made_once() -> None:
    state = vocabulary(TEXTS, "words")
    assert tokens_of(state) is tokens_of(state)
    assert tokens_of(dict(state)) is not tokens_of(state)
