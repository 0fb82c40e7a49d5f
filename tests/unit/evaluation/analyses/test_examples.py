"""What the report shows of train rows, of augmentation and of mixing."""

from __future__ import annotations

import base64
import io
import wave
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile
from PIL import Image

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.exhibit import ExhibitDraft
from leadline.core.experiment import DataSpec
from leadline.data.columns.audio import HEARD, INPUT
from leadline.data.dataset import Dataset, prepare
from leadline.evaluation.analyses.examples import CHANGED, MIXED, examples


def numbers(n: int = 40, **inputs: object) -> Dataset:
    frame = pl.DataFrame({"x": np.arange(n) * 1.5, "town": ["a", "b"] * (n // 2), "y": np.arange(n) * 2.0})
    return prepare(DataSpec.model_validate({"target": "y", "inputs": inputs or None}), frame)


def photos(*augment: object) -> Dataset:
    rng = np.random.default_rng(0)
    arrays = {"x": rng.integers(0, 256, (60, 8, 8), dtype=np.uint8), "y": np.arange(60) % 3}
    return prepare(DataSpec.model_validate({"inputs": {"image": {"type": "image", "augment": augment}}}), arrays)


def clips(tmp_path: Path, seconds: float, *augment: object) -> Dataset:
    rng = np.random.default_rng(0)
    for i in range(30):
        (tmp_path / "clips" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        soundfile.write(
            tmp_path / "clips" / "ab"[i % 2] / f"{i}.wav", rng.normal(0, 0.1, round(seconds * 8_000)).clip(-1, 1), 8_000
        )
    return prepare(
        DataSpec.model_validate({"inputs": {"audio": {"type": "audio", "augment": augment}}}), tmp_path / "clips"
    )


def pixels(draft: ExhibitDraft) -> np.ndarray:
    """Return the pictures as (rows of the page, columns, H, W)."""
    shown = [np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in draft.content["pictures"]]
    return np.stack(shown).reshape(-1, draft.content["columns"], 8, 8).astype(float)


def test_examples_of_a_table_are_rows() -> None:
    (draft,) = examples(numbers(), seed=0)
    assert draft.kind == "table"
    assert "x" in draft.content["columns"]


def test_pictures_are_shown_changed_by_each_augmentation_alone_and_by_all() -> None:
    plain, draft = examples(
        photos({"vertical_flip": 1}, {"flip": 1}, {"name": "cutout", "amount": 1, "fill": "zero"}), seed=0
    )
    assert plain.name == "examples"
    assert draft.content["headings"] == ["original", "vertical flip 1", "flip 1", "cutout 1 zero", "all"]
    before, down, across, cut, together = pixels(draft).transpose(1, 0, 2, 3)
    assert len(before) == CHANGED
    np.testing.assert_array_equal(down, before[:, ::-1])
    np.testing.assert_array_equal(across, before[:, :, ::-1])
    erased = (cut == 0) & (before != 0)
    assert erased.any()
    np.testing.assert_array_equal(cut[~erased], before[~erased])
    turned = before[:, ::-1, ::-1]
    np.testing.assert_array_equal(together, np.where(together == 0, 0, turned))
    assert 0 < (together != turned).mean() < 1


def test_clips_are_shown_as_spectrograms_and_can_be_heard(tmp_path: Path) -> None:
    plain, draft = examples(clips(tmp_path, 0.5, "gain", {"time_mask": 0.5}), seed=0)
    assert (plain.kind, draft.kind) == ("clips", "clips")
    assert len(plain.content["pictures"]) == len(plain.content["sounds"]) == INPUT.display.most
    with wave.open(io.BytesIO(base64.b64decode(plain.content["sounds"][0]))) as file:
        assert (file.getframerate(), file.getnframes()) == (8_000, 4_000)
    picture = Image.open(io.BytesIO(base64.b64decode(plain.content["pictures"][0])))
    assert picture.size == (48, 80)  # 1 + (4,000 - 200) / 80 frames; 40 bands, each two pixels high
    assert "frequency (in mels) upwards" in plain.caption
    assert "Only the first" not in plain.caption
    assert draft.content["headings"] == ["original", "gain", "time mask 0.5", "all"]
    assert len(set(draft.content["pictures"])) == len(draft.content["pictures"])
    assert "sounds" not in draft.content


def test_long_clips_are_cut_on_the_page_which_says_so(tmp_path: Path) -> None:
    (draft,) = examples(clips(tmp_path, HEARD + 1), seed=0)
    assert "Only the first 10 s of a clip are here." in draft.caption
    with wave.open(io.BytesIO(base64.b64decode(draft.content["sounds"][0]))) as file:
        assert file.getnframes() == 80_000
    assert Image.open(io.BytesIO(base64.b64decode(draft.content["pictures"][0]))).width == 320


def test_one_augmentation_alone_is_not_shown_twice() -> None:
    _, draft = examples(photos("flip"), seed=0)
    assert draft.content["headings"] == ["original", "flip"]
    assert say("exhibits.augmented-each") not in draft.caption


def test_tables_are_shown_before_and_after() -> None:
    _, draft = examples(numbers(table={"augment": [{"noise": 0.1}, {"missing": 1}]}), seed=0)
    assert draft.kind == "table"
    assert draft.content["columns"] == ["", "x", "town"]
    said = [row[0] for row in draft.content["rows"]]
    assert said == ["original", "noise 0.1", "missing 1", "all"] * CHANGED
    first, noisy, *gone = draft.content["rows"][:4]
    assert first[1] != noisy[1] and abs(first[1] - noisy[1]) < 10
    assert first[2] == noisy[2]
    assert [row[1:] for row in gone] == [[None, None]] * 2


def test_wide_tables_are_cut() -> None:
    wide = pl.DataFrame({f"x{i}": np.sin(np.arange(40.0) + i) for i in range(30)})
    spec = DataSpec.model_validate({"target": "x0", "inputs": {"table": {"augment": ["noise"]}}})
    _, draft = examples(prepare(spec, wide), seed=0)
    assert len(draft.content["columns"]) == 13
    assert "17 more columns are not shown" in draft.caption


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_mixed_pictures_are_shown_with_both_rows_and_their_share(name: str) -> None:
    dataset = photos()
    _, draft = examples(dataset, seed=0, mix=Component(name=name, options={"alpha": 1.0}))
    own, other, mixed = pixels(draft)
    shares = [float(text.removeprefix("λ = ")) for text in draft.content["headings"]]
    assert len(shares) == MIXED
    assert shares == sorted(shares, reverse=True)
    for i, share in enumerate(shares):
        if name == "mixup":
            np.testing.assert_allclose(mixed[i], share * own[i] + (1 - share) * other[i], atol=2.5)
        else:
            assert ((mixed[i] == own[i]) | (mixed[i] == other[i])).all()
            np.testing.assert_allclose((mixed[i] == own[i]).mean(), share, atol=0.04)
    assert set(draft.content["captions"]) == {"0", "1", "2", ""}


def test_mixed_rows_of_a_table_are_three_lines_each() -> None:
    *_, draft = examples(numbers(), seed=0, mix=Component(name="mixup"))
    assert draft.name == "mixed"
    rows = draft.content["rows"]
    assert len(rows) == 3 * MIXED
    for a, b, x in zip(rows[::3], rows[1::3], rows[2::3], strict=True):
        assert min(a[1], b[1]) <= x[1] <= max(a[1], b[1])
        assert x[2] in (a[2], b[2])
        assert "λ = " in x[0] and x[0].startswith(say("exhibits.mixed-result", name="mixup"))


def test_exhibits_of_several_inputs_have_names_of_their_own() -> None:
    rng = np.random.default_rng(0)
    arrays = {
        "a": rng.integers(0, 256, (60, 8, 8), dtype=np.uint8),
        "b/c": rng.integers(0, 256, (60, 8, 8), dtype=np.uint8),
    }
    spec = DataSpec.model_validate(
        {"target": "y", "inputs": {name: {"type": "image", "augment": ["flip"]} for name in arrays}}
    )
    drafts = list(examples(prepare(spec, {**arrays, "y": np.arange(60) % 3}), seed=0, mix=Component(name="mixup")))
    assert [draft.name for draft in drafts] == ["examples", "augmented", "augmented-2", "mixed", "mixed-2"]
    assert drafts[2].title == "Augmentation: b/c"


def test_each_of_several_targets_is_named() -> None:
    rng = np.random.default_rng(0)
    size = pl.Series("size", [1.5, None, 2.5, None] * 15)
    frame = pl.DataFrame(
        {"image": rng.integers(0, 256, (60, 8, 8), dtype=np.uint8), "kind": ["cat", "dog"] * 30}
    ).with_columns(size)
    (draft,) = examples(prepare(DataSpec(target=("kind", "size")), frame), seed=0)
    assert {"kind: cat, size: 1.5", "kind: cat, size: 2.5", "kind: dog"} == set(draft.content["captions"])


def test_what_fits_a_model_without_steps_is_not_shown_augmented() -> None:
    assert [draft.name for draft in examples(photos("flip"), seed=0, augmented=False)] == ["examples"]


@pytest.mark.parametrize("calendar", [False, True], ids=["values", "values-and-calendar"])
def test_examples_of_windows_have_the_time_of_their_last_step_once(calendar: bool) -> None:
    hours = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 9), "1h", eager=True)
    frame = pl.DataFrame({"when": hours, "load": np.sin(np.arange(len(hours)) / 4)})
    series = {"horizon": 2, "context_length": 6, "calendar": calendar}
    (draft,) = examples(prepare(DataSpec.model_validate({"series": series}), frame), seed=0)
    assert sorted(draft.content["columns"]) == ["load", "when"]
    assert all(None not in row for row in draft.content["rows"])
