"""Targets with an answer for every step: tags beside tokens, and texts as what is to be foreseen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare
from leadline.data.targets.tags import Tags
from leadline.data.targets.text import END, Ended, ended
from leadline.data.targets.tokens import NOTHING
from leadline.errors import DataError, UsageError
from sentences import says

WORDS = {"the": "DET", "a": "DET", "cat": "NOUN", "dog": "NOUN", "sees": "VERB", "likes": "VERB"}
TAGGING, LANGUAGE = {"*": ("tags",)}, {"*": ("text",)}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))


def tagged(rows: int = 60) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    tokens = [rng.choice(list(WORDS), rng.integers(1, 7)).tolist() for _ in range(rows)]
    return pl.DataFrame({"tokens": tokens, "tags": [[WORDS[word] for word in row] for row in tokens]})


def read(frame: pl.DataFrame, target_types: dict[str, tuple[str, ...]] | None = TAGGING, **spec: Any) -> Dataset:
    return prepare(DataSpec.model_validate({"target": "tags", **spec}), frame, target_types=target_types)


def text_of(dataset: Dataset) -> dict[int, tuple[str, list[str]]]:
    """Return, by row, the tokens that the network is given and the tags that it is to give."""
    found = {}
    for part in dataset.splits.values():
        batch = part.batch(slice(0, len(part)))
        assert batch.target_B is not None
        assert batch.target_B.shape == batch.inputs["tokens"].shape
        for i, row in enumerate(batch.row_B.tolist()):
            tags = [dataset.schema.tags[number] for number in batch.target_B[i].tolist() if number != NOTHING]
            found[row] = (part.shown(i)["tokens"], tags)
    return found


def test_tags_stand_beside_their_tokens() -> None:
    dataset = read(tagged())
    assert dataset.schema.tags == ("DET", "NOUN", "VERB")
    assert [one.name for one in dataset.schema.inputs] == ["tokens"]
    found = text_of(dataset)
    assert len(found) == 60
    assert all([WORDS[word] for word in text.split(" ")] == tags for text, tags in found.values())


def test_lists_and_text_are_the_same_to_it() -> None:
    frame = tagged()
    as_text = frame.select(pl.all().list.join(" "))
    assert text_of(read(as_text)) == text_of(read(frame))


def test_text_that_is_cut_takes_its_tags_along() -> None:
    dataset = read(tagged(), inputs={"tokens": {"max_length": 2}})
    assert all([WORDS[word] for word in text.split(" ")] == tags for text, tags in text_of(dataset).values())
    assert max(len(tags) for _, tags in text_of(dataset).values()) == 2


def test_rows_that_cannot_be_used_are_named() -> None:
    frame = tagged()
    odd = pl.DataFrame(
        {"tokens": [["the", "cat"], ["the"], [], ["dog"], None], "tags": [["DET"], ["DET", "NOUN"], [], None, ["DET"]]},
        schema=frame.schema,
    )
    dataset = read(pl.concat([frame, odd]))
    assert dataset.invalid_rows.select("row", "reason").rows() == [
        (61, "2 tokens, but 1 tag"),
        (62, "1 token, but 2 tags"),
        (63, "no text"),
        (64, "the target is missing"),
        (65, "no text"),
    ]


def test_tags_that_train_rows_lack_are_named() -> None:
    frame = tagged().with_columns(part=pl.Series(["train"] * 40 + ["test"] * 20))
    tags = frame["tags"].to_list()
    tags[50][0] = "ODD"
    dataset = read(frame.with_columns(tags=pl.Series(tags)), split="part")
    assert dataset.invalid_rows.select("row", "reason").rows() == [(51, say("targets.tag-unseen", tag="'ODD'"))]


def test_tags_that_are_not_known_are_left_open() -> None:
    frame = tagged()
    tags = frame["tags"].to_list()
    tags[0][0] = None
    dataset = read(frame.with_columns(tags=pl.Series(tags)))
    target = next(
        p.batch(torch.tensor([i])).target_B for p in dataset.splits.values() for i, r in enumerate(p.rows) if r == 0
    )
    assert target is not None
    assert target[0, 0] == NOTHING
    assert (target >= 0).sum() == len(tags[0]) - 1


def test_the_tokens_are_found_by_their_number() -> None:
    frame = tagged().with_columns(
        id=pl.Series([f"s{i}" for i in range(60)]),
        text=pl.lit("one two three"),
        upper=pl.col("tags"),
        split_at=pl.lit("x"),
    )
    dataset = read(frame)
    assert [one.name for one in dataset.schema.inputs] == ["tokens"]
    assert say("targets.tokens-found", column="tokens", target="tags") in dataset.notes
    assert read(frame, columns=("upper",)).schema.inputs[0].name == "upper"
    with pytest.raises(DataError, match=says("targets.no-tokens-for-tags")):
        read(frame.drop("tokens", "upper"))


def test_lists_as_long_as_others_are_tags_unless_asked_otherwise() -> None:
    dataset = read(tagged(), target_types=None)
    assert dataset.schema.target is not None
    assert dataset.schema.target.kind == "tags"
    assert say("targets.tags-found", column="tags") in dataset.notes
    asked = read(tagged(), target_types=None, types={"tags": "labels"}).schema.target
    assert asked is not None
    assert asked.kind == "labels"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"inputs": {"tokens": {"tokenizer": "words"}}}, says("targets.tags-need-given-tokens")),
        (
            {"inputs": {"tokens": {"columns": ["tokens"]}, "more": {"columns": ["tokens2"], "type": "text"}}},
            says("targets.one-text-needed", inputs=2),
        ),
        ({"target": ("tags", "more"), "types": {"tags": "tags"}}, says("targets.type-stands-alone")),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], said: str) -> None:
    frame = tagged().with_columns(tokens2=pl.col("tokens"), more=pl.Series(["a", "b"] * 30))
    with pytest.raises(UsageError, match=said):
        read(frame, **options)


def test_a_single_tag_teaches_nothing() -> None:
    frame = tagged().with_columns(tags=pl.col("tokens").list.eval(pl.element().replace_strict({}, default="X")))
    with pytest.raises(DataError, match=says("targets.one-tag", tag="'X'")):
        read(frame)


def test_a_text_ends_unless_it_was_cut() -> None:
    x_BT = torch.tensor([[5, 0, 0, 0], [5, 6, 7, 0], [5, 6, 7, 8], [0, 0, 0, 0]])
    foreseen = ended(x_BT, torch.tensor([1, 3, 4, 0]), 3)
    assert foreseen.tolist() == [
        [5, END, NOTHING, NOTHING],
        [5, 6, 7, END],
        [5, 6, 7, 8],
        [END, NOTHING, NOTHING, NOTHING],
    ]
    assert ended(x_BT[:, :2], torch.tensor([1, 2, 2, 0]), 3)[:2].tolist() == [[5, END, NOTHING], [5, 6, END]]


def test_batches_are_as_wide_as_those_of_the_text() -> None:
    values, ends = torch.tensor([1, 2, 3, 4, 5], dtype=torch.int16), torch.tensor([0, 2, 5])
    rows = torch.tensor([1, 0])
    tags = Tags(values, ends, padding=NOTHING, longest=40).gather(rows)
    assert (tags.dtype, tags.shape) == (torch.int64, (2, 8))
    assert tags[:, :4].tolist() == [[3, 4, 5, NOTHING], [1, 2, NOTHING, NOTHING]]
    text = Ended(values, ends, padding=NOTHING, longest=40).gather(rows)
    assert (text.dtype, text.shape) == (torch.int64, (2, 9))
    assert text[:, :5].tolist() == [[3, 4, 5, END, NOTHING], [1, 2, END, NOTHING, NOTHING]]


def corpus() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    texts = [
        f"the {rng.choice(['cat', 'dog'])} sees {rng.choice(['a bird', 'the fish'])} {i} times today" for i in range(60)
    ]
    return pl.DataFrame({"text": texts, "label": ["x", "y"] * 30, "number": np.arange(60)})


def test_a_text_is_its_own_target() -> None:
    dataset = read(corpus(), LANGUAGE, target=None)
    assert [one.name for one in dataset.schema.inputs] == ["text"]
    assert dataset.schema.target is not None
    assert (dataset.schema.target.name, dataset.schema.target.kind) == ("text", "text")
    batch = dataset.splits["train"].batch(slice(0, 5))
    x_BT, target_BS = batch.inputs["text"], batch.target_B
    assert target_BS is not None
    assert target_BS[:, :-1].clamp_min(0).equal(x_BT.long())
    assert {column.name: column.role for column in dataset.columns}["text"] == "input text and target"


def test_what_follows_where_a_text_was_cut_is_foreseen_too() -> None:
    whole, cut = (read(corpus(), LANGUAGE, target=None, inputs={"text": {"max_length": length}}) for length in (20, 3))
    for dataset, places in ((whole, None), (cut, 4)):
        part = dataset.splits["train"]
        batch = part.batch(slice(0, 6))
        assert batch.target_B is not None
        assert batch.target_B.shape[1] == batch.inputs["text"].shape[1] + 1
        assert places in (None, batch.target_B.shape[1])
    words = cut.schema.inputs[0].fields[0].state["vocabulary"]
    assert [words[number] for number in batch.target_B[0].tolist()][2:] == ["sees", words[int(batch.target_B[0, 3])]]
    assert (batch.target_B > END).all()
    assert (whole.splits["train"].batch(slice(0, 6)).target_B == END).sum() == 6


def test_the_text_to_learn_from_is_named_where_there_are_several() -> None:
    frame = corpus().with_columns(other=pl.col("text") + " and more of it")
    with pytest.raises(DataError, match=says("targets.text-among-several")):
        read(frame, LANGUAGE, target=None)
    assert read(frame, LANGUAGE, target="other").schema.inputs[0].name == "other"
    with pytest.raises(DataError, match=says("targets.no-text")):
        read(frame.select("label", "number"), LANGUAGE, target=None)
