import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from leadline.data.sources import read
from leadline.data.sources.written_form import Reader
from leadline.errors import DataError
from sentences import says


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "pets"
    root.mkdir()
    return root


def put(root: Path, names: Iterable[str]) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())


def test_class_folders(root: Path) -> None:
    put(root, ["dog/2.JPG", "cat/1.png", "cat/deep/er/3.webp", ".hidden/4.png", "cat/.5.png"])
    table = read(root)
    assert table.frame.rows() == [("cat/1.png", "cat"), ("cat/deep/er/3.webp", "cat"), ("dog/2.JPG", "dog")]
    assert (table.name, table.target, table.split, table.base) == ("pets", "label", None, root)
    assert table.kinds == {"image": "image", "label": "category"}
    assert table.where(2) == ("dog/2.JPG", 3)


@pytest.mark.parametrize("validation", ["val", "Valid", "validation", "DEV"])
def test_split_folders(root: Path, validation: str) -> None:
    put(root, [f"{part}/{label}/1.png" for part in ("Train", validation, "test") for label in ("cat", "dog")])
    table = read(root)
    assert table.split == "split"
    rows = set(table.frame.select("split", "label").rows())
    assert rows == {(part, label) for part in ("train", "validation", "test") for label in ("cat", "dog")}


def test_a_class_may_be_called_train(root: Path) -> None:
    put(root, ["car/1.png", "train/2.png"])
    table = read(root)
    assert table.split is None
    assert table.frame["label"].to_list() == ["car", "train"]


def test_other_folders_beside_split_folders_are_left_out(root: Path) -> None:
    put(root, ["train/cat/1.png", "train/dog/2.png", "test/cat/3.png", "unlabelled/4.png", "test/5.png"])
    table = read(root)
    assert table.frame["image"].to_list() == ["test/cat/3.png", "train/cat/1.png", "train/dog/2.png"]
    assert re.fullmatch(says("sources.files-outside-class-folders", count=2, files="images"), table.notes[0])


def test_other_files_are_noted(root: Path) -> None:
    put(root, ["cat/1.png", "dog/2.png", "dog/readme.txt"])
    assert "dog/readme.txt" in read(root).notes[0]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "is empty"),
        (["notes.pdf"], says("sources.folder-holds-others")),
        (["a.csv"], "Give one of them as the source"),
        (["cat/1.png", "cat/2.png"], says("sources.one-class-folder", label="cat")),
        (["train/cat/1.png", "test/cat/2.png"], says("sources.one-class-folder", label="cat")),
    ],
)
def test_folders_that_cannot_be_used(root: Path, names: list[str], words: str) -> None:
    put(root, names)
    with pytest.raises(DataError, match=words):
        read(root)


def test_pictures_alone_have_no_target(root: Path) -> None:
    put(root, ["1.png", "2.png"])
    table = read(root)
    assert table.target is None
    assert table.frame.to_dict(as_series=False) == {"image": ["1.png", "2.png"]}


@pytest.mark.parametrize("prefix", ["", "images/"])
def test_a_flat_folder_with_a_table_in_it(root: Path, prefix: str) -> None:
    put(root, [f"{prefix}1.png", f"{prefix}2.png"])
    (root / "prices.csv").write_text(f"photo,price\n{prefix}1.png,10\n{prefix}2.png,20\n")
    table = read(root)
    assert table.frame["price"].to_list() == [10, 20]
    assert table.base == root
    assert table.name == "prices"


def test_a_table_whose_paths_start_deeper(root: Path) -> None:
    put(root, ["images/1.png", "images/2.png"])
    (root / "prices.csv").write_text("photo,price\n1.png,10\n2.png,20\n")
    assert read(root).base == root / "images"


def test_a_table_beside_a_flat_folder(root: Path) -> None:
    put(root, ["1.png", "2.png"])
    (root.parent / "prices.csv").write_text("photo,price\n1.png,10\n2.png,20\n")
    table = read(root)
    assert table.frame["price"].to_list() == [10, 20]
    assert table.base == root


def test_a_broken_table_beside_pictures_is_none_of_their_business(root: Path) -> None:
    put(root, ["1.png"])
    (root.parent / "prices.csv").write_text("")
    assert read(root).frame.columns == ["image"]


def test_two_tables_that_name_the_pictures(root: Path) -> None:
    put(root, ["1.png"])
    for name in ("a.csv", "b.csv"):
        (root / name).write_text("photo,price\n1.png,10\n")
    with pytest.raises(DataError, match=says("sources.several-tables")):
        read(root)


def test_the_fingerprint_follows_names_and_bytes(root: Path) -> None:
    put(root, ["cat/1.png", "dog/2.png"])
    before = read(root).fingerprint
    assert read(root).fingerprint == before
    (root / "cat/1.png").write_bytes(b"other bytes")
    changed = read(root).fingerprint
    (root / "cat/1.png").rename(root / "dog/1.png")
    (root / "dog/2.png").rename(root / "cat/2.png")
    assert len({before, changed, read(root).fingerprint}) == 3


def test_a_link_back_up_is_not_followed_for_ever(root: Path) -> None:
    put(root, ["cat/1.png", "dog/2.png"])
    try:
        (root / "dog/loop").symlink_to(root, target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")
    assert len(read(root).frame) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_pipes_and_links_to_themselves_do_not_stop_the_reading(root: Path) -> None:
    put(root, ["cat/1.png", "dog/2.png"])
    os.mkfifo(root / "cat" / "3.png")
    (root / "dog" / "self").symlink_to("self")
    table = read(root)
    assert table.frame["image"].to_list() == ["cat/1.png", "dog/2.png"]
    assert any("dog/self" in note for note in table.notes)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_not_utf_8_is_refused_in_words(root: Path) -> None:
    put(root, ["cat/1.png", "dog/2.png"])
    (root / "cat" / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    with pytest.raises(DataError, match=says("sources.file-name-not-utf-8")):
        read(root)


@pytest.mark.parametrize("suffix", ["wav", "FLAC", "mp3"])
def test_audio_files_are_read_like_pictures(root: Path, suffix: str) -> None:
    put(
        root,
        [f"{part}/{label}/1.{suffix}" for part in ("train", "test") for label in ("yes", "no")] + ["train/cover.png"],
    )
    table = read(root)
    assert table.frame.columns == ["audio", "label", "split"]
    assert table.kinds == {"audio": "audio", "label": "category"}
    assert table.origin.to_list() == table.frame["audio"].to_list()
    assert re.fullmatch(says("sources.files-of-other-formats", count=1, files="audio files"), table.notes[0])


def test_texts_are_read_with_their_contents_each_in_its_own_encoding(root: Path) -> None:
    put(root, ["good/1.txt", "bad/2.txt", "bad/3.txt", "README.txt"])
    (root / "good/1.txt").write_bytes("Ein schöner Tag, größer als gestern.\n".encode("cp1252"))
    (root / "bad/3.txt").write_bytes(b" \n")
    table = read(root)
    assert table.frame.rows() == [
        ("bad/2.txt", "bad"),
        (None, "bad"),
        ("Ein schöner Tag, größer als gestern.\n", "good"),
    ]
    assert table.origin.to_list() == ["bad/2.txt", "bad/3.txt", "good/1.txt"]
    assert any(
        re.fullmatch(says("sources.texts-not-utf-8", others=1, files=3), note) and "cp1252" in note
        for note in table.notes
    )
    assert table.fingerprint != read(root, how=Reader("latin-1")).fingerprint


def test_texts_beside_something_else_are_no_data(root: Path) -> None:
    put(root, ["notes.txt", "a.csv", "more/readme.txt", "more/b.csv"])
    with pytest.raises(DataError, match=says("sources.folder-holds-tables")):
        read(root)


def test_texts_alone_have_no_target(root: Path) -> None:
    put(root, ["1.txt", "2.txt"])
    table = read(root)
    assert table.target is None
    assert table.frame["text"].to_list() == ["1.txt", "2.txt"]


def test_a_table_beside_a_folder_of_audio_names_files_in_it(root: Path) -> None:
    put(root, ["recordings/0_ann.wav", "recordings/1_ann.wav"])
    (root / "index.csv").write_text("file,label\n0_ann.wav,0\n1_ann.wav,1\n")
    folder, file = read(root), read(root / "index.csv")
    assert folder.base == file.base == root / "recordings"
    assert folder.fingerprint == file.fingerprint
    (root / "recordings/1_ann.wav").write_bytes(b"other")
    assert read(root / "index.csv").fingerprint != file.fingerprint
