"""Free text as an input: what is recognised, fitted, encoded, embedded and given back."""

import re

import numpy as np
import polars as pl
import pytest
import torch

from leadline.core.catalogue import say
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.columns import category, text
from leadline.data.columns.contract import ColumnContext
from leadline.data.columns.text import COLUMN, INPUT, TextPreprocessor
from leadline.errors import DataError, UsageError
from sentences import says

TEXTS = ["How far is it to Ulm?", "How far is it to Rome, then?", "Is it far?", "it is far to Ulm!"]


def an_input(state: dict) -> InputSchema:
    field = ColumnSchema(name="x", kind="text", state=state)
    return InputSchema(name="x", kind="text", fields=(field,), shape=INPUT.shape([field]))


def column(values: list[str | None]) -> pl.Series:
    return pl.Series("words", values, dtype=pl.String)


def fitted(values: list[str | None], **options: object) -> dict:
    return dict(COLUMN.fit(column(values), ColumnContext(None, options)))


def of(pattern: str, count: int = 60) -> list[str]:
    """Return different values of one pattern: W a word in small letters, N one with a capital, D a digit."""
    rng = np.random.default_rng(0)

    def word(capital: bool) -> str:
        letters = "".join(rng.choice(list("abdeiknorst"), rng.integers(3, 8)))
        return letters.title() if capital else letters

    return [
        "".join(word(c == "N") if c in "WN" else str(rng.integers(10)) if c == "D" else c for c in pattern)
        for _ in range(count)
    ]


@pytest.mark.parametrize(
    "values",
    [
        of("N W W W W."),
        of("W W"),
        of("N W W") + of("N"),
        of("N N N N N N N N"),
        ["".join(np.random.default_rng(i).choice(list("日本語東京都市大学生活動物園"), 12)) for i in range(60)],
        [
            " ".join(np.random.default_rng(i).choice(["यह", "किताब", "बहुत", "अच्छी", "नहीं", "है", "मैं", "घर"], 6))
            for i in range(60)
        ],
        ["the film is a joy to watch", "I did not like the end at all", "what a mess this story is, sadly"],
    ],
    ids=["sentences", "titles", "short-titles", "headlines", "japanese", "hindi", "few"],
)
def test_text_is_recognised(values: list[str]) -> None:
    sure = COLUMN.infer(column(values), ColumnContext())
    assert sure > category.COLUMN.infer(column(values), ColumnContext())


@pytest.mark.parametrize(
    "values",
    [
        of("N N"),
        of("N, Mr. N N"),
        of("WDDD"),
        of("DD N N, N"),
        of("W@W.W"),
        of("https://W.W/W"),
        of("W/W/W.png"),
        of("2024-01-0D 1D:00"),
        ["private", "self employed", "without pay", "not in the labour force"] * 20,
        ["yes", "no"] * 30,
        ["田中太郎", "山田花子", "佐藤次郎"] * 10,
    ],
    ids=[
        "names",
        "long-names",
        "codes",
        "addresses",
        "mails",
        "links",
        "paths",
        "times",
        "few-values",
        "yes",
        "japanese-names",
    ],
)
def test_names_codes_and_classes_are_no_text(values: list[str]) -> None:
    assert COLUMN.infer(column(values), ColumnContext()) == 0


def test_other_types_are_no_text() -> None:
    assert COLUMN.infer(pl.Series([1.5, 2.5]), ColumnContext()) == 0
    assert COLUMN.infer(pl.Series(["a b c d e f"] * 3, dtype=pl.Categorical), ColumnContext()) == 0


def test_long_texts_may_repeat() -> None:
    texts = of("W W W W W W W W W W", 120)
    assert COLUMN.infer(column(texts * 5), ColumnContext()) > category.COLUMN.infer(column(texts * 5), ColumnContext())


def test_what_a_fit_finds() -> None:
    state = fitted(TEXTS)
    assert (state["tokens"], state["lower"], state["width"]) == ("words", True, 128)
    assert {"far", "is", "it", "ulm"} < set(state["vocabulary"])
    assert "rome" not in state["vocabulary"]  # it occurs once
    assert an_input(state).shape == (9,)
    assert state["longer"] == 0
    assert COLUMN.warnings(state) == []


def test_scripts_without_blanks_are_cut_into_characters() -> None:
    assert fitted(["東京は大きい都市です", "京都は古い都市です"])["tokens"] == "characters"
    assert fitted(["the word 東京 is Japanese"])["tokens"] == "words"


def test_words_that_occur_once_are_known_where_there_are_no_others() -> None:
    assert set(fitted(["one two", "three four"])["vocabulary"]) > {"one", "two", "three", "four"}


def test_encoding_gives_all_tokens_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    state = fitted(TEXTS)
    values = [*TEXTS, "", None, "  \t\n", "\u200b", "never seen"]
    encoded = COLUMN.encode(column(values), state, ColumnContext())
    assert encoded.values.dtype == np.int32
    assert encoded.lengths is not None
    assert encoded.lengths.tolist() == [7, 9, 4, 6, 0, 0, 0, 1, 2]
    assert encoded.missing == (4, 5, 6)
    assert encoded.problems == {}
    assert encoded.values[-2:].tolist() == [1, 1]
    monkeypatch.setattr(text, "BLOCK", 2)
    again = COLUMN.encode(column(values), state, ColumnContext())
    np.testing.assert_array_equal(again.values, encoded.values)
    assert again.missing == encoded.missing
    assert fitted(TEXTS) == state


def test_nothing_to_encode() -> None:
    encoded = COLUMN.encode(column([]), fitted(TEXTS), ColumnContext())
    assert encoded.lengths is not None
    assert (len(encoded.values), len(encoded.lengths)) == (0, 0)


def test_long_texts_are_cut_and_counted() -> None:
    state = fitted(["a b c", "a b c a b c a b", "a"], max_length=4)
    assert (state["longer"], state["looked_at"]) == (1, 3)
    assert COLUMN.warnings(state) == [say("columns.texts-truncated", count=1, texts=3, length=4)]
    encoded = COLUMN.encode(column(["a b c a b c", "b", "c b a c b"]), state, ColumnContext())
    assert encoded.lengths is not None
    assert encoded.lengths.tolist() == [4, 1, 4]
    known = {name: number for number, name in enumerate(state["vocabulary"])}
    assert encoded.values.tolist() == [known[letter] for letter in "abcabcbac"]


def test_a_few_long_texts_do_not_make_all_batches_long() -> None:
    state = fitted(["a b c"] * 999 + ["a " * 400])
    assert (state["length"], state["longer"]) == (3, 1)
    assert fitted(["a " * 600] * 5)["length"] == 512
    assert fitted(["a " * 600] * 5, max_length=1000)["length"] == 1000


def test_of_very_many_texts_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "SAMPLE", 10)
    state = fitted(["a b c", "d e"] * 20, max_length=2)
    assert state["looked_at"] == 10
    assert re.fullmatch(says("columns.texts-truncated-sampled", texts=10, length=2), COLUMN.warnings(state)[0])


def test_texts_come_back() -> None:
    state = fitted(TEXTS)
    encoded = COLUMN.encode(column(["Is it far?"]), state, ColumnContext())
    assert COLUMN.decode(encoded.values[None], state) == ["is it far ?"]
    raw = torch.from_numpy(np.pad(encoded.values, (0, 3)))[None]
    np.testing.assert_array_equal(INPUT.stored(an_input(state), raw), encoded.values[None])


def test_rows_become_batches_padded_with_zeros() -> None:
    state = fitted(TEXTS)
    encoded = COLUMN.encode(column(TEXTS), state, ColumnContext())
    assert encoded.lengths is not None
    ends = torch.from_numpy(np.concatenate([[0], np.cumsum(encoded.lengths)]))
    x_BT = INPUT.storage(an_input(state), torch.from_numpy(encoded.values), ends).gather(torch.tensor([2, 0]))
    assert x_BT.dtype == torch.int32
    assert (x_BT != 0).sum(1).tolist() == [4, 7]


def test_what_is_encoded_depends_on_the_vocabulary_and_the_length_alone() -> None:
    assert COLUMN.recipe(fitted(TEXTS, embedding_dim=8)) == COLUMN.recipe(fitted(TEXTS, embedding_dim=16))
    assert COLUMN.recipe(fitted(TEXTS, max_length=3)) != COLUMN.recipe(fitted(TEXTS, max_length=4))


def test_the_front_embeds_and_masks() -> None:
    state = fitted(TEXTS, embedding_dim=6)
    front = COLUMN.preprocessor([state])
    assert isinstance(front, TextPreprocessor)
    x_BT = torch.tensor([[3, 1, 2, 0], [0, 0, 0, 0]], dtype=torch.int32)
    values, mask = front(x_BT)
    assert values.shape == (2, 4, 6)
    assert mask is not None
    assert mask.tolist() == [[True, True, True, False], [True, False, False, False]]
    assert torch.equal(values[x_BT == 0], torch.zeros(5, 6))
    torch.testing.assert_close(values[0, 0], front.weight_VE[3])
    values.sum().backward()
    assert front.weight_VE.grad is not None
    assert front.weight_VE.grad[0].abs().sum() == 0
    assert front.weight_VE.grad[1:4].abs().sum() > 0
    assert front(INPUT.example(an_input(state))).values.shape == (2, *an_input(state).shape, 6)


def test_classical_models_are_given_tokens_padded_to_the_longest_text() -> None:
    assert COLUMN.plain is not None
    state = fitted(TEXTS)
    front = COLUMN.plain([state])
    x_BT = torch.tensor([[4, 1, 2, 0], [0, 0, 0, 0]], dtype=torch.int32)
    values = front(x_BT).values
    assert values.dtype == torch.float32 and values.shape == (2, state["length"])
    assert values[:, :4].tolist() == x_BT.tolist() and not values[:, 4:].any()
    (said,) = front.texts
    assert (said.start, said.length, said.vocabulary) == (0, state["length"], len(state["vocabulary"]))


def test_texts_all_of_one_word() -> None:
    state = fitted(["no no", "no", "no no no"])
    assert state["vocabulary"][2:] == ["no"]
    assert COLUMN.encode(column(["no yes"]), state, ColumnContext()).values.tolist() == [2, 1]


def test_columns_of_other_types_are_read_as_text() -> None:
    numbers = pl.Series("words", [1.0, 2.0, 12.0])
    assert set(COLUMN.fit(numbers, ColumnContext(None, {"tokenizer": "characters"}))["vocabulary"][2:]) == {"1", "2"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tokenizer": "letters"}, "'letters'"),
        ({"vocabulary_size": 2}, "'vocabulary_size'"),
        ({"max_length": 0}, "'max_length'"),
        ({"embedding_dim": True}, "'embedding_dim'"),
        ({"lowercase": "yes"}, "'lowercase'"),
        ({"lenght": 3}, "length"),
        ({"vectors": 3}, "skipgram"),
        ({"vectors": "skipgram", "tokenizer": "bpe"}, "bpe"),
    ],
)
def test_options_that_make_no_sense(options: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        fitted(TEXTS, **options)


def test_no_text_at_all() -> None:
    with pytest.raises(DataError, match=says("columns.no-training-tokens", column="words", tokens="words")):
        fitted([None, "", "  "])
