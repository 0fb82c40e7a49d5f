"""Word vectors: read from files as they lie about, learnt from the text, and put where embeddings start."""

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from leadline.core.catalogue import say
from leadline.data import cache
from leadline.data.columns import text
from leadline.data.columns.contract import ColumnContext
from leadline.data.columns.texts import word_vectors
from leadline.errors import DataError, UsageError
from sentences import says

WORDS = ["[ padding ]", "[ unknown ]", "red", "green", "café"]


def written(folder: Path, content: str, name: str = "vectors.txt") -> str:
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return str(file)


def loaded(found: dict) -> dict[int, list[float]]:
    number_K, vector_KE = word_vectors.kept(found)
    return dict(zip(number_K.tolist(), vector_KE.tolist(), strict=True))


@pytest.mark.parametrize("header", ["", "4 2\n"])
def test_the_usual_format(tmp_path: Path, header: str) -> None:
    file = written(tmp_path, f"{header}green 0.5 -1\nblue 9 9\nof the 7 7\ncafe\u0301 1e-1 2\ngreen 3 3\n")
    found = word_vectors.from_file(file, WORDS)
    assert (found["from"], found["found"], found["width"]) == ("vectors.txt", 2, 2)
    assert loaded(found) == {3: [0.5, -1.0], 4: [pytest.approx(0.1), 2.0]}
    assert word_vectors.vector_coverage(found, 3) == say("columns.vectors-found", found=2, words=3, path="vectors.txt")


def test_compressed_files(tmp_path: Path) -> None:
    file = tmp_path / "vectors.txt.gz"
    file.write_bytes(gzip.compress(b"red 1 2 3\n"))
    assert loaded(word_vectors.from_file(str(file), WORDS)) == {2: [1.0, 2.0, 3.0]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("red 1 2\ngreen 1\n", says("columns.vectors-differ-in-length", line=2, count=1, width=2)),
        ("red 1 2\ngreen 1 2 3\n", says("columns.vectors-differ-in-length", line=2, count=3, width=2)),
        ("red 1 2\ngreen 1 x\n", says("columns.vectors-not-numbers", line=2)),
        ("red 1 nan\n", says("columns.vectors-not-numbers", line=1)),
        ("red\n", says("columns.vectors-line", line=1)),
        ("blue 1 2\n", says("columns.vectors-of-other-words", words=3)),
        ("", says("columns.vectors-of-other-words", words=3)),
        ("3 2\nred \0\x01\n", says("columns.vectors-binary")),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        word_vectors.from_file(written(tmp_path, content), WORDS)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says("columns.no-vectors-file")):
        word_vectors.from_file(str(tmp_path / "none.txt"), WORDS)


def column(count: int = 40) -> pl.Series:
    rng = np.random.default_rng(0)
    return pl.Series("words", [" ".join(rng.choice(["red", "green", "blue", "black"], 6)) for _ in range(count)])


def test_embeddings_start_from_the_vectors_of_a_file(tmp_path: Path) -> None:
    file = written(tmp_path, "red 1 2 3\ngreen -1 0 2\n")
    state = dict(text.COLUMN.fit(column(), ColumnContext(None, {"vectors": file})))
    assert state["width"] == 3
    assert text.COLUMN.warnings(state) == [say("columns.vectors-found", found=2, words=4, path="vectors.txt")]
    front = text.COLUMN.preprocessor([state])
    assert isinstance(front, text.TextPreprocessor)
    (tmp_path / "vectors.txt").unlink()
    drawn = front.weight_VE.detach().clone()
    front.start()
    number = {name: at for at, name in enumerate(state["vocabulary"])}
    assert front.weight_VE[number["red"]].tolist() == [1, 2, 3]
    assert front.weight_VE[number["green"]].tolist() == [-1, 0, 2]
    spread = np.std([1, 2, 3, -1, 0, 2])
    torch.testing.assert_close(front.weight_VE[number["blue"]].detach(), drawn[number["blue"]] * spread / 0.1)
    assert front.weight_VE[0].tolist() == [0, 0, 0]


def test_a_run_is_loaded_without_the_cache(tmp_path: Path) -> None:
    file = written(tmp_path, "red 1 2 3\n")
    state = dict(text.COLUMN.fit(column(), ColumnContext(None, {"vectors": file})))
    cache.clear()
    front = text.COLUMN.preprocessor([state])
    assert front(torch.full((2, state["length"]), 1)).values.shape[2] == 3
    with pytest.raises(DataError, match=says("columns.vectors-lost")):
        front.start()


def test_a_width_that_is_not_the_files(tmp_path: Path) -> None:
    file = written(tmp_path, "red 1 2 3\n")
    with pytest.raises(UsageError, match=says("columns.vectors-width", width=3, asked=5)):
        text.COLUMN.fit(column(), ColumnContext(None, {"vectors": file, "embedding_dim": 5}))


def test_vectors_are_learnt_from_the_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"vectors": "skipgram", "embedding_dim": 8}
    state = dict(text.COLUMN.fit(column(), ColumnContext(None, options)))
    number_K, vector_KE = word_vectors.kept(state["vectors"])
    assert number_K.tolist() == [2, 3, 4, 5]
    assert vector_KE.std() == pytest.approx(0.1, rel=1e-4)
    assert text.COLUMN.warnings(state)[0] == say("columns.vectors-learned", words=4)

    def twice(*arguments: object, **options: object) -> None:
        raise AssertionError("learnt again")

    monkeypatch.setattr(word_vectors.skipgram, "train", twice)
    assert text.COLUMN.fit(column(), ColumnContext(None, options)) == state


def test_an_entry_that_was_cut_into_is_made_anew(tmp_path: Path) -> None:
    file = written(tmp_path, "red 1 2 3\n")
    found = word_vectors.from_file(file, WORDS)
    (cache.root() / "entries" / found["entry"] / "vectors.npy").write_bytes(b"")
    assert loaded(word_vectors.from_file(file, WORDS)) == {2: [1.0, 2.0, 3.0]}
