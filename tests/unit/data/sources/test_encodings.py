import bz2
import gzip
import lzma
import re
from pathlib import Path

import pytest

from leadline.data.sources import encodings, read
from leadline.data.sources.delimited.reader import read as read_csv
from leadline.data.sources.written_form import Reader
from leadline.errors import DataError, MissingExtra, UsageError
from sentences import says

TEXTS = {
    "gb18030": "姓名,城市,收入\n张伟,北京,高\n王芳,上海,低\n李娜,广州,高\n",
    "shift_jis": "名前,都市,年収\n田中太郎,東京,高い\n佐藤花子,大阪,ひくい\nスズキ,カナ,テスト\n",
    "euc_jp": "名前,都市,年収\n田中太郎,東京,高い\n佐藤花子,大阪,ひくい\nスズキ,カナ,テスト\n",
    "euc_kr": "이름,도시,소득\n김철수,서울,높음\n이영희,부산,낮음\n박민수,대구,높음\n",
    "big5": "姓名,城市,收入\n張偉,臺北,高\n王芳,高雄,低\n李娜,臺中,高\n",
    "koi8_r": "имя,город,доход\nИван,Москва,высокий\nМария,Казань,низкий\nПётр,Омск,высокий\n",
    "cp1251": "имя,город,доход\nИван,Москва,высокий\nМария,Казань,низкий\nПётр,Омск,высокий\n",
    "cp1253": "όνομα,πόλη,τιμή\nΓιώργος,Αθήνα,1\nΜαρία,Πάτρα,2\n",
    "cp1256": "اسم,مدينة,قيمة\nمحمد,القاهرة,1\nفاطمة,بغداد,2\n",
    "cp874": "ชื่อ,เมือง,ค่า\nสมชาย,กรุงเทพ,1\nสมหญิง,เชียงใหม่,2\n",
    "cp1252": "name,ort,wert\nMüller,Zürich,groß\nGenève,Köln,klein\nJosé,São Paulo,10 €\n",
    "latin_1": "name,ort,wert\nMüller,Zürich,groß\n",
    "utf_16": "name,n\nZürich,1\nGenève,2\n",
    "utf_16_le": "name,n\nZurich,1\nGenève,2\n",
    "utf_16_be": "name,n\nZurich,1\nGenève,2\n",
}


@pytest.mark.parametrize("after", [0, 2_000], ids=["at once", "after much ASCII"])
@pytest.mark.parametrize("codec", TEXTS)
def test_short_texts_of_real_languages_are_recognised(tmp_path: Path, codec: str, after: int) -> None:
    width = TEXTS[codec].splitlines()[0].count(",")
    text = TEXTS[codec] + ("x" + ",1" * width + "\n") * after
    (tmp_path / "t.csv").write_bytes(text.encode(codec))
    frame, notes, *_ = read_csv(tmp_path / "t.csv")
    lines = [line.split(",") for line in text.splitlines()]
    assert frame.columns == lines[0]
    assert [list(map(str, row)) for row in frame.rows()] == lines[1:]
    assert "not UTF-8" in notes[0]
    if codec not in ("utf_16",):
        assert re.fullmatch(says("sources.encoding-guessed", file="t.csv"), notes[0])


def test_utf_8_with_and_without_its_mark_needs_no_note(tmp_path: Path) -> None:
    for codec in ("utf-8", "utf-8-sig"):
        (tmp_path / "t.csv").write_bytes("größe,n\nZürich,1\n".encode(codec))
        frame, notes, *_ = read_csv(tmp_path / "t.csv")
        assert (frame.columns, notes) == (["größe", "n"], ())


@pytest.mark.parametrize("word", ["Grün", "5 °C", "50 €", "À"])
def test_a_single_accent_is_western_european(word: str) -> None:
    assert encodings.of_sample(f"a,b\n{word},1\n".encode("cp1252"), Path("t.csv")).codec == "cp1252"


@pytest.mark.parametrize("after", [0, 20_000], ids=["at once", "after much ASCII"])
def test_lines_of_two_encodings_are_each_read_in_theirs(tmp_path: Path, after: int) -> None:
    lines = ["word,n", *["x,1"] * after, "Zürich,2", "日本語,3", "crème,4", "naïve,5"]
    (tmp_path / "t.csv").write_bytes(
        b"\n".join(line.encode("cp1252" if line[-1] == "4" else "utf-8") for line in lines)
    )
    frame, notes, *_ = read_csv(tmp_path / "t.csv")
    assert frame["word"].to_list()[-4:] == ["Zürich", "日本語", "crème", "naïve"]
    assert re.fullmatch(says("sources.encoding-mixed", line=after + 4), notes[0]) and "Western European" in notes[0]


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    text = "jméno,n\nŽižka,1\nČapek,2\nDvořák,3\n"
    (tmp_path / "t.csv").write_bytes(text.encode("cp1250"))
    table = read(tmp_path / "t.csv", how=Reader("cp1250"))
    assert table.frame.rows() == [("Žižka", 1), ("Čapek", 2), ("Dvořák", 3)]
    guessed = read(tmp_path / "t.csv")
    assert guessed.fingerprint != table.fingerprint, (
        "the same bytes mean something else: what is cached of one is not the other's"
    )


def test_a_named_encoding_that_does_not_fit_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("name,n\nabc,1\nZürich,2\n".encode("cp1252"))
    with pytest.raises(DataError, match=says("sources.not-in-encoding", encoding="utf-8-sig", line=3)):
        read(tmp_path / "t.csv", how=Reader("utf-8"))


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    for name in ("utf-9", "hex"):
        with pytest.raises(UsageError, match=says("sources.no-encoding", encoding=name)):
            read(tmp_path / "t.csv", how=Reader(name))


def test_zero_bytes_name_the_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a,b\n1,2\n3,\0\n")
    with pytest.raises(DataError, match=says("sources.nul-bytes", line=3)):
        read(tmp_path / "t.csv")


PACKED = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


@pytest.mark.parametrize("suffix", PACKED)
def test_compressed_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.csv{suffix}"
    path.write_bytes(PACKED[suffix]("ort;n\nZürich;1,5\nGenève;2\n".encode("cp1252")))
    table = read(path)
    assert table.name == "t"
    assert table.frame.rows() == [("Zürich", 1.5), ("Genève", 2.0)]


@pytest.mark.parametrize("suffix", PACKED)
def test_compressed_files_that_are_cut_short(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.csv{suffix}"
    path.write_bytes(PACKED[suffix](b"a,b\n1,2\n" * 100)[:-9])
    with pytest.raises(DataError, match=says("sources.unreadable")):
        read(path)


def test_zstandard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    path = tmp_path / "t.csv.zst"
    path.write_bytes(pyarrow.compress(b"a,b\n1,x\n", codec="zstd", asbytes=True))
    assert read(path).frame.rows() == [(1, "x")]
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=says("sources.zstandard-needs-pyarrow")):
        read(path)
