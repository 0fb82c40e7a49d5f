"""Vocabularies of text: words, byte pairs or characters, learnt with the `tokenizers` library; text to token numbers
and back.

Number 0 is padding and 1 an unknown token. Shapes in names: N texts, S tokens of all texts one after another.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PADDING, UNKNOWN = 0, 1
# No token of a text is called so: words have no blanks, characters are single, and bytes are written without blanks.
NAMES = ("[ padding ]", "[ unknown ]")
KINDS = ("words", "bpe", "characters", "given")
_WORD = (  # letters, marks and digits of any script, apostrophes within them; else a sign by itself
    r"\w+(?:['’]\w+)*|[^\w\s]"
)
_ANY = r"[\s\S]"

State = Mapping[str, Any]


def learn(blocks: Iterable[Sequence[str]], kind: str, *, most: int, least: int, lower: bool) -> dict[str, Any]:
    """Return a vocabulary as plain JSON, learnt from blocks of texts: of the tokens that occur `least` times the `most`
    frequent.

    ``words`` are split at blanks and signs, ``given`` tokens at blanks alone, ``characters`` are code points, and
    ``bpe`` joins bytes to pairs, so that no text has an unknown token (Sennrich, Haddow & Birch 2016; on bytes Radford
    et al. 2019). All text is brought to Unicode's form C.
    """
    from tokenizers import models, pre_tokenizers, trainers

    trainer: trainers.Trainer
    if kind == "bpe":
        tokenizer = _prepared(models.BPE(), kind, lower=lower)
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=most,
            min_frequency=least,
            special_tokens=list(NAMES),
            initial_alphabet=alphabet,
            show_progress=False,
        )
    else:
        tokenizer = _prepared(models.WordLevel({}, NAMES[UNKNOWN]), kind, lower=lower)
        trainer = trainers.WordLevelTrainer(
            vocab_size=most, min_frequency=least, special_tokens=list(NAMES), show_progress=False
        )
    tokenizer.train_from_iterator(blocks, trainer)
    numbers = tokenizer.get_vocab()
    state: dict[str, Any] = {
        "tokens": kind,
        "lower": lower,
        "vocabulary": sorted(numbers, key=lambda token: numbers[token]),
    }
    if kind == "bpe":
        state["merges"] = _merges(tokenizer)
    return state


def _merges(tokenizer: Tokenizer) -> list[list[str]]:
    import json

    found: list[list[str]] = json.loads(tokenizer.to_str())["model"]["merges"]
    return found


class Tokens:
    """A vocabulary in use; what is slow in it runs without Python's lock."""

    def __init__(self, state: State) -> None:
        from tokenizers import decoders, models

        self._kind: str = state["tokens"]
        self._names: list[str] = state["vocabulary"]
        numbers = {name: number for number, name in enumerate(self._names)}
        if self._kind == "bpe":
            self._tokenizer = _prepared(
                models.BPE(numbers, [(a, b) for a, b in state["merges"]]), self._kind, lower=state["lower"]
            )
            self._tokenizer.decoder = decoders.ByteLevel()
        else:
            self._tokenizer = _prepared(models.WordLevel(numbers, NAMES[UNKNOWN]), self._kind, lower=state["lower"])

    def numbers(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the token numbers of all texts (S,) int32, and how many each text has (N,) int64."""
        found = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        lengths_N = np.fromiter(map(len, found), np.int64, len(found))
        every = itertools.chain.from_iterable(one.ids for one in found)
        return np.fromiter(every, np.int32, int(lengths_N.sum())), lengths_N

    def spans(self, text: str) -> list[tuple[int, int, bool]]:
        """Return where each token begins and ends in a text as it is written, in characters, and whether it is
        unknown.
        """
        found = self._tokenizer.encode(text, add_special_tokens=False)
        return [(*place, number == UNKNOWN) for number, place in zip(found.ids, found.offsets, strict=True)]

    def text(self, numbers: Sequence[int]) -> str:
        """Return tokens as text: words with blanks between them, an unknown one as its name says, an unknown character
        as �.
        """
        if self._kind == "bpe":
            return str(
                self._tokenizer.decode([number for number in numbers if number > UNKNOWN], skip_special_tokens=False)
            )
        letters = self._kind == "characters"
        unknown = "�" if letters else "[unknown]"
        return ("" if letters else " ").join(
            unknown if number == UNKNOWN else self._names[number] for number in numbers if number != PADDING
        )

    def pieces(self, numbers: Sequence[int]) -> list[str]:
        """Return each token as text by itself, a blank after each word; padding is left out."""
        kept = [number for number in numbers if number != PADDING]
        if self._kind == "bpe":
            return [self.text([number]) if number > UNKNOWN else "�" for number in kept]
        if self._kind == "characters":
            return ["�" if number == UNKNOWN else self._names[number] for number in kept]
        return [f"{'[unknown]' if number == UNKNOWN else self._names[number]} " for number in kept]


class _Same:
    """A state that equals itself alone: what is made of it is found again without looking at all of it."""

    def __init__(self, state: State) -> None:
        self.state = state

    def __hash__(self) -> int:
        return id(self.state)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.state is self.state


def tokens_of(state: State) -> Tokens:
    """Return the vocabulary of a state, made once for a state that is used again and again."""
    return _made(_Same(state))


@lru_cache(maxsize=4)
def _made(same: _Same) -> Tokens:
    return Tokens(same.state)


def _prepared(model: Any, kind: str, *, lower: bool) -> Tokenizer:
    from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers

    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), *([normalizers.Lowercase()] if lower else [])])
    if kind == "words":
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_WORD), "removed", invert=True)
    elif kind == "given":
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "removed")
    elif kind == "characters":
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_ANY), "isolated")
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer
