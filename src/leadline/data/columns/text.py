"""Free text: token numbers, of which each row has as many as its text is long; embedded inside the network.

Shapes in names: N texts, S tokens of all texts one after another, B rows of a batch, T tokens of the longest of them, V
tokens of the vocabulary, E features of an embedding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.schema import InputSchema
from leadline.data.columns.contract import (
    ColumnContext,
    ColumnState,
    ColumnType,
    Display,
    Encoded,
    Entries,
    InputType,
    RowModel,
    TokenCodes,
)
from leadline.data.columns.options import choice, known_only
from leadline.data.columns.scalars.parsing import as_text
from leadline.data.columns.texts import pretokenized, prose, word_vectors
from leadline.data.columns.texts.token_likelihood import Tokens
from leadline.data.columns.texts.token_masking import TokenMasking
from leadline.data.columns.texts.tokens import KINDS, NAMES, PADDING, UNKNOWN, learn, tokens_of
from leadline.data.storage import RaggedRows, RowStorage
from leadline.errors import DataError, UsageError
from leadline.nn.batch import Signal, Texts
from leadline.nn.layers.pooling import with_first

BLOCK = 2_000  # texts that are held at a time
SAMPLE = 200_000  # texts, evenly spread, that a vocabulary is learnt from
MOST = 20_000  # tokens that a vocabulary has unless the user says otherwise
LONGEST = 512  # tokens of a text, unless the user says otherwise
FIT = 0.995  # of the texts that are trained on are not cut
WIDTH = 128
# tokens that models which count n-grams look at together: two words, or about as many letters as a word has
NGRAMS = {"words": 2, "given": 2, "bpe": 3, "characters": 4}
SPREAD = 0.1  # the standard deviation that embeddings start with
_OPTIONS = ("tokenizer", "vocabulary_size", "min_count", "max_length", "lowercase", "embedding_dim", "vectors")


def _fit(column: pl.Series, context: ColumnContext) -> ColumnState:
    """Return the vocabulary, how long a text may be, and what is known of the vectors that embeddings start from.

    Of more than `SAMPLE` texts so many are looked at. Raises DataError where no text has a token or a file of vectors
    cannot be used, UsageError for options that make no sense.
    """
    options = context.options
    known_only("text", options, _OPTIONS)
    rows = len(column)
    column = column if rows <= SAMPLE else column.gather(np.linspace(0, rows - 1, SAMPLE).astype(np.int64))
    usual = "given" if pretokenized.are_lists(column) else prose.tokens_for(column)
    kind = choice(options, "tokenizer", KINDS) if options.get("tokenizer") else usual
    lower = _truth(options, "lowercase", kind == "words")
    most, least = _whole(options, "vocabulary_size", MOST, len(NAMES) + 1), _whole(options, "min_count", 0, 1)
    state = _learnt(column, kind, most, least, lower=lower)
    texts, lengths_N = _lengths(column, state)
    longest = _whole(options, "max_length", 0, 1)
    state["length"] = length = longest or int(min(LONGEST, math.ceil(np.quantile(lengths_N, FIT))))
    state |= {
        "looked_at": texts,
        "all": rows <= SAMPLE,
        "longer": int((lengths_N > length).sum()),
        "width": _whole(options, "embedding_dim", WIDTH, 1),
    }
    wanted = options.get("vectors")
    if wanted is None:
        return state
    if kind not in ("words", "given"):
        raise UsageError(say("columns.vectors-need-words", column=column.name, tokens=kind))
    if wanted == "skipgram":
        ids, lengths = zip(
            *(_cut(*tokens_of(state).numbers(block), length) for block in _blocks(column, kind)), strict=True
        )
        return state | {"vectors": word_vectors.trained(np.concatenate(ids), np.concatenate(lengths), state)}
    found = word_vectors.from_file(wanted, state["vocabulary"])
    if options.get("embedding_dim") not in (None, found["width"]):
        raise UsageError(
            say(
                "columns.vectors-width",
                path=wanted,
                width=found["width"],
                asked=options["embedding_dim"],
            )
        )
    return state | {"width": found["width"], "vectors": found}


def _learnt(column: pl.Series, kind: str, most: int, least: int, *, lower: bool) -> dict[str, Any]:
    """Return the vocabulary. Unless `least` is given tokens occur twice, or where hardly any do, once."""
    state = learn(_blocks(column, kind), kind, most=most, least=least or 2, lower=lower)
    if not least and kind != "bpe" and len(state["vocabulary"]) < 2 * len(NAMES):
        state = learn(_blocks(column, kind), kind, most=most, least=1, lower=lower)
    if len(state["vocabulary"]) == len(NAMES):
        raise DataError(say("columns.no-training-tokens", column=column.name, tokens=kind))
    return state


def _lengths(column: pl.Series, state: ColumnState) -> tuple[int, np.ndarray]:
    """Return how many texts there are that are not empty, and how many tokens each of them has."""
    tokens = tokens_of(state)
    lengths_N = np.concatenate([tokens.numbers(block)[1] for block in _blocks(column, state["tokens"])])
    lengths_N = lengths_N[lengths_N > 0]
    return len(lengths_N), lengths_N


def _blocks(column: pl.Series, kind: str) -> Iterator[list[str]]:
    """Yield the texts, a block at a time: all of a large file would not fit into memory."""
    texts = pretokenized.as_given if kind == "given" else as_text
    for start in range(0, len(column), BLOCK):
        yield texts(column[start : start + BLOCK]).fill_null("").to_list()


def _cut(ids_S: np.ndarray, lengths_N: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return tokens without those that are beyond the longest text there may be, and how many each text has then."""
    if not len(lengths_N) or lengths_N.max() <= longest:
        return ids_S, lengths_N
    first_N = np.cumsum(lengths_N) - lengths_N
    place_S = np.arange(len(ids_S)) - np.repeat(first_N, lengths_N)
    return ids_S[place_S < longest], np.minimum(lengths_N, longest)


def _encode(column: pl.Series, state: ColumnState, context: ColumnContext) -> Encoded:
    ids, lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    for block in _blocks(column, state["tokens"]):
        some_S, some_N = _cut(*tokens_of(state).numbers(block), state["length"])
        ids.append(some_S)
        lengths.append(some_N)
    lengths_N = np.concatenate(lengths)
    return Encoded(np.concatenate(ids), {}, lengths_N, tuple(np.flatnonzero(lengths_N == 0).tolist()))


def _decode(values: np.ndarray, state: ColumnState) -> list[str]:
    return [tokens_of(state).text(row) for row in values.tolist()]


def _storage(one: InputSchema, values: Tensor, ends: Tensor | None) -> RowStorage:
    assert ends is not None
    return RaggedRows(values, ends, padding=PADDING, longest=one.fields[0].state["length"])


def _example(one: InputSchema) -> Tensor:
    return torch.full((2, one.fields[0].state["length"]), UNKNOWN, dtype=torch.int32)


class TextPreprocessor(nn.Module):
    """Token numbers (B,T) to a Signal of embeddings (B,T,E), padding masked and all zeros.

    `start` gives the embeddings of known words the vectors that the state names, if any; loading a run needs none of
    that. The first step is never masked, so that a row without any token has one to look at.
    """

    def __init__(self, state: ColumnState) -> None:
        super().__init__()
        self.weight_VE = nn.Parameter(torch.empty(len(state["vocabulary"]), state["width"]))
        nn.init.normal_(self.weight_VE, std=SPREAD)
        with torch.no_grad():
            self.weight_VE[PADDING] = 0
        self._vectors: Mapping[str, Any] | None = state.get("vectors")

    def start(self) -> None:
        """Put in the vectors of known words; other words stay as drawn, as far apart as those (Kim 2014). Raises
        DataError.
        """
        if self._vectors is None:
            return
        number_K, vector_KE = word_vectors.kept(self._vectors)
        with torch.no_grad():
            self.weight_VE.mul_(float(vector_KE.std()) / SPREAD)
            self.weight_VE[torch.from_numpy(number_K)] = torch.from_numpy(vector_KE)

    def forward(self, x_BT: Tensor) -> Signal:
        return Signal(F.embedding(x_BT, self.weight_VE, padding_idx=PADDING), with_first(x_BT != PADDING))


class PlainTextPreprocessor(nn.Module):
    """Token numbers (B,T) to a Signal of them (B,L) as float32, with padding up to the longest text; `texts` says so of
    its columns.
    """

    def __init__(self, state: ColumnState) -> None:
        super().__init__()
        self.length: int = state["length"]
        together = NGRAMS[state["tokens"]]
        self.texts = (Texts(0, self.length, len(state["vocabulary"]), UNKNOWN, together),)

    def forward(self, x_BT: Tensor) -> Signal:
        return Signal(F.pad(x_BT.float(), (0, self.length - x_BT.shape[1]), value=PADDING))


def _front(states: Sequence[ColumnState]) -> nn.Module:
    return TextPreprocessor(states[0])


def _plain(states: Sequence[ColumnState]) -> nn.Module:
    return PlainTextPreprocessor(states[0])


def _recipe(state: ColumnState) -> ColumnState:
    return {key: state[key] for key in ("tokens", "lower", "vocabulary", "merges", "length") if key in state}


def _remarks(state: ColumnState) -> list[str]:
    said = []
    if state["longer"]:
        name = "columns.texts-truncated" if state["all"] else "columns.texts-truncated-sampled"
        said.append(say(name, count=state["longer"], texts=state["looked_at"], length=state["length"]))
    if "vectors" in state:
        said.append(word_vectors.vector_coverage(state["vectors"], len(state["vocabulary"]) - len(NAMES)))
    return said


def _whole(options: Mapping[str, Any], name: str, default: int, least: int) -> int:
    value = options.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(say("columns.option-whole-number", option=name, least=least, value=value))
    return value


def _truth(options: Mapping[str, Any], name: str, default: bool) -> bool:
    value = options.get(name)
    if value is not None and not isinstance(value, bool):
        raise UsageError(say("columns.option-boolean", option=name, value=value))
    return default if value is None else value


def _infer(column: pl.Series, context: ColumnContext) -> float:
    return prose.looks_like_prose(column)


def _described(one: InputSchema) -> str:
    state = one.fields[0].state
    kind = {"words": "words", "characters": "characters", "bpe": "byte pairs", "given": "tokens"}[state["tokens"]]
    known = len(state["vocabulary"]) - len(NAMES)
    return say("columns.described-text", length=state["length"], tokens=kind, vocabulary=known)


def _texts(one: InputSchema, column: pl.Series) -> Iterator[list[str]]:
    return _blocks(column, one.fields[0].state["tokens"])


def _spans(one: InputSchema, text: str) -> Sequence[tuple[int, int, bool]]:
    state = one.fields[0].state
    return tokens_of(state).spans(text)[: state["length"]]


def _stored(one: InputSchema, raw: Tensor) -> np.ndarray:
    return raw[:, raw[0] != PADDING].numpy()


INPUT = InputType(
    "text",
    shape=lambda fields: (fields[0].state["length"],),
    example=_example,
    describe=_described,
    ragged=True,
    storage=_storage,
    stored=_stored,
    network=lambda one, predicts: Component(name="textcnn"),
    pace=lambda one: "few",
    strong=(
        Component(name="word_dropout", options={"amount": 0.2}),
        Component(name="mask", options={"amount": 0.3}),
    ),
    entries=lambda one: Entries(math.prod(one.shape), classes=True),
    row_model=RowModel(
        lambda one, pixels, sigma: Tokens(one.fields[0].state),
        lambda one, pixels: Tokens.description,
        masking=lambda one, rate, patch: TokenMasking(rate, len(one.fields[0].state["vocabulary"])),
    ),
    display=Display("texts"),
    baselines=("tfidf",),
    tokens=TokenCodes(PADDING, UNKNOWN, lambda one: one.fields[0].state["vocabulary"], texts=_texts, spans=_spans),
)
COLUMN = ColumnType(
    "text",
    _infer,
    _fit,
    _encode,
    _decode,
    _front,
    plain=_plain,
    recipe=_recipe,
    warnings=_remarks,
    input=INPUT,
    options=_OPTIONS,
    verbatim=True,
)
