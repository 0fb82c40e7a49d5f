"""Vectors that embeddings of words start from: read from a file, or learnt from the text itself; kept in the cache.

A run's weights hold them once it is trained, so its schema only says where they came from. Shapes in names: K words
that have a vector, E numbers of a vector, S tokens of all texts, N texts.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from leadline.core.base import digest
from leadline.core.catalogue import say
from leadline.data import cache
from leadline.data.columns.texts.tokens import NAMES
from leadline.data.sources import encodings, fingerprints
from leadline.errors import DataError, UsageError
from leadline.nn.classical import skipgram

State = Mapping[str, Any]

VERSION = 2  # of what the cache holds
SPREAD = 0.1  # the standard deviation that learnt vectors are brought to, which that of other embeddings is


def from_file(file: object, vocabulary: Sequence[str]) -> dict[str, Any]:
    """Return what a state says of the vectors in a file for the words of a vocabulary.

    The file has a line for each word, its vector's numbers after it with blanks between, as word2vec and GloVe write
    it; a first line with two whole numbers is passed over. Raises DataError, naming the line, where vectors differ in
    width.
    """
    if not isinstance(file, str):
        raise UsageError(say("columns.option-vectors", value=file))
    path = Path(file).expanduser()
    if not path.is_file():
        raise DataError(say("columns.no-vectors-file", file=file))
    key = f"vectors-{digest({'version': VERSION, 'file': fingerprints.of_file(path), 'words': list(vocabulary)})}"
    number_K, vector_KE = _entry(key, lambda: _read(path, vocabulary))
    return {"from": path.name, "entry": key, "found": len(number_K), "width": int(vector_KE.shape[1])}


def trained(ids_S: np.ndarray, lengths_N: np.ndarray, state: State) -> dict[str, Any]:
    """Return what a state says of vectors learnt from the tokens of its own texts; the state has the vocabulary and the
    width.
    """
    words, width = len(state["vocabulary"]), state["width"]
    content = hashlib.sha256(ids_S.tobytes() + lengths_N.tobytes()).hexdigest()
    key = f"vectors-{digest({'version': VERSION, 'tokens': content, 'words': words, 'width': width})}"

    def make() -> tuple[np.ndarray, np.ndarray]:
        found, _ = skipgram.train(torch.from_numpy(ids_S), torch.from_numpy(lengths_N), words, width, first=len(NAMES))
        number_K = np.unique(ids_S[ids_S >= len(NAMES)]).astype(np.int64)
        vector_KE = found.numpy()[number_K]
        return number_K, vector_KE * np.float32(SPREAD / max(float(vector_KE.std()), 1e-6))

    number_K, _ = _entry(key, make)
    return {"from": "skipgram", "entry": key, "found": len(number_K), "width": width}


def kept(found: State) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of words (K,) and their vectors (K,E); raises DataError where the cache has lost them."""

    def lost() -> tuple[np.ndarray, np.ndarray]:
        raise DataError(say("columns.vectors-lost", origin=found["from"], root=cache.root()))

    return _entry(found["entry"], lost)


def vector_coverage(found: State, words: int) -> str:
    """Return, in words, how many of the vocabulary's words have a vector."""
    if found["from"] == "skipgram":
        return say("columns.vectors-learned", words=found["found"])
    return say("columns.vectors-found", found=found["found"], words=words, path=found["from"])


def _entry(key: str, make: Callable[[], tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    def write(folder: Path) -> None:
        number_K, vector_KE = make()
        np.save(folder / "numbers.npy", number_K)
        np.save(folder / "vectors.npy", vector_KE.astype(np.float32))

    folder = cache.entry(key, write)
    try:
        return np.load(folder / "numbers.npy"), np.load(folder / "vectors.npy")
    except (OSError, EOFError, ValueError):  # someone has cut into the cache
        cache.forget(folder)
        folder = cache.entry(key, write)
        return np.load(folder / "numbers.npy"), np.load(folder / "vectors.npy")


def _read(path: Path, vocabulary: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    numbers = {name: number for number, name in enumerate(vocabulary) if number >= len(NAMES)}
    found: dict[int, np.ndarray] = {}
    width = 0
    for line, text in enumerate(_lines(path), start=1):
        if line == 1 and re.fullmatch(r"\d+ \d+", text.strip()):
            continue
        width = width or text.count(" ")
        if not width:
            raise DataError(say("columns.vectors-line", path=path, line=line, text=text[:40]))
        word, *values = text.rsplit(" ", width)
        if len(values) < width or (" " in word and _is_number(word.rpartition(" ")[2])):
            raise DataError(
                say("columns.vectors-differ-in-length", path=path, line=line, count=text.count(" "), width=width)
            )
        number = numbers.get(unicodedata.normalize("NFC", word))
        if number is not None and number not in found:
            found[number] = _vector(path, line, values)
    if not found:
        raise DataError(say("columns.vectors-of-other-words", path=path, words=len(numbers)))
    number_K = np.array(sorted(found))
    return number_K, np.stack([found[number] for number in number_K.tolist()])


def _lines(path: Path) -> Iterator[str]:
    with encodings.opened(path) as file:
        for raw in file:
            text = raw.decode("utf-8", errors="replace").rstrip()
            if "\0" in text:
                raise DataError(say("columns.vectors-binary", path=path))
            if text:
                yield text


def _vector(path: Path, line: int, values: Sequence[str]) -> np.ndarray:
    try:
        vector = np.array(values, dtype=np.float32)
    except ValueError:
        vector = np.full(1, np.nan, np.float32)
    if not np.isfinite(vector).all():
        raise DataError(say("columns.vectors-not-numbers", path=path, line=line))
    return vector


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
